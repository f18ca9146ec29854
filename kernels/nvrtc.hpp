// Kernels from source at run time: compiled by NVRTC to machine code for the device at hand, kept in memory,
// launched through the driver. Both libraries are loaded when first needed: programs run without them.
#pragma once

#include <cstddef>
#include <kernels/stream.hpp>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace prorata::cuda {

/// Compiles CUDA source to a cubin for compute capability major.minor. No GPU and no driver are needed.
///   options  such as "--fmad=false"; the architecture is added
///   throws   device_error: NVRTC is not there (the message says which variable helps), or its log of errors
std::vector<char> compile_cubin(std::string const& source, int major, int minor,
                                std::span<char const* const> options = {});

/// Compiled kernels of one process, by source, architecture and options. Safe to use from several threads.
///   library  $PRORATA_NVRTC, else libnvrtc.so.13, else libnvrtc.so
class kernel_cache {
 public:
  kernel_cache();
  ~kernel_cache();
  kernel_cache(kernel_cache const&) = delete;
  kernel_cache& operator=(kernel_cache const&) = delete;

  /// The cubin for this architecture, compiled if it is new.
  std::vector<char> const& cubin(std::string const& source, int major, int minor,
                                 std::span<char const* const> options = {});

  /// Queues the kernel `name` of the source on s, one thread per element up to the resident ones.
  ///   arguments  the addresses of the kernel's arguments, in order
  void launch(stream& s, std::string const& source, char const* name, index_t n,
              std::span<void* const> arguments, std::span<char const* const> options = {});

  /// How many sources have been compiled.
  std::size_t size() const;

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace prorata::cuda
