// Shared memory of a block, by type. Nothing else names __shared__, so that a build whose blocks are no
// hardware's can put another file in the place of this one.
#pragma once

namespace prorata::cuda {

/// The block's own object of type T, uninitialised: one for each type that a kernel asks for.
template <class T>
__device__ T& block_shared() {
  __shared__ T object;
  return object;
}

/// What the launch gave each block, from its beginning, aligned to 16 bytes.
template <class T>
__device__ T* dynamic_shared() {
  extern __shared__ __align__(16) unsigned char dynamic_shared_bytes[];
  return reinterpret_cast<T*>(dynamic_shared_bytes);
}

}  // namespace prorata::cuda
