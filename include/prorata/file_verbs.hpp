// Verbs over arrays in files: what they read is never in memory as a whole, and no result depends on how it was cut.
#pragma once

#include <array>
#include <cstring>
#include <host/algorithms/binning.hpp>
#include <host/algorithms/group_file.hpp>
#include <host/algorithms/scan_column.hpp>
#include <host/algorithms/select_column.hpp>
#include <host/algorithms/selection.hpp>
#include <host/algorithms/sort_file.hpp>
#include <host/algorithms/team_sorter.hpp>
#include <host/algorithms/unique_file.hpp>
#include <host/run/file_output.hpp>
#include <limits>
#include <mutex>
#include <optional>
#include <prorata/file_array.hpp>
#include <prorata/group_by.hpp>
#include <prorata/histogram.hpp>
#include <prorata/scan.hpp>
#include <prorata/select.hpp>
#include <prorata/stored_result.hpp>
#include <prorata/topk.hpp>
#include <span>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace prorata {

/// As nth_elements of arrays in memory; quantiles(), quantile() and median() ask it.
///   cost    reads of the file: two as a rule, ⌈bits / 11⌉ at most
///   memory  run_options of the array; a quarter of it holds keys
template <class T>
std::vector<T> nth_elements(file_array<T> const& x, std::vector<index_t> const& places,
                            direction d = direction::ascending) {
  for (index_t const place : places)
    require(0 <= place && place < x.size(), "nth_elements: place " + std::to_string(place) +
                                                " lies outside an array of " + std::to_string(x.size()));
  detail::refuse_verification(x, "nth_elements");
  if (places.empty()) return {};
  detail::file_run files(x);
  auto const source = host::keys_as<T>(x.column(), d);
  total_order<T> const order(d);
  std::vector<T> found;
  for (auto const key : host::keys_at(files.passes, *source, d, places, x.options().memory))
    found.push_back(order.value(static_cast<typename total_order<T>::key_type>(key)));
  return found;
}

/// As topk of arrays in memory.
///   cost    two or three reads of the file as a rule
///   memory  run_options of the array, of which a quarter holds candidates; and the k elements
template <class T>
top_elements<T> topk(file_array<T> const& x, index_t k, direction d = direction::descending) {
  require(k >= 0, "topk: a count is not negative");
  detail::refuse_verification(x, "topk");
  top_elements<T> found;
  k = std::min(k, x.size());
  if (k == 0) return found;
  detail::file_run files(x);
  auto const source = host::keys_as<T>(x.column(), d);
  total_order<T> const order(d);
  for (auto const& one : host::least_keys(files.passes, *source, d, k, x.options().memory)) {
    found.values.push_back(order.value(static_cast<typename total_order<T>::key_type>(one.key)));
    found.indices.push_back(one.index);
  }
  return found;
}

/// As histogram of arrays in memory, which has the forms of `edges` for files, too: a number of bins, even ones, or
/// edges.
///   cost  one read of the file; one more where the bins are over what the elements span
template <class T>
histogram_counts histogram(file_array<T> const& x, bin_edges const& edges) {
  using X = std::conditional_t<std::is_same_v<T, float>, float, double>;
  detail::refuse_verification(x, "histogram");
  detail::file_run files(x);
  return detail::histogram_of(edges, host::counts_in_bins<X>(files.passes, x.column(), edges.rule()));
}

namespace detail {

/// What a file stores of results of type R.
template <class R>
using stored_as = std::conditional_t<std::is_same_v<R, bool>, boolean8, R>;

/// f of the elements of files, a tile at a time, on one thread.
template <class R, class F, class... X>
class file_transform {
 public:
  explicit file_transform(F const& f, file_array<X> const&... x) : load_(f, x.column()...) {}

  /// to[i − p.begin] = f(x[i], …)
  void operator()(piece p, R* to) const {
    typename host::file_load<F, X...>::room room;
    for (index_t first = p.begin; first < p.end;) {
      index_t last = p.end;
      auto const block = load_.block(first, last, room);
      for (index_t i = first; i < last; ++i) to[i - p.begin] = stored_result<R>(block(i));
      first = last;
    }
  }

 private:
  host::file_load<F, X...> load_;
};

template <class F, class... X>
using result_in_files = std::remove_cvref_t<std::invoke_result_t<F const&, X const&...>>;

}  // namespace detail

