// The distinct elements of a file, in memory where they fit, else by way of the disk.
#pragma once

#include <host/algorithms/sort_file.hpp>
#include <host/algorithms/team_sorter.hpp>
#include <host/io/array_sink.hpp>
#include <host/run/chunked_run.hpp>
#include <host/run/key_source.hpp>

namespace prorata::host {

/// Where what is known of the distinct elements goes; sinks that nobody wants take nothing.
struct unique_outputs {
  io::array_sink const& values;
  io::array_sink const& counts;  ///< how often each occurs, int64
  io::array_sink const& first;   ///< the index of the first of each, int64
  bool wants_first = false;
  io::array_sink const* inverse = nullptr;  ///< for every element, which of the distinct ones it is, int64
};

/// Writes the distinct elements of a source's column, in the order of its keys. Returns how many there are.
///   run     over the column, whose keys are those of the source; `alike` says which are one
///   sorter  sorts what fits limits.memory; not asked for elements of 8 and 16 bits, which are counted
///   memory  limits.memory, of which a quarter holds what is distinct; more of it goes by way of the disk
///   throws  out_of_memory where the inverse is asked for, and that quarter does not hold what is distinct; as
///           shuffle and team_sorter
template <class U>
index_t unique_file(chunked_run& run, key_source<U> const& source, team_sorter<U>& sorter,
                    unique_outputs const& out, file_sort_limits const& limits);

}  // namespace prorata::host
