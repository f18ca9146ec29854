// cub::DeviceSelect, as the project calls it.
#pragma once

#include <cub/stand_in.cuh>

namespace cub {

struct DeviceSelect {
  template <class In, class Flags, class Out, class Count, class N>
  static cudaError_t Flagged(void* memory, std::size_t& bytes, In in, Flags flags, Out out, Count count, N n,
                             cudaStream_t stream) {
    return detail::in_two_calls(memory, bytes, stream, [=] {
      N kept = 0;
      for (N i = 0; i < n; ++i)
        if (flags[i]) out[kept++] = in[i];
      *count = kept;
    });
  }
  template <class In, class Out, class Count, class N, class Keep>
  static cudaError_t If(void* memory, std::size_t& bytes, In in, Out out, Count count, N n, Keep keep,
                        cudaStream_t stream) {
    return detail::in_two_calls(memory, bytes, stream, [=] {
      N kept = 0;
      for (N i = 0; i < n; ++i)
        if (keep(in[i])) out[kept++] = in[i];
      *count = kept;
    });
  }
};

}  // namespace cub
