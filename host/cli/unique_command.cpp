// prorata unique: the distinct elements of a file, in memory or by way of the disk, and what is known of
// them.
#include <fmt/core.h>

#include <host/cli/external_unique.hpp>
#include <host/cli/growing_array.hpp>
#include <host/cli/parse.hpp>
#include <host/cli/report.hpp>
#include <host/cli/tiles.hpp>
#include <host/io/atomic_file.hpp>
#include <host/io/npy.hpp>
#include <nlohmann/json.hpp>
#include <prorata/unique.hpp>

namespace prorata::cli {

namespace {

constexpr index_t least_by_disk = index_t{16} << 20;

struct unique_outputs {
  std::string counts, index, inverse;
};

template <class T>
std::vector<T> on_host(distributed_array<T, host::stream> const& x) {
  std::vector<T> result(static_cast<std::size_t>(x.size()));
  copy_out(x, std::span<T>(result));
  return result;
}

/// The distinct elements of what was read so far, ascending.
template <class T>
class distinct_so_far {
 public:
  std::vector<T> values;
  std::vector<index_t> counts, first;  // first: where it is asked for

  /// Adds those of a later chunk that begins at element `begin`; first indices of earlier ones stay.
  void add(std::vector<T> const& new_values, std::vector<index_t> const& new_counts,
           std::vector<index_t> const& new_first, index_t begin) {
    distinct_so_far merged;
    bool const places = !new_first.empty() || !first.empty();
    std::size_t i = 0, j = 0;
    while (i < values.size() || j < new_values.size()) {
      bool const old = i < values.size() && (j == new_values.size() || !order_(new_values[j], values[i]));
      bool const fresh = j < new_values.size() && (i == values.size() || !order_(values[i], new_values[j]));
      merged.values.push_back(old ? values[i] : new_values[j]);
      merged.counts.push_back((old ? counts[i] : 0) + (fresh ? new_counts[j] : 0));
      if (places) merged.first.push_back(old ? first[i] : begin + new_first[j]);
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

/// Reads the file chunk by chunk; each is sorted by the team and merged with what is known. Stops where more
/// are known than memory is for.
template <class T>
distinct_so_far<T> read_distinct(session& job, options const& o, input const& in, bool places) {
  constexpr auto size = static_cast<index_t>(sizeof(T));
  index_t const budget = parse_bytes(o.memory, "--memory");
  // A chunk, its copy, room for sorting, and its runs; with indices and room for sorting them.
  index_t const chunk = std::max(budget / 2 / (5 * size + (places ? 40 : 16)), 64 * tile);
  distinct_so_far<T> known;
  auto const& team = job.team();
  for (index_t begin = 0; begin < in.count(); begin += chunk) {
    index_t const n = std::min(chunk, in.count() - begin);
    distributed_array<T, host::stream> x(team, partition_by_weights(n, job.weights()));
    for (auto const& p : x.parts())
      p.stream->enqueue([&s = *p.stream, &in, p, begin] {
        constexpr index_t grain = 32 * tile;
        s.parallel((p.size + grain - 1) / grain, [&](index_t k) {
          index_t const from = p.begin + k * grain, to = std::min(from + grain, p.end());
          in.prepare(begin + from, begin + to);
          auto* const out = reinterpret_cast<std::byte*>(p.data + (from - p.begin));
          std::memcpy(out, in.data() + (begin + from) * size, static_cast<std::size_t>((to - from) * size));
          if (in.array().swapped) io::swap_bytes(out, to - from, size);
          in.release(begin + from, begin + to);
        });
      });
    if (places) {
      auto const found = unique_index(x);
      known.add(on_host(found.values), on_host(found.counts), on_host(found.first), begin);
    } else {
      auto const found = unique_counts(x);
      known.add(on_host(found.values), on_host(found.lengths), {}, begin);
    }
    if (static_cast<index_t>(known.values.size()) > most_distinct<T>(o)) break;
  }
  team.sync();
  in.file().check_unchanged();
  return known;
}

/// What did not fit memory, by way of the disk. Returns how many distinct elements there are.
template <class T>
index_t write_by_disk(session& job, options const& o, std::string const& folder, input const& in,
                      io::atomic_file& out, io::atomic_file* counts, io::atomic_file* index) {
  using U = wide_key<T>;
  using key = typename total_order<T>::key_type;
  total_order<T> const order;
  index_t const n = in.count();
  growing_array const values(&out, io::dtype_of<T>);
  growing_array const counted(counts, io::dtype::i64), first(index, io::dtype::i64);
  distinct_sink<U> sink;
  sink.keys = [&](index_t place, std::span<U const> keys) {
    std::vector<T> elements;
    for (U const k : keys) elements.push_back(order.value(static_cast<key>(k)));
    values.write(place, std::as_bytes(std::span<T const>(elements)));
  };
  if (counts)
    sink.counts = [&](index_t place, std::span<index_t const> x) { counted.write(place, std::as_bytes(x)); };
  if (index)
    sink.first = [&](index_t place, std::span<index_t const> x) { first.write(place, std::as_bytes(x)); };
  element_reader<U> const read = [&](index_t from, index_t to, U* keys) {
    in.read_each<T>(
        from, to, [&](index_t k, T const& x) { keys[k] = order.key(prorata::detail::representative{}(x)); });
  };
  index_t const memory = parse_bytes(o.memory, "--memory");
  progress bar(o.progress, "unique",
               3 * n * static_cast<index_t>(index ? sizeof(indexed_key<U>) : sizeof(U)));
  index_t const found =
      unique_externally<U>(job.team(), job.weights(), n, read, sink, {folder, memory, 0, o.threads}, bar);
  in.file().check_unchanged();
  values.finish(found), counted.finish(found), first.finish(found);
  return found;
}

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
  CLI::App command("", "unique");
  command.add_option("inputs", o.inputs);
  command.add_option("-o,--output", o.output);
  command.add_option("--counts", also.counts);
  command.add_option("--index", also.index);
  command.add_option("--inverse", also.inverse);
  std::string folder;
  command.add_option("--temp", folder);
  add_device_options(command, o);
  add_raw_options(command, o);
  add_stream_options(command, o);
  parse(command, args);
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
    auto known = read_distinct<T>(job, o, *in, index != nullptr);
    if (static_cast<index_t>(known.values.size()) > most_distinct<T>(o)) {
      if (inverse || parse_bytes(o.memory, "--memory") < least_by_disk)
        throw out_of_memory("unique: more than " + std::to_string(most_distinct<T>(o)) +
                            " distinct elements do not fit --memory " + o.memory + "; raise it" +
                            (inverse ? ", or leave out --inverse: then they go by way of the disk"
                                     : " to 16M, and they go by way of the disk"));
      if constexpr (sizeof(T) > 2) {
        known = {};
        return write_by_disk<T>(job, o, folder, *in, *out, counts.get(), index.get());
      }
    }
    write_array(*out, known.values);
    if (counts) write_array(*counts, known.counts);
    if (index) write_array(*index, known.first);
    if (inverse) write_inverse(job, *inverse, *in, known);
    return static_cast<index_t>(known.values.size());
  });
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
