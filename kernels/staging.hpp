// Pinned memory that small copies between a GPU and ordinary memory pass through, so that none of them makes its caller
// wait, or reads what its caller no longer has.
#pragma once

#include <cuda_runtime_api.h>

#include <array>
#include <cstddef>
#include <memory>

namespace prorata::cuda {

/// The staging memory of one stream: two halves, used in turns.
///   needs  the stream's device is current
class staging {
 public:
  /// Longer copies go their own way: CUDA cuts them up, and waits for those to the host.
  static constexpr std::size_t longest = 64 * 1024;

  staging();
  ~staging();  // what was queued must be done
  staging(staging const&) = delete;
  staging& operator=(staging const&) = delete;

  /// Queues a copy if it is a small one with ordinary memory at one end; says whether it did. Memory of the host
  /// has been read when this returns, and is written in the order of the stream.
  ///   waits  only where a quarter of a million bytes are under way: for the older half of them
  bool copy(cudaStream_t stream, void* to, void const* from, std::size_t bytes);

  bool in_use() const { return in_use_; }
  void done() { in_use_ = false; }

 private:
  static constexpr std::size_t half = 256 * 1024;

  std::byte* place(cudaStream_t stream, std::size_t bytes);

  int owner_;  // the process: a forked child has nothing to give back
  std::shared_ptr<std::byte> memory_;
  std::array<cudaEvent_t, 2> left_{};  // behind the last copy through each half
  std::array<bool, 2> was_left_{};
  std::size_t now_ = 0, used_ = 0;
  bool in_use_ = false;
};

}  // namespace prorata::cuda
