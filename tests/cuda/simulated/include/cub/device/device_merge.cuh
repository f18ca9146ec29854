// cub::DeviceMerge, as the project calls it.
#pragma once

#include <algorithm>
#include <cub/stand_in.cuh>

namespace cub {

struct DeviceMerge {
  template <class T, class N, class Order>
  static cudaError_t MergeKeys(void* memory, std::size_t& bytes, T const* a, N n, T const* b, N m, T* out,
                               Order order, cudaStream_t stream) {
    return detail::in_two_calls(memory, bytes, stream, [=] { std::merge(a, a + n, b, b + m, out, order); });
  }
  template <class T, class V, class N, class Order>
  static cudaError_t MergePairs(void* memory, std::size_t& bytes, T const* a, V const* a_values, N n,
                                T const* b, V const* b_values, N m, T* out, V* out_values, Order order,
                                cudaStream_t stream) {
    return detail::in_two_calls(memory, bytes, stream, [=] {
      N i = 0, j = 0;
      for (N k = 0; k < n + m; ++k) {
        bool const from_b = i == n || (j < m && order(b[j], a[i]));
        out[k] = from_b ? b[j] : a[i];
        out_values[k] = from_b ? b_values[j] : a_values[i];
        ++(from_b ? j : i);
      }
    });
  }
};

}  // namespace cub
