// Counting keys by a digit on the GPU: each block in a table of its own in shared memory, where it fits.
#pragma once

#include <kernels/launch.cuh>
#include <kernels/shared_memory.cuh>
#include <prorata/rank_search.hpp>

namespace prorata::cuda {

/// 1024 resident threads per SM, each with 4 keys under way; tables of 8 KiB for a digit of 11 bits.
inline constexpr loop_tuning count_digits_tuning{256, 4, 4};

/// The most slots whose table lies in shared memory; larger tables are counted in global memory, whose lines
/// then lie in second-level cache.
inline constexpr index_t shared_slots = 12 * 1024;

/// Adds 1 in a slot for every thread of the warp that has one; all at once where they have the same. The
/// whole warp comes together; threads without a key bring −1.
template <class Counter>
__device__ void count_one(Counter* table, index_t slot) {
  int same = 0;
  __match_all_sync(0xffffffffu, slot, &same);
  if (slot < 0) return;
  if (!same)
    atomicAdd(table + slot, Counter{1});
  else if (threadIdx.x % 32 == 0)
    atomicAdd(table + slot, Counter{32});
}

template <bool Shared, class K, class Load>
__global__ void __launch_bounds__(256)
    count_digits_kernel(index_t begin, index_t end, Load const load, digit_rule<K> const rule,
                        unsigned long long* counts) {
  auto* const table = dynamic_shared<unsigned>();
  index_t const slots = rule.slots();
  if constexpr (Shared) {
    for (index_t k = threadIdx.x; k < slots; k += 256) table[k] = 0;
    __syncthreads();
  }
  auto const count = [&](index_t slot) {
    if constexpr (Shared) {
      count_one(table, slot);
    } else {
      count_one(counts, slot);
    }
  };
  constexpr int items = count_digits_tuning.items;
  index_t const step = index_t{256} * items;
  for (index_t first = begin + blockIdx.x * step; first < end; first += gridDim.x * step) {
    K key[items];
    index_t const mine = first + threadIdx.x;
    for (int k = 0; k < items; ++k)
      if (mine + k * 256 < end) key[k] = static_cast<K>(load(mine + k * 256));
    for (int k = 0; k < items; ++k) count(mine + k * 256 < end ? rule.slot(key[k]) : index_t{-1});
  }
  if constexpr (Shared) {
    __syncthreads();
    for (index_t k = threadIdx.x; k < slots; k += 256)
      if (table[k] != 0) atomicAdd(counts + k, static_cast<unsigned long long>(table[k]));
  }
}

/// Queues counts[s] = how many of the keys load(i), i in [begin, end), the rule counts in slot s.
///   launches  one, after the counts are set to zero
///   cost      reads the keys once
template <class K, class Load>
void count_digits(stream& s, index_t begin, index_t end, Load load, digit_rule<K> rule, index_t* counts) {
  s.zero(counts, static_cast<std::size_t>(rule.slots()) * sizeof(index_t));
  if (begin >= end) return;
  auto shape = shape_for(end - begin, count_digits_tuning, s.multiprocessors());
  auto* const to = reinterpret_cast<unsigned long long*>(counts);
  if (rule.slots() <= shared_slots) {
    shape.shared_bytes = static_cast<std::size_t>(rule.slots()) * sizeof(unsigned);
    launch(count_digits_kernel<true, K, Load>, shape, s, begin, end, load, rule, to);
  } else {
    launch(count_digits_kernel<false, K, Load>, shape, s, begin, end, load, rule, to);
  }
}

}  // namespace prorata::cuda
