// Starting a kernel on a stream. This is the only place where kernels are launched.
#pragma once

#include <kernels/check.hpp>
#include <kernels/device.hpp>
#include <kernels/launch_shape.hpp>
#include <kernels/stream.hpp>

namespace prorata::cuda {

/// Queues kernel(arguments…) on a stream.
///   throws  device_error for a launch that the device refuses; what fails while it runs is reported by sync
template <class... Parameters, class... Arguments>
void launch(void (*kernel)(Parameters...), launch_shape shape, stream& s, Arguments&&... arguments) {
  device_guard const on(s.device());
  constexpr std::size_t unasked_shared_bytes = 48 * 1024;
  if (shape.shared_bytes > unasked_shared_bytes)
    check(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                               static_cast<int>(shape.shared_bytes)));
  cudaLaunchConfig_t config{};
  config.gridDim = dim3(shape.blocks);
  config.blockDim = dim3(shape.threads);
  config.dynamicSmemBytes = shape.shared_bytes;
  config.stream = s.native();
  check(cudaLaunchKernelEx(&config, kernel, static_cast<Parameters>(arguments)...));
}

}  // namespace prorata::cuda
