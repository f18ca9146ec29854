// How the stand-ins for CUB's algorithms run: in the order of the stream, by one thread, on std:: alone.
#pragma once

#include <cstddef>
#include <functional>

namespace simulated {
/// Queues f on a stream's device.
void enqueue(cudaStream_t stream, std::function<void()> f);
}  // namespace simulated

namespace cub {

struct NullType {};

template <class T>
struct DoubleBuffer {
  T* d_buffers[2] = {};
  int selector = 0;
  DoubleBuffer() = default;
  DoubleBuffer(T* current, T* alternate) : d_buffers{current, alternate} {}
  T* Current() const { return d_buffers[selector]; }
  T* Alternate() const { return d_buffers[selector ^ 1]; }
};

namespace detail {
/// CUB's two calls: the first asks how much temporary memory there must be, the second works, and uses it.
template <class F>
cudaError_t in_two_calls(void* memory, std::size_t& bytes, cudaStream_t stream, F f) {
  constexpr std::size_t needed = 77;
  if (memory == nullptr) {
    bytes = needed;
    return cudaSuccess;
  }
  if (bytes < needed) return cudaErrorInvalidValue;
  simulated::enqueue(stream, [=] {
    auto* const byte = static_cast<unsigned char volatile*>(memory);
    byte[0] = 1;
    byte[needed - 1] = 1;
    f();
    byte[0] = 2;
    byte[needed - 1] = 2;
  });
  return cudaSuccess;
}
}  // namespace detail

}  // namespace cub
