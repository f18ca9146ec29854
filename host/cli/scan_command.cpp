// prorata scan: running sums, products, minima and maxima of a file, written to a file.
#include <host/algorithms/scan_column.hpp>
#include <host/cli/command_line.hpp>
#include <host/cli/outputs.hpp>
#include <host/cli/print.hpp>
#include <host/cli/report.hpp>
#include <host/io/decoded.hpp>
#include <host/io/printable.hpp>
#include <host/run/scan_forms.hpp>
#include <nlohmann/json.hpp>
#include <prorata/groups.hpp>

namespace prorata::cli {

namespace {

struct scan_job {
  session& job;
  io::array_sink const& out;
  host::gpu_scan scan;
};

template <class Op>
void run(scan_job const& j) {
  using T = typename Op::value_type;
  auto const& column = *j.scan.source;
  io::decoded<T> const source(column.array(), column.data());
  auto const load = [&](piece p, T* to) {
    column.prepare(p.begin, p.end);
    source.read(p.begin, p.end - p.begin, to);
  };
  io::visit(j.out.type(), [&](auto tag) {
    using Stored = typename decltype(tag)::type;
    auto const store = [&](piece p, T const* results) {
      auto const elements =
          std::make_unique_for_overwrite<Stored[]>(static_cast<std::size_t>(p.end - p.begin));
      for (index_t i = 0; i < p.end - p.begin; ++i)
        elements[static_cast<std::size_t>(i)] = host::stored<Stored>(results[i]);
      j.out.write(p.begin,
                  std::as_bytes(std::span(elements.get(), static_cast<std::size_t>(p.end - p.begin))));
    };
    std::function<void(piece, T const*)> const stored = store;  // one scan for all types of files
    host::scan_column(j.job.passes(), host::scan_form_of<Op>(j.scan.exclusive), load, stored, &j.scan,
                      &j.out);
    return 0;
  });
}

using operation = host::gpu_scan::operation;

/// An exclusive minimum, or maximum, begins with what no element of the output's type exceeds: it was computed
/// in 64 bits, and narrower types do not have those.
void write_first(scan_job const& j) {
  bool const least = j.scan.op == operation::least, greatest = j.scan.op == operation::greatest;
  if (!j.scan.exclusive || !(least || greatest) || j.job.cuts().n == 0) return;
  io::visit(j.out.type(), [&](auto tag) {
    using Stored = typename decltype(tag)::type;
    using T = detail::plain_type<Stored>;
    auto const first = host::stored<Stored>(least ? minimum<T>::identity() : maximum<T>::identity());
    j.out.write(0, std::as_bytes(std::span(&first, 1)));
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
  bool exclusive = false;
  command.option("inputs", o.inputs);
  command.option("-o,--output", o.output);
  command.option("--to", to);
  command.flag("--raw", o.raw);
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
  session job(files, o, {in.front().get()}, io::size_of(array.type) + io::size_of(type), "scan");
  auto const out = open_array(files, o, type, array.shape, array.fortran_order);
  scan_job const work{job, out, {in.front().get(), op, wide_type(array.type), type, exclusive}};
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
