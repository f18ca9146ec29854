// cub::DeviceScan, as the project calls it.
#pragma once

#include <cub/stand_in.cuh>
#include <numeric>

namespace cub {

struct DeviceScan {
  template <class T, class N>
  static cudaError_t ExclusiveSum(void* memory, std::size_t& bytes, T* in, T* out, N n, cudaStream_t stream) {
    return detail::in_two_calls(memory, bytes, stream, [=] { std::exclusive_scan(in, in + n, out, T{0}); });
  }
};

}  // namespace cub
