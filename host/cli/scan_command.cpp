// prorata scan: running sums, products, minima and maxima of a file, written to a file.
#include <host/cli/command_line.hpp>
#include <host/cli/outputs.hpp>
#include <host/cli/print.hpp>
#include <host/cli/report.hpp>
#include <host/cli/write_elements.hpp>
#include <host/io/decoded.hpp>
#include <host/io/npy.hpp>
#include <host/io/printable.hpp>
#include <host/run/scan_forms.hpp>
#include <host/scan.hpp>
#include <nlohmann/json.hpp>
#include <prorata/elements.hpp>
#include <prorata/groups.hpp>

namespace prorata::cli {

namespace {

/// Elements that are converted, scanned and converted back while they are in cache.
constexpr index_t slice_elements = 256 * tile;
constexpr std::size_t nodes_of_slice = 62 * 4;  // at most: a slice has fewer than 32^4 elements
static_assert(slice_elements < scan_node_size(4));

struct scan_job {
  session& job;
  io::atomic_file& out;
  index_t data_begin;  // bytes of the header
  host::gpu_scan scan;
};

/// One rank's way through its slices.
template <class T>
struct scan_rank {
  std::vector<T> slice;
  running_fold<T> so_far{0, {}};
  std::vector<std::pair<int, T>> nodes;  // level and total of all that it holds, in order
  std::vector<T> fresh = std::vector<T>(nodes_of_slice);

