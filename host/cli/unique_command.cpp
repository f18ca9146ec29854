// prorata unique: the distinct elements of a file, in memory or by way of the disk, and what is known of
// them.
#include <fmt/core.h>

#include <host/cli/command_line.hpp>
#include <host/cli/counted_values.hpp>
#include <host/cli/external_unique.hpp>
#include <host/cli/growing_array.hpp>
#include <host/cli/report.hpp>
#include <host/cli/tiles.hpp>
#include <host/io/atomic_file.hpp>
#include <host/io/npy.hpp>
#include <host/io/printable.hpp>
#include <nlohmann/json.hpp>
#include <prorata/unique.hpp>

namespace prorata::cli {

namespace {

constexpr index_t least_by_disk = index_t{16} << 20;

struct unique_outputs {
  std::string counts, index, inverse;
};

/// The distinct elements of what was read so far, ascending.
template <class T>
class distinct_so_far {
 public:
  std::vector<T> values;
  std::vector<index_t> counts, first;  // first: where it is asked for

  /// Adds those of a later chunk; first indices of earlier ones stay.
  void add(distinct_so_far const& later) {
    distinct_so_far merged;
    bool const places = !later.first.empty() || !first.empty();
    std::size_t i = 0, j = 0;
    while (i < values.size() || j < later.values.size()) {
      bool const old = i < values.size() && (j == later.values.size() || !order_(later.values[j], values[i]));
      bool const fresh =
          j < later.values.size() && (i == values.size() || !order_(values[i], later.values[j]));
      merged.values.push_back(old ? values[i] : later.values[j]);
      merged.counts.push_back((old ? counts[i] : 0) + (fresh ? later.counts[j] : 0));
      if (places) merged.first.push_back(old ? first[i] : later.first[j]);
      i += old;
      j += fresh;
    }
    *this = std::move(merged);
  }

  /// Which of the values an element is.
  index_t number_of(T const& x) const {
    T const wanted = prorata::detail::representative{}(x);
    return std::lower_bound(values.begin(), values.end(), wanted, order_) - values.begin();
  }

 private:
  total_order<T> order_;
};

/// How many distinct elements memory is for.
template <class T>
index_t most_distinct(options const& o) {
  return std::max(parse_bytes(o.memory, "--memory") / 4 / (static_cast<index_t>(sizeof(T)) + 16), 64 * tile);
}

/// f(place in the piece, key) for elements [first, last): keys of what stands for them.
template <class T, class F>
void read_keys(input const& in, index_t first, index_t last, F const& f) {
  total_order<T> const order;
  in.read_each<T>(first, last,
                  [&](index_t k, T const& x) { f(k, order.key(prorata::detail::representative{}(x))); });
}

template <class T, class U>
T element_of(U key) {
  return total_order<T>().value(static_cast<typename total_order<T>::key_type>(key));
}

/// Elements of 8 and 16 bits are counted.
template <class T>
distinct_so_far<T> count_distinct(options const& o, input const& in) {
  progress bar(o.progress, "unique", in.count() * static_cast<index_t>(sizeof(T)));
  host::stream hands(host::stream_options{.threads = o.threads});
  constexpr std::size_t values = std::size_t{1} << (8 * sizeof(T));
  auto const all = count_values(hands, in.count(), values, [&](index_t first, index_t last, auto const& put) {
    read_keys<T>(in, first, last, put);
    bar.add((last - first) * static_cast<index_t>(sizeof(T)));
  });
  distinct_so_far<T> known;
  for (std::size_t v = 0; v < values; ++v) {
    if (all.counts[v] == 0) continue;
    known.values.push_back(element_of<T>(v));
    known.counts.push_back(all.counts[v]);
    known.first.push_back(all.first[v]);
  }
  return known;
}

/// Others are sorted, as keys or, where first places are asked for, with their indices.
template <class T, class E>
class distinct_search {
  using U = wide_key<T>;
  static constexpr bool indexed = !std::is_same_v<E, U>;
  static constexpr auto size = static_cast<index_t>(sizeof(E));

