// How many blocks and threads a kernel gets: arithmetic, the same for every kernel and testable anywhere.
#pragma once

#include <cstddef>
#include <prorata/config.hpp>

namespace prorata::cuda {

/// A grid of blocks, in one dimension.
struct launch_shape {
  unsigned blocks;
  unsigned threads;
  std::size_t shared_bytes = 0;  ///< dynamic shared memory per block
};

/// How a loop kernel is cut: threads per block, blocks that fit an SM together, items each thread has under
/// way at once.
struct loop_tuning {
  int threads;
  int blocks_per_sm;
  int items;
};

/// The most blocks that a grid may have.
inline constexpr index_t grid_limit = 0x7fffffff;

/// The shape for `work` items of which one block takes `per_block` at a time: every resident block at once
/// where there is enough work, and then each goes round; fewer where there is less; at least one.
///   example  work 10 000, per_block 1024, 132 SMs of 8 blocks → 10 blocks
PRORATA_HD constexpr launch_shape shape_for(index_t work, index_t per_block, int threads,
                                            index_t resident_blocks, std::size_t shared_bytes = 0) {
  index_t const wanted = work / per_block + (work % per_block != 0);
  index_t const most = resident_blocks < grid_limit ? resident_blocks : grid_limit;
  index_t const blocks = wanted < 1 ? 1 : wanted < most ? wanted : most;
  return {static_cast<unsigned>(blocks), static_cast<unsigned>(threads), shared_bytes};
}

PRORATA_HD constexpr launch_shape shape_for(index_t work, loop_tuning t, int multiprocessors) {
  return shape_for(work, index_t{t.threads} * t.items, t.threads, index_t{multiprocessors} * t.blocks_per_sm);
}

}  // namespace prorata::cuda
