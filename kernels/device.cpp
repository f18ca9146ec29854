// Asking the CUDA runtime about GPUs.
#include <kernels/device.hpp>

namespace prorata::cuda {

int device_count() noexcept {
  int count = 0;
  if (cudaGetDeviceCount(&count) != cudaSuccess) {
    (void)cudaGetLastError();  // no driver, or no device: not a failure of anything that follows
    return 0;
  }
  return count;
}

device_info describe_device(int device) {
  int const count = device_count();
  require(
      0 <= device && device < count,
      "gpu:" + std::to_string(device) + " is not there; this machine has " + std::to_string(count) + " GPUs");
  device_guard const on(device);
  cudaDeviceProp properties{};
  check(cudaGetDeviceProperties(&properties, device));
  device_info info{};
  info.name = properties.name;
  info.multiprocessors = properties.multiProcessorCount;
  info.major = properties.major;
  info.minor = properties.minor;
  info.l2_bytes = static_cast<std::size_t>(properties.l2CacheSize);
  check(cudaMemGetInfo(&info.free_bytes, &info.memory_bytes));
  char bus[32] = {};
  check(cudaDeviceGetPCIBusId(bus, sizeof bus, device));
  info.pci_bus_id = bus;
  return info;
}

}  // namespace prorata::cuda
