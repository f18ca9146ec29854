// How a CUDA error becomes an exception.
#include <kernels/check.hpp>
#include <string>

namespace prorata::cuda {

namespace {

/// Asks the device once more. Only on the way to an exception: this waits for the device.
cudaError_t ask_again() {
  (void)cudaGetLastError();
  cudaError_t const answer = cudaDeviceSynchronize();
  (void)cudaGetLastError();
  return answer;
}

std::string describe(cudaError_t error, std::source_location const& place) {
  return std::string(cudaGetErrorName(error)) + ": " + cudaGetErrorString(error) + " (" + place.file_name() +
         ":" + std::to_string(place.line()) + ")";
}

}  // namespace

void fail(cudaError_t error, std::source_location place) {
  switch (classify(error, is_sticky(error) ? error : ask_again())) {
    case verdict::out_of_memory:
      throw out_of_memory("device memory: " + describe(error, place) + "; lower --memory or the chunk size");
    case verdict::sticky:
      throw device_lost(describe(error, place) + "; the device is lost to this process, restart it");
    default:
      throw device_error(describe(error, place));
  }
}

}  // namespace prorata::cuda