/// Writes f(x[i], more[i], …) for every i to a .npy file, in the shape of x.
///   type    what f returns, and bool as booleans; with one NaN, as in arrays
///   cost    one read of each file, one write
///   memory  32 tiles of results a thread, beside run_options of x
///   waits   until the file is on disk under its name, where nothing is if this throws
///   verify  chunks that another rank computes again have the same bytes, or device_error is thrown
///   throws  usage_error (another team or partition; `path` is one of the files that are read), input_error,
///           out_of_memory (also of the disk), device_error; what f throws
///   example transform("degrees.npy", [](double k) { return k - 273.15; }, open<double>("kelvin.npy"))
template <class F, class T, class... U>
void transform(std::string const& path, F f, file_array<T> const& x, file_array<U> const&... more) {
  using R = detail::stored_as<detail::result_in_files<F, T, U...>>;
  detail::file_run files(x, more...);
  host::file_output output(path, {&x.column(), &more.column()...}, files.passes.processes());
  auto const& out = output.begin(io::dtype_of<R>, x.shape());
  detail::file_transform<R, F, T, U...> const made(f, x, more...);
  auto const results = [&](piece p) {
    std::vector<R> all(static_cast<std::size_t>(p.end - p.begin));
    made(p, all.data());
    return all;
  };
  files.passes.run("transform", [&](piece p) {
    auto const all = results(p);
    out.write(p.begin, std::as_bytes(std::span(all)));
  });
  files.passes.verify([&](piece p) {
    std::vector<R> written(static_cast<std::size_t>(p.end - p.begin));
    out.read(p.begin, std::as_writable_bytes(std::span(written)));
    auto const again = results(p);
    if (std::memcmp(written.data(), again.data(), written.size() * sizeof(R)) != 0)
      throw files.passes.disagreement(p);
  });
  output.publish();
}

namespace detail {

/// Scans x into a file: inclusive, with an initial value if there is one, or exclusive.
template <class T, class Op, class I>
void scan_to_file(std::string const& path, file_array<T> const& x, Op const& op, std::optional<I> init,
                  bool exclusive) {
  auto const operation = scan_operation<T>(op);
  using O = std::remove_const_t<decltype(operation)>;
  using V = typename O::value_type;
  static_assert(!counted<O>, "operations that are told how many elements they fold have no scan");
  refuse_verification(x, "inclusive_scan and exclusive_scan");
  scan_form<O> const form{operation, init ? static_cast<V>(*init) : V{}, init.has_value(), exclusive};
  file_run files(x);
  host::file_output output(path, {&x.column()}, files.passes.processes());
  auto const& out = output.begin(io::dtype_of<V>, x.shape());
  file_transform<V, identity, T> const load(identity{}, x);
  host::scan_column(files.passes, form, load, [&](piece p, V const* results) {
    out.write(p.begin, std::as_bytes(std::span(results, static_cast<std::size_t>(p.end - p.begin))));
  });
  output.publish();
}

}  // namespace detail

/// Writes x[0] ∘ … ∘ x[i] for every i to a .npy file of the operation's type, in the shape of x; the bits are those of
/// inclusive_scan in memory.
///   cost    one write; one read, and another one by all ranks but the last
///   memory  256 tiles of results a rank, beside run_options of x
///   waits, throws  as transform
template <class T, class Op>
void inclusive_scan(std::string const& path, Op const& op, file_array<T> const& x) {
  detail::scan_to_file(path, x, op, std::optional<T>{}, false);
}
template <class T, class Op, class I>
void inclusive_scan(std::string const& path, Op const& op, file_array<T> const& x, I init) {
  detail::scan_to_file(path, x, op, std::optional(init), false);
}

/// Writes init, and op(init, x[0] ∘ … ∘ x[i − 1]) for every other i.
template <class T, class Op, class I>
void exclusive_scan(std::string const& path, Op const& op, file_array<T> const& x, I init) {
  detail::scan_to_file(path, x, op, std::optional(init), true);
}

namespace detail {

/// Asks a predicate about files, and writes what it keeps with write(kept elements, run, sink); how many.
template <class S, class P, class Write, class T, class... U>
index_t select_to_file(std::string const& path, P const& predicate, Write const& write,
                       file_array<T> const& x, file_array<U> const&... more) {
  refuse_verification(x, "copy_if and indices_where");
  file_run files(x, more...);
  host::file_output output(path, {&x.column(), &more.column()...}, files.passes.processes());
  file_transform<unsigned char, holds<P>, T, U...> const ask(holds<P>{predicate}, x, more...);
  host::kept_elements kept(ask, x.size(), x.options().memory);
  index_t const count = kept.count(files.passes);
  write(kept, files.passes, output.begin(io::dtype_of<S>, std::vector<index_t>{count}));
  output.publish();
  return count;
}

}  // namespace detail

