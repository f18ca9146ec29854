// group_rows: rows set aside by ranges of their keys, to be grouped range by range later.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <prorata/groups.hpp>
#include <vector>

namespace prorata::host {

/// Ranges of keys that hold about as many rows each, made from a sample of the keys.
///   method  the leading bits of key − low pick one of 2^16 cells, and a table says which range a cell is in:
///           equal numbers of sampled keys each. Keys crowded into few cells share a range, which is then
///           slower, never wrong
class key_ranges {
 public:
  key_ranges() = default;
  /// sample: sorted.
  key_ranges(std::vector<std::uint64_t> const& sample, index_t ranges);

  index_t count() const { return static_cast<index_t>(begins_.size()); }
  std::uint16_t of(std::uint64_t key) const {
    std::uint64_t const cell = key > low_ ? (key - low_) >> shift_ : 0;
    return range_of_cell_[cell < cells - 1 ? static_cast<std::size_t>(cell) : cells - 1];
  }
  /// The least key that a range may hold; range 0 holds every lesser one too.
  std::uint64_t begin(index_t range) const { return begins_[static_cast<std::size_t>(range)]; }

 private:
  static constexpr std::size_t cells = std::size_t{1} << 16;
  std::uint64_t low_ = 0;
  int shift_ = 0;
  std::vector<std::uint16_t> range_of_cell_;
  std::vector<std::uint64_t> begins_;
};

/// Rows by range, for one thread. Four rows of a range are gathered and leave the caches together as one
/// line: nothing is read before it is written.
class group_rows {
 public:
  static constexpr index_t chunk_bytes = 8 << 10;  ///< a range's share of a slab

  group_rows(index_t ranges, index_t slab_bytes);

  void push(std::uint16_t range, group_row row) {
    open_range& r = open_[range];
    r.line[r.rows % line_rows] = row;
    if (++r.rows % line_rows == 0) flush(range);
  }

  index_t rows(index_t range) const { return open_[static_cast<std::size_t>(range)].rows; }

  /// What the rows take, and what waits to become lines.
  index_t bytes() const {
    return chunks_taken_ * chunk_bytes + static_cast<index_t>(open_.size() * sizeof(open_range));
  }

  /// Forgets the rows; their memory is for the next ones.
  void clear();

  /// Calls f(rows, n) for all rows of a range, in pieces.
  template <class F>
  void each(index_t range, F const& f) const {
    auto const& r = open_[static_cast<std::size_t>(range)];
    index_t left = r.rows / line_rows * line_rows;
    for (group_row const* chunk : chunks_[static_cast<std::size_t>(range)]) {
      index_t const n = std::min(left, chunk_rows);
      if (n > 0) f(chunk, n);
      left -= n;
    }
    if (r.rows % line_rows != 0) f(r.line, r.rows % line_rows);
  }

 private:
  static constexpr index_t line_rows = 4, chunk_rows = chunk_bytes / static_cast<index_t>(sizeof(group_row));

  struct alignas(64) open_range {
    group_row line[line_rows];
    group_row* next = nullptr;  // where the next line goes
    index_t rows = 0;
  };
  struct freed {
    void operator()(void* p) const { std::free(p); }
  };

  void flush(std::uint16_t range);
  group_row* fresh_chunk();

  std::vector<open_range> open_;
  std::vector<std::vector<group_row const*>> chunks_;
  std::vector<std::unique_ptr<void, freed>> slabs_;
  index_t chunks_per_slab_, chunks_taken_ = 0;
};

}  // namespace prorata::host
