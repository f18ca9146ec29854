// Files in order: in memory where they fit, else spilled to disk and sorted range of keys by range of keys.
#pragma once

#include <host/algorithms/team_sorter.hpp>
#include <host/io/array_sink.hpp>
#include <host/run/shuffle.hpp>
#include <string>

namespace prorata::host {

/// How the sort of a file may use the machine.
struct file_sort_limits {
  std::string folder;  ///< of spilled data
  index_t memory;      ///< bytes
  int threads = 0;     ///< that read, deal out and write; 0 means every core
  process_shares shares{};
};

/// Writes the elements of a source's column in the order of its keys. Returns how many ranges were spilled to
/// disk; 0 where all was sorted in memory. Several processes always spill: files are how they exchange elements.
///   sorter  of this process; sorts what fits limits.memory; not asked for elements of 8 and 16 bits, which are counted
///   cost    one read and one write; one more of each where it is spilled to disk
///   observer    begins_moving with all bytes that are read and written; ends is left to the caller
///   throws  as shuffle and team_sorter
template <class U>
index_t sort_file(key_source<U> const& source, team_sorter<U>& sorter, io::array_sink const& out,
                  file_sort_limits const& limits, run_observer& observer);

/// Writes, as int64, where the elements of a source's column come from when they are in order, equal ones as they
/// stand.
template <class U>
index_t argsort_file(key_source<U> const& source, team_sorter<U>& sorter, io::array_sink const& out,
                     file_sort_limits const& limits, run_observer& observer);

}  // namespace prorata::host