 public:
  distinct_search(options const& o, session const& job, input const& in)
      : options_(o),
        in_(in),
        memory_(parse_bytes(o.memory, "--memory")),
        sorter_(open_sorter<U>(job.devices(), job.weights(), o)) {}

  /// Reads the file chunk by chunk; each is sorted by all devices and merged with what is known. Stops where
  /// more are known than memory is for.
  distinct_so_far<T> read() const {
    distinct_so_far<T> known, found;
    distinct_sink<U> sink;
    sink.keys = [&](index_t, std::span<U const> keys) {
      found.values.clear();
      for (U const key : keys) found.values.push_back(element_of<T>(key));
    };
    sink.counts = [&](index_t, std::span<index_t const> x) { found.counts.assign(x.begin(), x.end()); };
    sink.first = [&](index_t, std::span<index_t const> x) { found.first.assign(x.begin(), x.end()); };
    progress bar(options_.progress, "unique", in_.count() * size);
    index_t const chunk = distinct_work<E>::most(*sorter_, in_.count(), memory_ / 2);
    distinct_work<E> work(*sorter_, chunk, sink, options_.threads, bar);
    for (index_t begin = 0; begin < in_.count(); begin += chunk) {
      work.sort(0, std::min(chunk, in_.count() - begin),
                [&](index_t first, index_t last, E* to) { elements(begin + first, begin + last, to); });
      known.add(found);
      if (static_cast<index_t>(known.values.size()) > most_distinct<T>(options_)) break;
    }
    return known;
  }

  /// What did not fit memory, by way of the disk. Returns how many distinct elements there are.
  index_t write_by_disk(std::string const& folder, io::atomic_file& out, io::atomic_file* counts,
                        io::atomic_file* index) const {
    growing_array const values(&out, io::dtype_of<T>);
    growing_array const counted(counts, io::dtype::i64), first(index, io::dtype::i64);
    distinct_sink<U> sink;
    sink.keys = [&](index_t place, std::span<U const> keys) {
      std::vector<T> elements;
      for (U const key : keys) elements.push_back(element_of<T>(key));
      values.write(place, std::as_bytes(std::span<T const>(elements)));
    };
    if (counts)
      sink.counts = [&](index_t place, std::span<index_t const> x) {
        counted.write(place, std::as_bytes(x));
      };
    if (index)
      sink.first = [&](index_t place, std::span<index_t const> x) { first.write(place, std::as_bytes(x)); };
    progress bar(options_.progress, "unique", 3 * in_.count() * size);
    index_t const capacity = distinct_work<E>::most(*sorter_, in_.count(), memory_);
    distinct_work<E> work(*sorter_, capacity, sink, options_.threads, bar);
    element_reader<E> const read = [&](index_t first, index_t last, E* to) { elements(first, last, to); };
    sort_externally<E>(in_.count(), read, work, {folder, memory_, capacity, options_.threads}, bar);
    index_t const found = work.found();
    values.finish(found), counted.finish(found), first.finish(found);
    return found;
  }

 private:
  void elements(index_t first, index_t last, E* to) const {
    read_keys<T>(in_, first, last, [&](index_t k, U key) {
      if constexpr (indexed) {
        to[k] = {key, first + k};
      } else {
        to[k] = key;
      }
    });
  }

