// Filling tables of groups on the GPU: each block's in shared memory, and one behind them in global memory.
#pragma once

#include <kernels/group_atomics.cuh>
#include <kernels/group_slots.hpp>
#include <kernels/group_slots_plan.hpp>
#include <kernels/group_totals.hpp>
#include <kernels/launch.cuh>
#include <kernels/unrolled.hpp>

namespace prorata::cuda {

/// Rounds of `group_items` rows after which a block asks whether its table still serves. If most rows find no
/// place in it, others' keys crowd it: it is emptied, and the keys that come now move in.
inline constexpr int group_rounds = 16;

template <class State>
__global__ void __launch_bounds__(group_threads)
    take_rows_kernel(std::uint64_t const* keys, std::uint64_t const* values, index_t n, group_totals* totals,
                     group_slots<State> const far, std::uint32_t near_hashed) {
  using tables = near_and_far<State, block_words, device_words>;
  extern __shared__ __align__(16) unsigned char group_near_bytes[];
  tables const to{{reinterpret_cast<group_record<State>*>(group_near_bytes), near_hashed, near_spare,
                   near_probes < near_hashed ? near_probes : near_hashed},
                  far,
                  {},
                  {}};
  for (std::uint32_t k = threadIdx.x; k < to.near.size(); k += group_threads)
    to.near.slots[k] = to.near.free_slot();
  __syncthreads();

  group_run<State, tables> run(to, origin_of(totals));
  constexpr index_t step = index_t{group_threads} * group_items;
  index_t first = blockIdx.x * step;
  bool refused = false;
  for (bool done = false; !done;) {
    for (int round = 0; round < group_rounds && first < n; ++round, first += gridDim.x * step) {
      bool const given_up = *static_cast<unsigned const volatile*>(&totals->refused) != 0;
      index_t const mine = first + threadIdx.x;
      std::uint64_t key[group_items], value[group_items];
      unrolled<group_items>([&](auto number) {
        constexpr int k = decltype(number)::value;
        if (index_t const i = mine + k * group_threads; i < n) {
          key[k] = keys[i];
          value[k] = values[i];
        }
      });
#pragma unroll 1
      for (index_t i = mine; i < n && i < first + step; i += group_threads) {  // one copy of the exact adding
        run.take(key[0], value[0]);
        unrolled<group_items - 1>([&](auto number) {
          constexpr int k = decltype(number)::value;
          key[k] = key[k + 1];
          value[k] = value[k + 1];
        });
      }
      if (run.refused()) atomicOr(&totals->refused, 1u);
      if (given_up) first = n;
    }
    run.flush();
    bool const mostly_far = 4 * run.went_far() > 3 * group_rounds * group_items;
    bool const crowded = __syncthreads_count(mostly_far) > group_threads / 2;
    done = __syncthreads_and(first >= n) != 0;
    if (done || crowded)
      for (std::uint32_t k = threadIdx.x; k < to.near.size(); k += group_threads)
        refused = !to.move_far(k) || refused;
    __syncthreads();
  }
  if (refused || run.refused()) atomicOr(&totals->refused, 1u);
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
///             away a run of rows of one key at once, so one frequent key keeps nobody waiting
///   gives up  soon after the first record is refused
template <class State>
void fill_slots(stream& s, std::uint64_t const* keys, std::uint64_t const* values, index_t n,
                group_slots_plan const& plan, group_slots<State> const& far, group_totals* totals) {
  launch(take_rows_kernel<State>, plan.shape, s, keys, values, n, totals, far, plan.near);
  launch(count_slots_kernel<State>, shape_for(far.size(), 256, 256, index_t{s.multiprocessors()} * 8), s, far,
         totals);
}

}  // namespace prorata::cuda
