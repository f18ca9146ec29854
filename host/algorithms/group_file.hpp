// The groups of what does not fit memory: by way of the disk, range of keys by range of keys.
//
//   input → rows by range of their keys, in memory → spill, when they are too many → range after range:
//   grouped in memory, or spilled again → columns, in ascending order of keys
//
// The input is read once. Keys that make up much of the rows are added up at once, and where rows of a range
// are mostly of keys that were there already, their sums are spilled and not they. After hybrid hash
// aggregation with early aggregation (Graefe 1993), by ranges instead of hashes because of the order.
#pragma once

#include <host/algorithms/sort_file.hpp>
#include <host/group_by.hpp>
#include <host/run/chunked_run.hpp>
#include <string>

namespace prorata::host {

/// What it came to.
struct grouping_outcome {
  index_t groups = 0;
  index_t parts = 0;    ///< ranges of keys that were grouped in memory one after the other
  index_t spilled = 0;  ///< bytes that were written to disk
};

/// Groups the rows of one or two files, on the devices of the run while they are read.
///   take     gets the columns, `place` groups after the first one; from many threads, each group once
///   memory   as limits say, and some MiB for each thread
///   disk     16 bytes a row (8 where there are no values), or records of the plan where those are less
///   throws   usage_error, out_of_memory, device_error, as io::spill; what take throws
grouping_outcome group_file(chunked_run& run, io::file_column const& keys, io::file_column const* values,
                            group_plan const& plan, file_sort_limits const& limits,
                            grouping::column_taker const& take);

}  // namespace prorata::host