  options const& options_;
  input const& in_;
  index_t memory_;
  std::unique_ptr<team_sorter<U>> sorter_;
};

template <class T>
void write_array(io::atomic_file& out, std::vector<T> const& x) {
  growing_array const array(&out, io::dtype_of<T>);
  array.write(0, std::as_bytes(std::span(x)));
  array.finish(static_cast<index_t>(x.size()));
}

/// For every element, which value it is.
template <class T>
void write_inverse(session& job, io::atomic_file& out, input const& in, distinct_so_far<T> const& known) {
  auto const header = io::npy_header(io::dtype::i64, {in.count()});
  auto const data_begin = static_cast<index_t>(header.size());
  out.write(0, std::as_bytes(std::span(header.data(), header.size())));
  run_on_threads(job, "inverse", [&](piece p) {
    std::vector<index_t> numbers;
    each_tile<T>(in, p.begin, p.end, [&](T const* elements, index_t, index_t n) {
      for (index_t j = 0; j < n; ++j) numbers.push_back(known.number_of(elements[j]));
    });
    out.write(data_begin + p.begin * static_cast<index_t>(sizeof(index_t)),
              std::as_bytes(std::span(numbers)));
  });
}

}  // namespace

void unique_command(arguments const& args) {
  options o;
  unique_outputs also;
  command_line command("unique");
  command.option("inputs", o.inputs);
  command.option("-o,--output", o.output);
  command.option("--counts", also.counts);
  command.option("--index", also.index);
  command.option("--inverse", also.inverse);
  std::string folder;
  command.option("--temp", folder);
  add_device_options(command, o);
  add_raw_options(command, o);
  add_stream_options(command, o);
  command.parse(args);
  require(o.inputs.size() == 1, "unique takes one file, not " + std::to_string(o.inputs.size()));
  require(!o.output.empty(), "unique: name the output with -o FILE");
  auto const in = std::move(open_inputs(o).front());
  if (folder.empty()) folder = folder_of(o.output);

  std::vector<std::string const*> names{&o.output};
  for (auto const* name : {&also.counts, &also.index, &also.inverse})
    if (!name->empty()) names.push_back(name);
  for (std::size_t a = 0; a < names.size(); ++a)
    for (std::size_t b = 0; b < a; ++b)
      require(*names[a] != *names[b], "unique: two outputs have one name, " + io::printable(*names[a]));
  auto const open = [&](std::string const& name) {
    return name.empty() ? nullptr
                        : std::make_unique<io::atomic_file>(
                              name, std::nullopt, std::vector<io::file_identity>{in->file().identity()});
  };
  auto const out = open(o.output), counts = open(also.counts), index = open(also.index),
             inverse = open(also.inverse);

  session job(o, {in.get()}, io::size_of(in->array().type), "unique");
  auto const start = std::chrono::steady_clock::now();
  index_t const distinct = io::visit(in->array().type, [&](auto tag) {
    using T = typename decltype(tag)::type;
    auto const write_known = [&](distinct_so_far<T> const& known) {
      write_array(*out, known.values);
      if (counts) write_array(*counts, known.counts);
      if (index) write_array(*index, known.first);
      if (inverse) write_inverse(job, *inverse, *in, known);
      return static_cast<index_t>(known.values.size());
    };
    if constexpr (sizeof(T) <= 2) {
      return write_known(count_distinct<T>(o, *in));
    } else {
      auto const sort_and_write = [&]<class E>(std::type_identity<E>) {
        distinct_search<T, E> const search(o, job, *in);
        auto known = search.read();
        if (static_cast<index_t>(known.values.size()) <= most_distinct<T>(o)) return write_known(known);
        if (inverse || parse_bytes(o.memory, "--memory") < least_by_disk)
          throw out_of_memory("unique: more than " + std::to_string(most_distinct<T>(o)) +
                              " distinct elements do not fit --memory " + o.memory + "; raise it" +
                              (inverse ? ", or leave out --inverse: then they go by way of the disk"
                                       : " to 16M, and they go by way of the disk"));
        known = {};
        return search.write_by_disk(folder, *out, counts.get(), index.get());
      };
      using U = wide_key<T>;
      return index ? sort_and_write(std::type_identity<indexed_key<U>>{})
                   : sort_and_write(std::type_identity<U>{});
    }
  });
  in->file().check_unchanged();
  for (auto const* file : {&counts, &index, &inverse, &out})
    if (*file) (*file)->commit();
  job.finish();
  double const seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (o.json) {
    fmt::print("{}\n", nlohmann::json{{"op", "unique"},
                                      {"n", in->count()},
                                      {"distinct", distinct},
                                      {"dtype", io::describe(in->array().type).code},
                                      {"output", o.output},
                                      {"plan", plan_json(job.devices(), job.weights(), job.cuts())},
                                      {"seconds", seconds},
                                      {"bytes", job.bytes()}}
                           .dump());
  } else {
    fmt::print("{}: {} distinct of {} elements\n  {:.3g} s\n", io::printable(o.output), distinct, in->count(),
               seconds);
  }
}

}  // namespace prorata::cli