/// Writes the elements x[i] for which predicate(x[i], more[i], …) holds to a .npy file of one dimension, in order;
/// returns how many there are.
///   cost    two reads of x, one of the others, or two where memory does not hold a bit for each element
///   memory  run_options of x: 2 bytes for each 1024 elements at least
///   waits, throws  as transform
template <class P, class T, class... U>
index_t copy_if(std::string const& path, file_array<T> const& x, P predicate, file_array<U> const&... more) {
  io::decoded<T> const elements(x.column().array());
  return detail::select_to_file<T>(
      path, predicate,
      [&](host::kept_elements const& kept, host::chunked_run& run, io::array_sink const& out) {
        kept.write<T>(
            run, x.column(),
            [&](std::byte const* stored, index_t n, T* room) { return elements.of(stored, n, room); }, out);
      },
      x, more...);
}

/// The same of the indices i, as int64.
template <class P, class T, class... U>
index_t indices_where(std::string const& path, file_array<T> const& x, P predicate,
                      file_array<U> const&... more) {
  return detail::select_to_file<std::int64_t>(
      path, predicate,
      [&](host::kept_elements const& kept, host::chunked_run& run, io::array_sink const& out) {
        kept.write_indices(run, out);
      },
      x, more...);
}

namespace detail {

/// How a sort of x uses the machine; temporary files lie beside `path`, unless the options say where.
template <class T>
host::file_sort_limits sort_limits(file_array<T> const& x, std::string const& path) {
  refuse_verification(x, "sort, argsort, unique and group_by");
  if (x.options().memory < index_t{16} << 20)
    throw out_of_memory("run_options::memory: sorting and grouping files need at least 16 MiB");
  auto const slash = path.rfind('/');
  auto const beside = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  auto const& wanted = x.options().temporary_folder;
  int threads = 1;
  for (auto const& s : x.team().streams()) threads = std::max(threads, s.threads());
  return {wanted.empty() ? beside : wanted, x.options().memory, threads};
}

/// A sorter of keys on this process's ranks of x, each with the weight of its share.
template <class T>
auto sorter_of(file_array<T> const& x) {
  auto const& team = x.team();
  std::vector<double> weights;
  for (int rank = team.first_local_rank(); std::ssize(weights) < team.local_ranks(); ++rank)
    weights.push_back(static_cast<double>(x.partition().size(rank)));
  if (std::count(weights.begin(), weights.end(), 0.0) == std::ssize(weights))
    weights.assign(weights.size(), 1);
  return host::host_sorter<host::wide_key<T>>({std::move(weights), {}}, host::local_part(team));
}

/// Writes n elements of type S that `sorts` makes of the keys of x: sort_file or argsort_file.
template <class S, class T, class Sort>
void sort_to_file(std::string const& path, file_array<T> const& x, direction d, Sort const& sorts) {
  auto limits = sort_limits(x, path);
  host::processes const of(x.team());
  limits.shares = {of, x.partition(), x.team().first_local_rank(), x.team().local_ranks()};
  host::file_output output(path, {&x.column()}, of);
  auto& observer = observer_of(x.options());
  sorts(*host::keys_as<T>(x.column(), d), *sorter_of(x),
        output.begin(io::dtype_of<S>, std::vector<index_t>{x.size()}), limits, observer);
  observer.ends();
  of.together([&] { x.column().file().check_unchanged(); });
  output.publish();
}

}  // namespace detail

/// Writes the elements of x in order to a .npy file of one dimension.
///   order   as sort of arrays in memory: total_order<T>
///   cost    one read and one write, where run_options::memory holds about three times the keys; else two of each:
///           spilled to disk
///   memory  run_options of x, 16 MiB at least
///   disk    beside the output: where memory is short, as many bytes as x has
///   waits, throws  as transform
template <class T>
void sort(std::string const& path, file_array<T> const& x, direction d = direction::ascending) {
  detail::sort_to_file<T>(path, x, d, [](auto&... with) { host::sort_file(with...); });
}

