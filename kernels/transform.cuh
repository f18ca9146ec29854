// Mapping indices to values on the GPU, at the speed of memory.
#pragma once

#include <kernels/launch.cuh>
#include <kernels/unrolled.hpp>

namespace prorata::cuda {

/// Items per thread for results of T: 2048 resident threads per SM, each with all its loads before any of its
/// stores, so that one input of the size of T keeps
///   1 byte    16 items    32 KiB
///   4 bytes    8 items    64 KiB
///   8 bytes    4 items    64 KiB      of loads in flight per SM; a second input doubles it.
template <class T>
inline constexpr loop_tuning transform_tuning{256, 8,
                                              sizeof(T) <= 1   ? 16
                                              : sizeof(T) <= 4 ? 8
                                              : sizeof(T) <= 8 ? 4
                                                               : 2};

template <int Items, class Load, class T>
__global__ void __launch_bounds__(256) transform_kernel(index_t begin, index_t end, Load const load, T* out) {
  index_t const step = index_t{256} * Items;
  for (index_t first = begin + blockIdx.x * step; first < end; first += gridDim.x * step) {
    index_t const mine = first + threadIdx.x;
    T* const to = out + (mine - begin);
    if (first + step <= end) {
      T x[Items];
      unrolled<Items>([&](auto number) {
        constexpr int k = decltype(number)::value;
        x[k] = static_cast<T>(load(mine + k * 256));
      });
      unrolled<Items>([&](auto number) {
        constexpr int k = decltype(number)::value;
        to[k * 256] = x[k];
      });
    } else {
      unrolled<Items>([&](auto number) {
        constexpr int k = decltype(number)::value;
        if (mine + k * 256 < end) to[k * 256] = static_cast<T>(load(mine + k * 256));
      });
    }
  }
}

/// Queues out[i − begin] = load(i) for every i in [begin, end). `out` may be an array that load reads at i.
///   cost   one read of what load reads, one write
template <class Load, class T>
void transform_index(stream& s, index_t begin, index_t end, Load load, T* out) {
  if (begin >= end) return;
  constexpr auto tuning = transform_tuning<T>;
  launch(transform_kernel<tuning.items, Load, T>, shape_for(end - begin, tuning, s.multiprocessors()), s,
         begin, end, load, out);
}

}  // namespace prorata::cuda
