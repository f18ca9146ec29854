// In the place of kernels/shared_memory.cuh: shared memory of a simulated block.
#pragma once

#include <cstddef>

namespace simulated {
/// The object of the running block that the tag names, made when it is first asked for.
void* shared_object(void const* tag, std::size_t bytes, std::size_t alignment);
void* dynamic_shared();
template <class T>
inline char const tag_of{};
}  // namespace simulated

namespace prorata::cuda {

template <class T>
T& block_shared() {
  return *static_cast<T*>(simulated::shared_object(&simulated::tag_of<T>, sizeof(T), alignof(T)));
}
template <class T>
T* dynamic_shared() {
  return static_cast<T*>(simulated::dynamic_shared());
}

}  // namespace prorata::cuda
