// Scans of files by name: element types and operation are chosen at run time, from loops compiled once.
#pragma once

#include <host/io/array_sink.hpp>
#include <host/run/chunked_run.hpp>
#include <host/run/gpu/jobs.hpp>
#include <string>

namespace prorata::dynamic {

using scan_operation = host::gpu_scan::operation;

/// sum, product, min or max.
///   throws  usage_error listing the names
scan_operation find_scan(std::string const& name);

/// What comes out where nobody says: sums and products of integers as 64 bits, everything else as it went in.
io::dtype scan_result(io::dtype in, scan_operation op);

/// Every element with those before it, or, of an exclusive scan, those before it alone: 0, 1 or what no element of the
/// output's type exceeds, before the first. Floats are scanned as doubles, integers in 64 bits modulo 2^64.
///   shape   the run's one file, in C order → as many elements of `out`
///   order   base32-v1
///   cost    a read and a write; one more read where more than one rank has a share
///   throws  as chunked_run::sweep
void scan(host::chunked_run& run, io::file_column const& in, scan_operation op, bool exclusive,
          io::array_sink const& out);

// One file each: their loops are compiled for every operation.
struct scan_job {
  host::chunked_run& run;
  io::array_sink const& out;
  host::gpu_scan scan;
};
void scan_as_f64(scan_job const& job);
void scan_as_i64(scan_job const& job);
void scan_as_u64(scan_job const& job);

}  // namespace prorata::dynamic
