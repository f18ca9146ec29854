// prorata unique: the distinct elements of a file, in memory or by way of the disk, and what is known of
// them.
#include <host/cli/command_line.hpp>
#include <host/cli/counted_values.hpp>
#include <host/cli/external_unique.hpp>
#include <host/cli/limits.hpp>
#include <host/cli/outputs.hpp>
#include <host/cli/print.hpp>
#include <host/cli/report.hpp>
#include <host/cli/tiles.hpp>
#include <host/io/array_sink.hpp>
#include <host/io/printable.hpp>
#include <host/io/spill.hpp>
#include <nlohmann/json.hpp>
#include <prorata/unique.hpp>

namespace prorata::cli {

namespace {

constexpr index_t least_by_disk = index_t{16} << 20;

struct unique_outputs {
  std::string counts, index, inverse;
};

/// The distinct keys of what was read so far, ascending.
template <class U>
class distinct_so_far {
 public:
  std::vector<U> keys;
  std::vector<index_t> counts, first;  // first: where it is asked for

  index_t size() const { return static_cast<index_t>(keys.size()); }

  /// Adds those of a later chunk; first indices of earlier ones stay.
  void add(distinct_so_far&& later) {
    if (keys.empty()) {
      *this = std::move(later);
      return;
    }
    distinct_so_far merged;
    bool const places = !later.first.empty() || !first.empty();
    std::size_t i = 0, j = 0;
    while (i < keys.size() || j < later.keys.size()) {
      bool const old = i < keys.size() && (j == later.keys.size() || keys[i] <= later.keys[j]);
      bool const fresh = j < later.keys.size() && (i == keys.size() || later.keys[j] <= keys[i]);
      merged.keys.push_back(old ? keys[i] : later.keys[j]);
      merged.counts.push_back((old ? counts[i] : 0) + (fresh ? later.counts[j] : 0));
      if (places) merged.first.push_back(old ? first[i] : later.first[j]);
      i += old;
      j += fresh;
    }
    *this = std::move(merged);
  }
};

/// Keys of 8 and 16 bits are counted.
distinct_so_far<std::uint32_t> count_distinct(options const& o, index_t n,
                                              host::key_source<std::uint32_t> const& source) {
  index_t const size = source.bits() / 8;
  progress bar(o.progress, "unique", n * size);
  host::stream hands(host::stream_options{.threads = threads_of(o)});
  auto const all = count_values(hands, n, source, [&](index_t read) { bar.add(read * size); });
  distinct_so_far<std::uint32_t> known;
  for (std::size_t v = 0; v < all.counts.size(); ++v) {
    if (all.counts[v] == 0) continue;
    known.keys.push_back(static_cast<std::uint32_t>(v));
    known.counts.push_back(all.counts[v]);
    known.first.push_back(all.first[v]);
  }
  return known;
}

/// Others are sorted. E: the key, or with its index where first places are asked for.
template <class E>
class distinct_search {
  using U = key_type_of<E>;
  static constexpr auto size = static_cast<index_t>(sizeof(E));

 public:
  distinct_search(options const& o, session const& job, index_t n, host::key_source<U> const& source)
      : options_(o),
        n_(n),
        source_(source),
        memory_(parse_bytes(o.memory, "--memory")),
        sorter_(open_sorter<U>(job.devices(), job.weights(), o)) {}

  /// How many distinct elements memory is for.
  index_t most() const { return std::max(memory_ / 4 / (source_.bits() / 8 + 16), 64 * tile); }

  /// Reads the file chunk by chunk; each is sorted by all devices and merged with what is known. Stops where
  /// more are known than memory is for.
  distinct_so_far<U> read() const {
    distinct_so_far<U> known, found;
    distinct_sink<U> sink;
    sink.keys = [&](index_t, std::span<U const> x) { found.keys.assign(x.begin(), x.end()); };
    sink.counts = [&](index_t, std::span<index_t const> x) { found.counts.assign(x.begin(), x.end()); };
    sink.first = [&](index_t, std::span<index_t const> x) { found.first.assign(x.begin(), x.end()); };
    progress bar(options_.progress, "unique", n_ * size);
    index_t const chunk = distinct_work<E>::most(*sorter_, n_, memory_ / 2);
    distinct_work<E> work(*sorter_, chunk, sink, threads_of(options_), bar);
    auto const elements = reader_of<E>(source_);
    for (index_t begin = 0; begin < n_; begin += chunk) {
      work.sort(0, std::min(chunk, n_ - begin),
                [&](index_t first, index_t last, E* to) { elements(begin + first, begin + last, to); });
      known.add(std::move(found));
      if (known.size() > most()) break;
    }
    return known;
  }

  /// What did not fit memory, by way of the disk. Returns how many distinct elements there are.
  index_t write_by_disk(std::string const& folder, io::array_sink const& values, io::array_sink const& counts,
                        io::array_sink const& first) const {
    distinct_sink<U> sink;
    sink.keys = [&](index_t place, std::span<U const> x) { values.write(place, source_.elements(x)); };
    sink.counts = [&](index_t place, std::span<index_t const> x) { counts.write(place, std::as_bytes(x)); };
    sink.first = [&](index_t place, std::span<index_t const> x) { first.write(place, std::as_bytes(x)); };
    progress bar(options_.progress, "unique", 3 * n_ * size);
    index_t const capacity = distinct_work<E>::most(*sorter_, n_, memory_);
    distinct_work<E> work(*sorter_, capacity, sink, threads_of(options_), bar);
    sort_externally<E>(n_, reader_of<E>(source_), work, {folder, memory_, capacity, threads_of(options_)},
                       bar);
    return work.found();
  }

