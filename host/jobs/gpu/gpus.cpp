// GPUs as the CUDA runtime sees them: how many, which, and how fast elements reach one.
#include <algorithm>
#include <chrono>
#include <cstring>
#include <host/jobs/gpu/gpus.hpp>
#include <kernels/device.hpp>
#include <kernels/pinned.hpp>
#include <kernels/stream.hpp>
#include <memory>

namespace prorata::jobs {

int gpu_count() { return cuda::device_count(); }

std::string gpu_absence() {
  int count = 0;
  cudaError_t const error = cudaGetDeviceCount(&count);
  (void)cudaGetLastError();
  if (error == cudaErrorInsufficientDriver)
    return "no NVIDIA driver was found, or one older than this CUDA needs; install it, or use --devices cpu";
  if (error == cudaErrorNoDevice)
    return "the driver shows no GPU; look at nvidia-smi and CUDA_VISIBLE_DEVICES, or use --devices cpu";
  if (error != cudaSuccess)
    return std::string("CUDA cannot be used: ") + cudaGetErrorName(error) + ", " + cudaGetErrorString(error) +
           "; use --devices cpu";
  return "this machine has " + std::to_string(count) + (count == 1 ? " GPU" : " GPUs") +
         ", numbered from 0; prorata devices lists them";
}

std::vector<gpu_info> gpu_list() {
  std::vector<gpu_info> list;
  for (int number = 0; number < gpu_count(); ++number) {
    auto const d = cuda::describe_device(number);
    list.push_back({number, d.name, static_cast<index_t>(d.memory_bytes), static_cast<index_t>(d.free_bytes),
                    d.multiprocessors, std::to_string(d.major) + "." + std::to_string(d.minor),
                    d.pci_bus_id});
  }
  return list;
}

index_t gpu_free_bytes(int number) { return static_cast<index_t>(cuda::describe_device(number).free_bytes); }

double gpu_speed(int number) {
  constexpr std::size_t bytes = 64 << 20;
  cuda::device_guard const on(number);
  cuda::stream stream(number);
  auto const from = cuda::pinned_memory(bytes);
  std::memset(from.get(), 1, bytes);
  std::shared_ptr<void> const to(stream.allocate(bytes), [&](void* p) { stream.deallocate(p, bytes); });
  double best = 1e9;
  for (int round = 0; round < 4; ++round) {
    auto const start = std::chrono::steady_clock::now();
    stream.copy(to.get(), from.get(), bytes);
    stream.sync();
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return static_cast<double>(bytes / sizeof(float)) / best;
}

}  // namespace prorata::jobs
