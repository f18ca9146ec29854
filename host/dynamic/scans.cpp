// Names, types and first elements of scans.
#include <host/dynamic/scans.hpp>
#include <host/io/printable.hpp>
#include <host/run/store.hpp>
#include <prorata/error.hpp>
#include <prorata/groups.hpp>
#include <prorata/operations.hpp>

namespace prorata::dynamic {

namespace {

/// What elements are scanned as.
io::dtype wide_type(io::dtype in) {
  return io::is_floating(in) ? io::dtype::f64 : io::is_signed_integer(in) ? io::dtype::i64 : io::dtype::u64;
}

/// An exclusive minimum, or maximum, begins with what no element of the output's type exceeds: it was computed
/// in 64 bits, and narrower types do not have those.
void write_first(scan_job const& job) {
  bool const least = job.scan.op == scan_operation::least, greatest = job.scan.op == scan_operation::greatest;
  if (!job.scan.exclusive || !(least || greatest) || job.run.cuts().n == 0) return;
  io::visit(job.out.type(), [&](auto tag) {
    using Stored = typename decltype(tag)::type;
    using T = detail::plain_type<Stored>;
    auto const first = host::stored<Stored>(least ? minimum<T>::identity() : maximum<T>::identity());
    job.out.write(0, std::as_bytes(std::span(&first, 1)));
    return 0;
  });
}

}  // namespace

scan_operation find_scan(std::string const& name) {
  if (name == "sum") return scan_operation::sum;
  if (name == "product") return scan_operation::product;
  if (name == "min") return scan_operation::least;
  if (name == "max") return scan_operation::greatest;
  throw usage_error("scan: unknown operation '" + io::printable(name, 60) +
                    "'; there are sum product min max");
}

io::dtype scan_result(io::dtype in, scan_operation op) {
  bool const as_it_went_in =
      io::is_floating(in) || op == scan_operation::least || op == scan_operation::greatest;
  return as_it_went_in ? in : wide_type(in);
}

void scan(host::chunked_run& run, io::file_column const& in, scan_operation op, bool exclusive,
          io::array_sink const& out) {
  scan_job const job{run, out, {&in, op, wide_type(in.array().type), out.type(), exclusive}};
  if (job.scan.wide == io::dtype::f64) {
    scan_as_f64(job);
  } else if (job.scan.wide == io::dtype::i64) {
    scan_as_i64(job);
  } else {
    scan_as_u64(job);
  }
  write_first(job);
}

}  // namespace prorata::dynamic