 private:
  options const& options_;
  index_t n_;
  host::key_source<U> const& source_;
  index_t memory_;
  std::unique_ptr<team_sorter<U>> sorter_;
};

/// For every element, which of the known it is.
template <class U>
void write_inverse(session& job, io::atomic_file& out, index_t n, host::key_source<U> const& source,
                   std::vector<U> const& known) {
  io::array_sink const numbers_of(out, io::dtype::i64, {n});
  job.passes().run("inverse", [&](piece p) {
    std::vector<index_t> numbers;
    numbers.reserve(static_cast<std::size_t>(p.end - p.begin));
    source.each_block(p.begin, p.end, [&](U const* keys, index_t, index_t size) {
      for (index_t j = 0; j < size; ++j)
        numbers.push_back(std::lower_bound(known.begin(), known.end(), keys[j]) - known.begin());
    });
    numbers_of.write(p.begin, std::as_bytes(std::span(numbers)));
  });
}

}  // namespace

void unique_command(arguments const& args, io::job_files& files) {
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
  refuse_verify(o, "unique");
  require(o.inputs.size() == 1, "unique takes one file, not " + std::to_string(o.inputs.size()));
  require(!o.output.empty(), "unique: name the output with -o FILE");
  if (!folder.empty()) io::spill{folder};  // a bad name must not cost a job
  if (folder.empty()) folder = folder_of(o.output);
  bool const numbered = !also.index.empty() || !also.inverse.empty();
  auto const in =
      std::move(open_inputs(files, o, numbered ? numbering::c_order : numbering::any, folder).front());

  auto const open = [&](std::string const& name) {
    return name.empty() ? nullptr : &open_output(files, o, name);
  };
  auto* const out = open(o.output);
  auto *const counts = open(also.counts), *const index = open(also.index),
              *const inverse = open(also.inverse);

  session job(files, o, {in.get()}, io::size_of(in->array().type), "unique");
  auto const growing = [](io::atomic_file* file, io::dtype type) {
    return file != nullptr ? io::array_sink(*file, type, {0}) : io::array_sink(type);
  };
  auto values = growing(out, in->array().type), counted = growing(counts, io::dtype::i64),
       first = growing(index, io::dtype::i64);
  index_t const n = in->count();
  auto const find = [&]<class U>(host::key_source<U> const& source) {
    auto const write_known = [&](distinct_so_far<U> const& known) {
      constexpr std::size_t block = 1 << 14;
      for (std::size_t k = 0; k < known.keys.size(); k += block)
        values.write(
            static_cast<index_t>(k),
            source.elements(std::span(known.keys).subspan(k, std::min(block, known.keys.size() - k))));
      counted.write(0, std::as_bytes(std::span(known.counts)));
      first.write(0, std::as_bytes(std::span(known.first)));
      if (inverse) write_inverse(job, *inverse, n, source, known.keys);
      return known.size();
    };
    auto const sort_and_write = [&]<class E>(std::type_identity<E>) {
      distinct_search<E> const search(o, job, n, source);
      auto known = search.read();
      if (known.size() <= search.most()) return write_known(known);
      if (inverse || parse_bytes(o.memory, "--memory") < least_by_disk)
        throw out_of_memory("unique: more than " + std::to_string(search.most()) +
                            " distinct elements do not fit --memory " + o.memory + "; raise it" +
                            (inverse ? ", or leave out --inverse: then they go by way of the disk"
                                     : " to 16M, and they go by way of the disk"));
      known = {};
      return search.write_by_disk(folder, values, counted, first);
    };
    if constexpr (sizeof(U) == 4)
      if (source.bits() <= 16) return write_known(count_distinct(o, n, source));
    return index ? sort_and_write(std::type_identity<indexed_key<U>>{})
                 : sort_and_write(std::type_identity<U>{});
  };
  index_t const distinct = host::with_keys(*in, direction::ascending, host::alike::equal, find);
  values.finish(distinct), counted.finish(distinct), first.finish(distinct);
  in->file().check_unchanged();
  job.finish();
  files.prepare();
  double const seconds = job.seconds();
  if (o.json) {
    print("{}\n", nlohmann::json{{"op", "unique"},
                                 {"n", in->count()},
                                 {"distinct", distinct},
                                 {"dtype", io::describe(in->array().type).code},
                                 {"output", o.output},
                                 {"plan", plan_json(job.devices(), job.weights(), job.cuts())},
                                 {"seconds", seconds},
                                 {"bytes", job.bytes()}}
                      .dump());
  } else {
    print("{}: {} distinct of {}\n  {:.3g} s\n", io::printable(o.output), distinct,
          count_text(in->count(), "element"), seconds);
  }
}

}  // namespace prorata::cli
