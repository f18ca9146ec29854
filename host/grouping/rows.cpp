// Ranges of keys from a sample, and rows that wait by range in chunks of a thread's slabs.
#include <algorithm>
#include <host/grouping/rows.hpp>
#include <host/pages.hpp>
#include <host/streaming.hpp>
#include <numeric>
#include <prorata/error.hpp>

namespace prorata::host {

key_ranges::key_ranges(std::vector<std::uint64_t> const& sample, index_t ranges) : range_of_cell_(cells) {
  // a few outlying keys must not spread the cells over nothing
  std::size_t const n = sample.size(), outlying = n / 256;
  low_ = sample[outlying];
  int const bits = bit_length(sample[n - 1 - outlying] - low_);
  shift_ = std::max(0, bits - 16);
  // cells end with the greatest word, if not before: no cell's first key may wrap
  low_ = std::min(low_, 0 - (static_cast<std::uint64_t>(cells) << shift_));
  std::vector<index_t> held(cells + 1);
  for (std::uint64_t const key : sample) {
    std::uint64_t const cell = key > low_ ? (key - low_) >> shift_ : 0;
    ++held[std::min(static_cast<std::size_t>(cell), cells - 1) + 1];
  }
  std::partial_sum(held.begin(), held.end(), held.begin());
  begins_.push_back(0);
  for (std::size_t cell = 0; cell < cells; ++cell) {
    // the range that the cell's first sampled key would be in, if it is a new one; where one cell has them
    // all, what comes before it is a range too
    bool const has_all = held[cell] == 0 && held[cell + 1] == static_cast<index_t>(n);
    index_t const wanted = has_all ? 1 : held[cell] * ranges / static_cast<index_t>(n);
    if (cell > 0 && wanted >= static_cast<index_t>(begins_.size()))
      begins_.push_back(low_ + (static_cast<std::uint64_t>(cell) << shift_));
    range_of_cell_[cell] = static_cast<std::uint16_t>(begins_.size() - 1);
  }
}

group_rows::group_rows(index_t ranges, index_t slab_bytes)
    : open_(static_cast<std::size_t>(ranges)),
      chunks_(static_cast<std::size_t>(ranges)),
      chunks_per_slab_(std::max<index_t>(slab_bytes / chunk_bytes, 1)) {}

void group_rows::clear() {
  for (auto& r : open_) r.rows = 0;
  for (auto& c : chunks_) c.clear();
  chunks_taken_ = 0;
}

group_row* group_rows::fresh_chunk() {
  auto const slab = static_cast<std::size_t>(chunks_taken_ / chunks_per_slab_);
  if (slab == slabs_.size()) {
    void* const memory = allocate_aligned(static_cast<std::size_t>(chunks_per_slab_ * chunk_bytes));
    if (memory == nullptr) throw out_of_memory("group-by: no memory for rows; lower --memory or the size");
    slabs_.emplace_back(memory);
  }
  auto* const begin = static_cast<std::byte*>(slabs_[slab].get());
  return reinterpret_cast<group_row*>(begin + chunks_taken_++ % chunks_per_slab_ * chunk_bytes);
}

void group_rows::flush(std::uint16_t range) {
  open_range& r = open_[range];
  if ((r.rows - line_rows) % chunk_rows == 0) {
    r.next = fresh_chunk();
    chunks_[range].push_back(r.next);
  }
  stream_lines(r.next, r.line, sizeof r.line);
  r.next += line_rows;
}

}  // namespace prorata::host
