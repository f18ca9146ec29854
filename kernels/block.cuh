// A block on the GPU, as ordered_block.hpp and its kin see it.
#pragma once

#include <prorata/config.hpp>

namespace prorata::cuda {

/// Threads that share rows of Width values of T, one row per warp of L lanes.
template <class T, index_t L, int Width>
class block {
 public:
  __device__ explicit block(T* shared) : shared_(shared) {}

  __device__ index_t index() const { return blockIdx.x; }
  __device__ T* shared(int w) const { return shared_ + w * Width; }

  /// f(w) by each warp, then all have written what others may read.
  template <class F>
  __device__ void each_warp(F const& f) const {
    f(static_cast<int>(threadIdx.x / static_cast<unsigned>(L)));
    __syncthreads();
  }

  /// f() by the first warp; every thread returns its answer.
  template <class F>
  __device__ bool first_warp(F const& f) const {
    bool const answer = threadIdx.x < static_cast<unsigned>(L) && f();
    return __syncthreads_or(answer) != 0;
  }

  /// Publishes what the first warp stored in global memory and counts its block in. The last of `count` sees
  /// what all others stored, and leaves the counter at zero for the next kernel.
  __device__ bool arrive(unsigned* counter, unsigned count) const {
    bool last = false;
    if constexpr (L > 1) __syncwarp();
    __threadfence();  // behind the meeting: what the other lanes stored is published by the first one's count
    if (threadIdx.x == 0) {
      last = atomicAdd(counter, 1u) == count - 1;
      if (last) atomicExch(counter, 0u);  // a store would race with the others' counting
    }
    if constexpr (L > 1) last = __any_sync(0xffffffffu, last) != 0;
    __threadfence();
    return last;
  }

 private:
  T* shared_;
};

/// Shared memory of a block for objects of T, whether or not T has a default constructor.
template <class T, int Count>
struct shared_room {
  alignas(alignof(T) < 16 ? 16 : alignof(T)) unsigned char bytes[sizeof(T) * Count];
  __device__ T* data() { return reinterpret_cast<T*>(bytes); }
};

}  // namespace prorata::cuda
