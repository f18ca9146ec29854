// Calling CUB's device-wide algorithms: on a stream's device, with temporary memory in the stream's order.
#pragma once

#include <kernels/check.hpp>
#include <kernels/device.hpp>
#include <kernels/stream.hpp>

namespace prorata::cuda {

/// Runs call(memory, bytes) twice, as CUB wants it: first to be told how many bytes it needs, then with them.
///   throws  device_error, out_of_memory
template <class Call>
void with_temporary(stream& s, Call const& call) {
  device_guard const on(s.device());
  std::size_t bytes = 0;
  check(call(static_cast<void*>(nullptr), bytes));
  void* const memory = s.allocate(bytes);
  cudaError_t const done = call(memory, bytes);
  s.deallocate(memory, bytes);
  check(done);
}

}  // namespace prorata::cuda
