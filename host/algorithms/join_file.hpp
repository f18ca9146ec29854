// Joins of files by key: in memory where the right side fits, else part by part of the keys, by way of the disk.
//
//   right → rows by part → left keys by part → part after part: the right rows of a part in memory, what its left keys
//   have among them → the left side once more, in order: each row takes the next answer of its key's part
//
// Nothing is sorted: the left side itself says in which order the answers of the parts come together. After the Grace
// hash join (Kitsuregawa, Tanaka and Moto-oka 1983). A part whose right rows do not fit, because few keys have many
// rows, is answered in several turns, one block of its right rows after another.
#pragma once

#include <array>
#include <host/algorithms/key_matches.hpp>
#include <host/io/array_sink.hpp>
#include <host/io/file_column.hpp>
#include <host/run/chunked_run.hpp>
#include <string>
#include <vector>

namespace prorata::host {

/// Which rows a join has.
enum class join_kind {
  inner,  ///< one for each pair of a left and a right row with the same key
  left,   ///< the same, and one for each left row without a right one
  semi,   ///< the left rows that have right ones
  anti    ///< the left rows that have none
};

/// How many rows a left row makes that has so many right ones.
constexpr index_t rows_of_join(join_kind kind, index_t matches) {
  switch (kind) {
    case join_kind::inner:
      return matches;
    case join_kind::left:
      return matches > 1 ? matches : 1;
    case join_kind::semi:
      return matches > 0;
    case join_kind::anti:
      break;
  }
  return matches == 0;
}

/// One column of what comes out.
struct join_column {
  enum class kind {
    left,       ///< of a column of the left side
    right,      ///< of a column of the right side
    left_row,   ///< the number of the left row, int64
    right_row,  ///< that of the right row, or −1
    found       ///< whether there is a right row, bool
  };
  kind from;
  io::file_column const* column = nullptr;  ///< of left and right
  io::array_sink const* to = nullptr;
  std::array<std::byte, 8> missing{};  ///< of `right`: an element for left rows that have no right one
};

/// Columns of integers or booleans by whose values rows are joined.
struct join_sides {
  io::file_column const& left;
  io::file_column const& right;
  counted_rows which = counted_rows::all;  ///< of right rows with one key
};

struct join_limits {
  std::string folder;  ///< of what is spilled to disk
  index_t memory;      ///< bytes, 16 MiB at least
  int threads = 0;     ///< 0 means every core
};

/// What it came to.
struct join_outcome {
  index_t rows = 0;     ///< that were written
  index_t missing = 0;  ///< left rows without a right one
  index_t parts = 0;    ///< of the keys, where it went by way of the disk; else 0
  index_t spilled = 0;  ///< bytes that were written to disk meanwhile
};

/// Whether keys may have this type.
inline bool joins_by(io::dtype type) { return !io::is_floating(type); }

/// Writes the rows of a join: left rows in order, the right ones of each in order.
///   keys     are compared by value, whatever their types; int64 and uint64 too
///   cost     reads the right side once, the left keys once, and other left columns once. By way of the disk, the keys
///            of both sides, the right columns and what was found are written and read once, and the left keys read
///            once more
///   memory   limits.memory: three quarters of it for the right side, the rest for what is on its way
///   disk     8 bytes a left row and 4 for each with what was found; 8 a right row with its columns
///   throws   usage_error, input_error, out_of_memory, device_error as io::spill and the sinks
join_outcome join_files(join_sides const& sides, join_kind kind, std::vector<join_column> const& columns,
                        join_limits const& limits, run_observer& observer);

}  // namespace prorata::host
