// Loops over indices on the GPU.
#pragma once

#include <kernels/launch.cuh>
#include <kernels/unrolled.hpp>

namespace prorata::cuda {

/// 2048 resident threads per SM, each with 4 calls under way: with one 4-byte load per call 32 KiB in flight,
/// with 8 bytes or two loads 64 KiB.
inline constexpr loop_tuning for_each_tuning{256, 8, 4};

template <int Items, class F>
__global__ void __launch_bounds__(256) for_each_kernel(index_t begin, index_t end, F const f) {
  index_t const step = index_t{256} * Items;
  for (index_t first = begin + blockIdx.x * step; first < end; first += gridDim.x * step) {
    index_t const mine = first + threadIdx.x;
    if (first + step <= end) {
      unrolled<Items>([&](auto number) { f(mine + decltype(number)::value * 256); });
    } else {
      unrolled<Items>([&](auto number) {
        if (mine + decltype(number)::value * 256 < end) f(mine + decltype(number)::value * 256);
      });
    }
  }
}

/// Queues f(i) for every i in [begin, end), in no particular order.
template <class F>
void for_each_index(stream& s, index_t begin, index_t end, F f) {
  if (begin >= end) return;
  launch(for_each_kernel<for_each_tuning.items, F>,
         shape_for(end - begin, for_each_tuning, s.multiprocessors()), s, begin, end, f);
}

}  // namespace prorata::cuda
