// Filling tables of groups on the GPU: each block's in shared memory, and one behind them in global memory.
#pragma once

#include <kernels/grouping/atomics.cuh>
#include <kernels/grouping/block.hpp>
#include <kernels/launch.cuh>
#include <kernels/shared_memory.cuh>

namespace prorata::cuda {

/// A block of threads, as take_rows sees it.
struct group_block {
  static constexpr int threads = group_threads;
  __device__ static index_t index() { return blockIdx.x; }
  __device__ static index_t blocks() { return gridDim.x; }
  __device__ static int thread() { return static_cast<int>(threadIdx.x); }
  __device__ static int count(bool yes) { return __syncthreads_count(yes); }
};

template <class State>
__global__ void __launch_bounds__(group_threads)
    take_rows_kernel(std::uint64_t const* keys, std::uint64_t const* values, index_t n, group_totals* totals,
                     group_slots<State> const far, std::uint32_t near_hashed) {
  group_slots<State> const near{dynamic_shared<group_record<State>>(), near_hashed, near_spare,
                                near_probes < near_hashed ? near_probes : near_hashed};
  near_and_far<State, block_words, device_words> const tables{near, far, {}, {}};
  take_rows(group_block{}, tables, keys, values, n, totals);
}

/// Counts records and keys, unless the table is not whole.
template <class State>
__global__ void __launch_bounds__(256)
    count_slots_kernel(group_slots<State> const slots, group_totals* totals) {
  if (totals->refused != 0) return;
  unsigned records = 0, keys = 0;
  for (std::uint32_t k = blockIdx.x * 256 + threadIdx.x; k < slots.size(); k += gridDim.x * 256)
    if (slots.filled(k)) {
      ++records;
      keys += slots.begins_key(k);
    }
  records = __reduce_add_sync(0xffffffffu, records);
  keys = __reduce_add_sync(0xffffffffu, keys);
  if (threadIdx.x % 32 != 0 || records == 0) return;
  atomicAdd(&totals->records, static_cast<unsigned long long>(records));
  atomicAdd(&totals->keys, static_cast<unsigned long long>(keys));
}

/// Queues the adding up of n rows in a table whose slots are free, and the counting of its records and keys;
/// or totals->refused becomes 1 and the table is of no use.
///   launches  2
///   bytes     16 a row, read once, while the groups fit the near tables; of a row that finds no place there,
///             about a record more, mostly in second-level cache
///   adds      in 32-bit atomics of shared memory, else in 64-bit ones of global memory; a thread gives
///             away a run of rows of one key at once, so one frequent key makes few of them
///   gives up  soon after the first record is refused
template <class State>
void fill_slots(stream& s, std::uint64_t const* keys, std::uint64_t const* values, index_t n,
                group_slots_plan const& plan, group_slots<State> const& far, group_totals* totals) {
  launch(take_rows_kernel<State>, plan.shape, s, keys, values, n, totals, far, plan.near);
  launch(count_slots_kernel<State>, shape_for(far.size(), 256, 256, index_t{s.multiprocessors()} * 8), s, far,
         totals);
}

}  // namespace prorata::cuda
