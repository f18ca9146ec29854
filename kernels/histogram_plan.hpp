// Where a histogram's counters live on a GPU, how often, and for how many blocks: arithmetic, testable
// anywhere.
#pragma once

#include <kernels/launch_shape.hpp>

namespace prorata::cuda {

/// What a device offers a histogram.
struct histogram_room {
  int multiprocessors;
  index_t block_bytes;  ///< shared memory that one block may have
  index_t sm_bytes;     ///< shared memory that the blocks of one SM have together
};

/// copies = 0: counters in global memory, where the second-level cache adds. Else each block counts in shared
/// memory, in `copies` sets: warps take turns with them, so that few bins are not all one address.
struct histogram_plan {
  launch_shape shape;
  int copies;
};

inline constexpr int histogram_items = 8;  ///< elements that a thread has under way

/// Counters of 4 bytes, `slots` of them. As many copies as fit a quarter of what lets four blocks share an
/// SM, at most one a warp.
///   example  228 KiB an SM, 227 a block: 259 slots → 8 copies, 4 blocks of 256 threads an SM;
///            57 000 slots → 1 copy, one block of 1024 threads; 65 539 slots → global
constexpr histogram_plan plan_histogram(index_t n, index_t slots, histogram_room room) {
  index_t const bytes = 4 * slots;
  if (bytes > room.block_bytes) {
    loop_tuning const spread{256, 8, histogram_items};
    return {shape_for(n, spread, room.multiprocessors), 0};
  }
  constexpr index_t reserved = 1024;  // bytes: the system's share of each block
  index_t const quarter = room.sm_bytes / 4 - reserved;
  int const threads = bytes <= quarter ? 256 : bytes <= room.sm_bytes / 2 - reserved ? 512 : 1024;
  index_t const blocks_per_sm = threads == 256 ? 4 : threads == 512 ? 2 : 1;
  index_t const fit = quarter / bytes;
  int const copies = threads != 256 || fit < 1 ? 1
                     : fit > threads / 32      ? threads / 32
                                               : static_cast<int>(fit);
  return {shape_for(n, index_t{threads} * histogram_items, threads, room.multiprocessors * blocks_per_sm,
                    static_cast<std::size_t>(bytes * copies)),
          copies};
}

/// Equal slots in a row, counted together: sorted or constant data makes one addition of a run.
template <class Add>
class slot_run {
 public:
  PRORATA_HD explicit slot_run(Add const& add) : add_(add) {}
  PRORATA_HD void take(index_t slot) {
    if (slot == slot_) {
      ++length_;
    } else {
      flush();
      slot_ = slot;
      length_ = 1;
    }
  }
  PRORATA_HD void flush() {
    if (length_ > 0) add_(slot_, length_);
    length_ = 0;
  }

 private:
  Add const& add_;
  index_t slot_ = -1;
  unsigned length_ = 0;
};

}  // namespace prorata::cuda