  void append(piece p, T const* totals) {
    for (index_t at = p.begin; at < p.end;) {
      int const level = scan_node_level(at, p.end);
      nodes.emplace_back(level, *totals++);
      at += scan_node_size(level);
    }
  }
};

/// Queues slice[i − p.begin] = element i.
template <class T>
void queue_load(host::stream& s, io::file_column const& in, io::decoded<T> const& source, piece p, T* slice) {
  s.enqueue([&s, &in, &source, p, slice] {
    index_t const blocks = (p.end - p.begin + host::loop_grain - 1) / host::loop_grain;
    s.parallel(blocks, [&](index_t k) {
      index_t const begin = p.begin + k * host::loop_grain;
      index_t const end = std::min(begin + host::loop_grain, p.end);
      in.prepare(begin, end);
      source.read(begin, end - begin, slice + (begin - p.begin));
    });
  });
}

/// Queues the writing of a slice.
template <class T>
void queue_store(host::stream& s, scan_job const& j, piece p, T const* slice) {
  io::visit(j.scan.result, [&](auto tag) {
    using Stored = typename decltype(tag)::type;
    s.enqueue([&s, &j, p, slice] {
      index_t const blocks = (p.end - p.begin + host::loop_grain - 1) / host::loop_grain;
      s.parallel(blocks, [&](index_t k) {
        index_t const begin = p.begin + k * host::loop_grain;
        index_t const count = std::min(host::loop_grain, p.end - begin);
        auto const results = std::make_unique_for_overwrite<Stored[]>(static_cast<std::size_t>(count));
        for (index_t i = 0; i < count; ++i)
          results[static_cast<std::size_t>(i)] = host::stored<Stored>(slice[begin - p.begin + i]);
        j.out.write(j.data_begin + begin * static_cast<index_t>(sizeof(Stored)),
                    std::as_bytes(std::span(results.get(), static_cast<std::size_t>(count))));
      });
    });
    return 0;
  });
}

/// Calls f(slice) for the slices of a chunk.
template <class F>
void each_slice(piece chunk, F const& f) {
  for (index_t begin = chunk.begin; begin < chunk.end; begin += slice_elements)
    f(piece{begin, std::min(begin + slice_elements, chunk.end), chunk.n});
}

/// First what every rank's share comes to, where others come after it; then the scan of each share.
template <class Op>
void run(scan_job const& j) {
  using T = typename Op::value_type;
  auto const form = host::scan_form_of<Op>(j.scan.exclusive);
  io::decoded<T> const source(j.scan.source->array(), j.scan.source->data());
  auto const& cuts = j.job.cuts();
  std::vector<scan_rank<T>> ranks(static_cast<std::size_t>(cuts.ranks()));
  int last = 0;
  for (int r = 0; r < cuts.ranks(); ++r) {
    if (cuts.size(r) > 0) last = r;
    if (j.job.passes().gpu(r) == nullptr)
      ranks[static_cast<std::size_t>(r)].slice.resize(
          static_cast<std::size_t>(std::min({slice_elements, j.job.chunk(), cuts.size(r)})));
  }
  if (last > 0 && cuts.size(last) < cuts.n) {
    j.job.passes().sweep("fold", [&](host::stream& s, int r, piece chunk) {
      if (r == last) return;
      auto& mine = ranks[static_cast<std::size_t>(r)];
      if (host::gpu_rank* const gpu = j.job.passes().gpu(r))
        return s.enqueue([&s, &j, &mine, gpu, chunk] {
          gpu->scan_nodes(s, j.scan, chunk, [&](piece slot, std::byte const* totals) {
            mine.append(slot, reinterpret_cast<T const*>(totals));
          });
        });
      each_slice(chunk, [&](piece p) {
        queue_load(s, *j.scan.source, source, p, mine.slice.data());
        host::scan_nodes(s, form.op, p, element_load<identity, T>({}, p.begin, mine.slice.data()),
                         mine.fresh.data());
        s.enqueue([&mine, p] { mine.append(p, mine.fresh.data()); });
      });
    });
    running_fold<T> so_far{0, {}};
    host::canonically([&] {
      for (auto& r : ranks) {
        r.so_far = so_far;
        for (auto const& [level, total] : r.nodes) so_far.append(form.op, total, level);
      }
      return 0;
    });
  }
  j.job.passes().sweep("scan", [&](host::stream& s, int r, piece chunk) {
    auto& mine = ranks[static_cast<std::size_t>(r)];
    if (host::gpu_rank* const gpu = j.job.passes().gpu(r))
      return s.enqueue([&s, &j, &mine, gpu, chunk] {
        gpu->scan(s, j.scan, chunk, &mine.so_far, [&](piece slot, std::byte const* elements) {
          write_elements(s, j.out, j.data_begin, io::size_of(j.scan.result), slot, elements);
        });
      });
    each_slice(chunk, [&](piece p) {
      queue_load(s, *j.scan.source, source, p, mine.slice.data());
      host::scan_piece(s, form, p, element_load<identity, T>({}, p.begin, mine.slice.data()), &mine.so_far,
                       mine.slice.data());
      queue_store(s, j, p, mine.slice.data());
    });
  });
}

using operation = host::gpu_scan::operation;

/// An exclusive minimum, or maximum, begins with what no element of the output's type exceeds: it was computed
/// in 64 bits, and narrower types do not have those.
void write_first(scan_job const& j) {
  bool const least = j.scan.op == operation::least, greatest = j.scan.op == operation::greatest;
  if (!j.scan.exclusive || !(least || greatest) || j.job.cuts().n == 0) return;
  io::visit(j.scan.result, [&](auto tag) {
    using Stored = typename decltype(tag)::type;
    using T = detail::plain_type<Stored>;
    auto const first = host::stored<Stored>(least ? minimum<T>::identity() : maximum<T>::identity());
    j.out.write(j.data_begin, std::as_bytes(std::span(&first, 1)));
    return 0;
  });
}

template <class T>
void run_as(scan_job const& j) {
  switch (j.scan.op) {
    case operation::sum:
      return run<plus<T>>(j);
    case operation::product:
      return run<multiplies<T>>(j);
    case operation::least:
      return run<minimum<T>>(j);
    case operation::greatest:
      return run<maximum<T>>(j);
  }
}

operation operation_named(std::string const& name) {
  if (name == "sum") return operation::sum;
  if (name == "product") return operation::product;
  if (name == "min") return operation::least;
  if (name == "max") return operation::greatest;
  throw usage_error("scan: unknown operation '" + io::printable(name, 60) +
                    "'; there are sum product min max");
}

/// What elements are scanned as.
io::dtype wide_type(io::dtype in) {
  return io::is_floating(in) ? io::dtype::f64 : io::is_signed_integer(in) ? io::dtype::i64 : io::dtype::u64;
}

/// What comes out where nobody says: sums of integers as 64 bits, everything else as it went in.
io::dtype result_type(io::dtype in, operation op) {
  bool const as_it_went_in = io::is_floating(in) || op == operation::least || op == operation::greatest;
  return as_it_went_in ? in : wide_type(in);
}

}  // namespace

void scan_command(arguments const& args, io::job_files& files) {
  require(!args.empty() && !args.front().starts_with("-"),
          "scan: name an operation first, as in: prorata scan sum x.npy -o sums.npy");
  std::string const name = args.front() == "prod" ? "product" : args.front();
  operation const op = operation_named(name);
  options o;
  command_line command("scan");
  std::string to;
  bool raw = false, exclusive = false;
  command.option("inputs", o.inputs);
  command.option("-o,--output", o.output);
  command.option("--to", to);
  command.flag("--raw", raw);
  command.flag("--exclusive", exclusive);
  add_device_options(command, o);
  add_raw_options(command, o);
  add_stream_options(command, o);
  command.parse({args.begin() + 1, args.end()});
  require(o.inputs.size() == 1, "scan takes one file, not " + std::to_string(o.inputs.size()));
  require(!o.output.empty(), "scan: name the output with -o FILE");

  // Everything a user can get wrong is refused before the output is begun.
  auto const in = open_inputs(files, o, numbering::c_order, folder_of(o.output));
  auto const& array = in.front()->array();
  io::dtype const type = to.empty() ? result_type(array.type, op) : io::parse_dtype(to).type;
  require(!io::is_floating(array.type) || io::is_floating(type),
          "scan: --to " + std::string(io::name_of(type)) + " would cut off fractions; round with map first");
  refuse_verify(o, "scan");
  index_t const size = io::size_of(type);
  std::string const header = raw ? "" : io::npy_header(type, array.shape, array.fortran_order);
  auto const data_begin = static_cast<index_t>(header.size());
  session job(files, o, {in.front().get()}, io::size_of(array.type) + size, "scan");
  auto& out = open_output(files, o, o.output, data_begin + array.count * size);
  if (!raw) out.write(0, std::as_bytes(std::span(header.data(), header.size())));
  scan_job const work{job, out, data_begin, {in.front().get(), op, wide_type(array.type), type, exclusive}};
  if (work.scan.wide == io::dtype::f64) {
    run_as<double>(work);
  } else if (work.scan.wide == io::dtype::i64) {
    run_as<std::int64_t>(work);
  } else {
    run_as<std::uint64_t>(work);
  }
  write_first(work);
  job.finish();
  double const speed = job.seconds() > 0 ? static_cast<double>(job.bytes()) / job.seconds() / 1e9 : 0;
  if (o.json) {
    print("{}\n", nlohmann::json{{"op", "scan " + name},
                                 {"n", array.count},
                                 {"dtype", io::describe(type).code},
                                 {"order", scan_order_name},
                                 {"output", o.output},
                                 {"plan", plan_json(job.devices(), job.weights(), job.cuts(), job.loads())},
                                 {"seconds", job.seconds()},
                                 {"bytes", job.bytes()},
                                 {"gb_per_s", speed}}
                      .dump());
  } else {
    print("{}: {} of {}\n  {:.3g} s, {:.2f} GB/s read and written\n", io::printable(o.output),
          count_text(array.count, "element"), io::name_of(type), job.seconds(), speed);
  }
}

}  // namespace prorata::cli