/// Writes, as int64, the indices of the elements of x in order; equal elements by their indices, lowest first.
template <class T>
void argsort(std::string const& path, file_array<T> const& x, direction d = direction::ascending) {
  detail::sort_to_file<std::int64_t>(path, x, d, [](auto&... with) { host::argsort_file(with...); });
}

/// Writes the distinct elements of x, ascending, to a .npy file of one dimension; returns how many there are.
///   order   as unique of arrays in memory: one zero, one NaN, last
///   cost, memory, disk  as sort; where few elements are distinct, nothing is spilled
///   waits, throws  as transform
template <class T>
index_t unique(std::string const& path, file_array<T> const& x) {
  auto const limits = detail::sort_limits(x, path);
  detail::file_run files(x);
  auto const& all = files.passes.processes();
  host::file_output output(path, {&x.column()}, files.passes.processes());
  auto& values = output.begin_growing(io::dtype_of<T>);
  io::array_sink const unwanted(io::dtype::i64);
  auto const source = host::keys_as<T>(x.column(), direction::ascending, host::alike::equal);
  index_t const count =
      host::unique_file(files.passes, *source, *detail::sorter_of(x), {values, unwanted, unwanted}, limits);
  values.finish(count);
  all.together([&] { x.column().file().check_unchanged(); });
  output.publish();
  return count;
}

/// Groups the rows of two files by key, as group_by of arrays in memory; the groups lie in memory, in equal shares
/// over the team of the keys.
///   cost    one read of each file; rows and sums that do not fit memory are written to disk and read again
///   memory  run_options of the keys, 16 MiB at least, beside what the groups take
///   disk    in run_options::temporary_folder, or the working folder: up to 16 bytes a row
///   throws  as group_by, and input_error, device_error
template <class K, class V>
grouped<K, V, host::stream> group_by(file_array<K> const& keys, file_array<V> const& values, aggregate wanted,
                                     std::int64_t ddof = 0) {
  auto const plan = detail::plan_of<V>(wanted, ddof);
  auto const limits = detail::sort_limits(keys, "");
  detail::file_run files(keys, values);
  constexpr std::size_t columns = std::tuple_size_v<host::group_column_words>;
  std::array<std::vector<std::uint64_t>, columns> words;
  index_t first = std::numeric_limits<index_t>::max();  // of this process's groups
  std::mutex taking;
  auto const outcome = host::group_file(
      files.passes, host::file_rows::as<K, V>(keys.column(), values.column()), plan, limits,
      [&](index_t place, host::group_column_words const& some) {
        std::lock_guard const lock(taking);
        first = std::min(first, place);
        for (std::size_t c = 0; c < columns; ++c) {
          words[c].resize(std::max(words[c].size(), static_cast<std::size_t>(place) + some[c].size()));
          std::copy(some[c].begin(), some[c].end(), words[c].begin() + place);
        }
      });
  auto const& team = keys.team();
  std::vector<double> const equal(static_cast<std::size_t>(team.ranks()), 1.0);
  auto const cuts = partition_by_weights(outcome.groups, equal), none = partition_by_weights(0, equal);
  auto const column = [&]<class T, class Convert>(group_column which, bool asked, Convert convert, T) {
    distributed_array<T, host::stream> out(team, asked ? cuts : none);
    if (asked) {
      std::vector<T> elements;
      auto& mine = words[static_cast<std::size_t>(which)];  // from the first of this process's groups on
      mine.erase(mine.begin(), mine.begin() + std::min(first, std::ssize(mine)));
      for (auto const word : files.passes.processes().gather(std::move(mine)))
        elements.push_back(convert(word));
      copy_in(out, std::span<T const>(elements));
    }
    return out;
  };
  using sum = group_sum_type<V>;
  return {column(group_column::key, true, detail::word_to_key<K>{}, K{}),
          column(group_column::count, true, detail::word_to_bits<index_t>{}, index_t{}),
          column(group_column::sum, asks(wanted, aggregate::sum), detail::word_to_bits<sum>{}, sum{}),
          column(group_column::mean, asks(wanted, aggregate::mean), detail::word_to_bits<double>{}, double{}),
          column(group_column::variance, asks(wanted, aggregate::variance), detail::word_to_bits<double>{},
                 double{}),
          column(group_column::least, asks(wanted, aggregate::min), detail::word_to_value<V>{}, V{}),
          column(group_column::greatest, asks(wanted, aggregate::max), detail::word_to_value<V>{}, V{})};
}

}  // namespace prorata
