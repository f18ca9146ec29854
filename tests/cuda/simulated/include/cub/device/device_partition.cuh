// cub::DevicePartition, as the project calls it.
#pragma once

#include <cub/stand_in.cuh>

namespace cub {

struct DevicePartition {
  template <class In, class First, class Second, class Rest, class Counts, class N, class F, class G>
  static cudaError_t If(void* memory, std::size_t& bytes, In in, First first, Second second, Rest rest,
                        Counts counts, N n, F is_first, G is_second, cudaStream_t stream) {
    return detail::in_two_calls(memory, bytes, stream, [=] {
      N a = 0, b = 0, c = 0;
      for (N i = 0; i < n; ++i) {
        if (is_first(in[i])) {
          first[a++] = in[i];
        } else if (is_second(in[i])) {
          second[b++] = in[i];
        } else {
          rest[c++] = in[i];
        }
      }
      counts[0] = a;
      counts[1] = b;
    });
  }
};

}  // namespace cub
