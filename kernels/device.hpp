// The GPUs of this machine: how many, what they are, and which one is current.
#pragma once

#include <cstddef>
#include <kernels/check.hpp>
#include <string>

namespace prorata::cuda {

/// How many GPUs can be used; 0 where there is none, or no driver.
int device_count() noexcept;

/// What a GPU is.
struct device_info {
  std::string name;
  std::string pci_bus_id;
  int multiprocessors;
  int major, minor;  ///< compute capability
  std::size_t memory_bytes;
  std::size_t free_bytes;  ///< as other processes have left it just now
  std::size_t l2_bytes;
};

/// Asks device `device`.
///   throws  usage_error for a number that is not a device's, device_error
device_info describe_device(int device);

/// Makes a device current for a scope, and then the caller's own again.
class device_guard {
 public:
  explicit device_guard(int device) {
    check(cudaGetDevice(&before_));
    if (before_ != device) change(device);
  }
  ~device_guard() {
    if (changed_) ignore(cudaSetDevice(before_));
  }
  /// Another one for the rest of the scope.
  void change(int device) {
    changed_ = true;
    check(cudaSetDevice(device));
  }
  device_guard(device_guard const&) = delete;
  device_guard& operator=(device_guard const&) = delete;

 private:
  int before_ = 0;
  bool changed_ = false;
};

}  // namespace prorata::cuda
