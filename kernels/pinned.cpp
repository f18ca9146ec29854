// Page-locking memory, or doing without.
#include <unistd.h>

#include <cstdlib>
#include <kernels/check.hpp>
#include <kernels/pinned.hpp>

namespace prorata::cuda {

std::shared_ptr<std::byte> pinned_memory(std::size_t bytes) {
  void* memory = nullptr;
  if (cudaHostAlloc(&memory, bytes, cudaHostAllocPortable) == cudaSuccess)
    return {static_cast<std::byte*>(memory), [owner = getpid()](std::byte* p) {
              if (getpid() == owner) ignore(cudaFreeHost(p));
            }};
  (void)cudaGetLastError();
  memory = std::aligned_alloc(4096, (bytes + 4095) / 4096 * 4096);
  if (memory == nullptr)
    throw out_of_memory("host memory: cannot allocate " + std::to_string(bytes) + " bytes");
  return {static_cast<std::byte*>(memory), [](std::byte* p) { std::free(p); }};
}

}  // namespace prorata::cuda
