// Every CUDA call is checked here: which errors there are, and which of them end the process.
#pragma once

#include <cuda_runtime_api.h>

#include <prorata/error.hpp>
#include <source_location>

namespace prorata::cuda {

/// A device is lost to this process: CUDA's context is poisoned, and only a new process can use it again.
struct device_lost : device_error {
  using device_error::device_error;
};

/// What a CUDA error means to a caller.
enum class verdict {
  success,
  out_of_memory,  ///< a smaller chunk may still succeed
  failed,         ///< this call failed; the device goes on
  sticky          ///< every later call fails too; the process has to end
};

/// Errors after which "the process must be terminated and relaunched" (the words of CUDA's header), and three
/// more that no process has been seen to survive.
constexpr bool is_sticky(cudaError_t error) {
  switch (error) {
    case cudaErrorECCUncorrectable:
    case cudaErrorNvlinkUncorrectable:
    case cudaErrorContained:
    case cudaErrorIllegalAddress:
    case cudaErrorLaunchTimeout:
    case cudaErrorContextIsDestroyed:
    case cudaErrorAssert:
    case cudaErrorHardwareStackError:
    case cudaErrorIllegalInstruction:
    case cudaErrorMisalignedAddress:
    case cudaErrorInvalidAddressSpace:
    case cudaErrorInvalidPc:
    case cudaErrorLaunchFailure:
    case cudaErrorTensorMemoryLeak:
    case cudaErrorMpsClientTerminated:
    case cudaErrorExternalDevice:
      return true;
    default:
      return false;
  }
}

/// Judges an error by itself and by what the device answered when it was asked again afterwards. An illegal
/// access surfaces at whatever call comes next, an allocation included: it must never pass for a lack of
/// memory, or the caller would retry on a dead device.
constexpr verdict classify(cudaError_t error, cudaError_t asked_again) {
  if (error == cudaSuccess) return verdict::success;
  if (is_sticky(error) || is_sticky(asked_again)) return verdict::sticky;
  if (asked_again != cudaSuccess && asked_again == error && error != cudaErrorMemoryAllocation)
    return verdict::sticky;  // not listed, yet it does not go away
  return error == cudaErrorMemoryAllocation ? verdict::out_of_memory : verdict::failed;
}

/// Throws what the error means: out_of_memory, device_lost or device_error, with its name, CUDA's text, and
/// the place in the source.
[[noreturn]] void fail(cudaError_t error, std::source_location place);

inline void check(cudaError_t error, std::source_location place = std::source_location::current()) {
  if (error != cudaSuccess) [[unlikely]]
    fail(error, place);
}

/// For destructors: a failure is dropped, that of a runtime already unloading included. Work that failed has
/// reported it, or will, at the next sync.
inline void ignore(cudaError_t error) noexcept {
  if (error != cudaSuccess) (void)cudaGetLastError();
}

}  // namespace prorata::cuda
