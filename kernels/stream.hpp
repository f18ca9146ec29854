// A GPU as a device: an in-order queue of work on one CUDA stream, with memory from the device's pool.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <kernels/check.hpp>
#include <memory>
#include <prorata/config.hpp>
#include <string>

namespace prorata::cuda {

/// What happened up to a point of a stream. Copies refer to the same point.
class event {
 public:
  /// Blocks the calling thread until the point is reached.
  void wait() const;
  bool ready() const;

 private:
  friend class stream;
  struct state;
  std::shared_ptr<state> state_;
};

/// How a stream uses its device.
struct stream_options {
  int device = 0;
  std::size_t memory_limit = 0;  ///< bytes; 0 means all the device has, from the pool all streams share
  std::string name;              ///< "gpu:0" where none is given
};

/// An in-order queue of work on one GPU. Verbs return at once. Several streams of one device are virtual
/// shards of it. The caller's current device is left as it was.
///   memory    cudaMallocAsync from a pool that all streams of the device share and that keeps what is freed; it goes
///             with the last of them
///   threads   one thread may use a stream at a time; different streams are independent
///   needs     no fork between its construction and its use
class stream {
 public:
  using event_type = event;

  /// On the given device.
  ///   throws  usage_error where there is no such device, device_error
  explicit stream(stream_options options);
  explicit stream(int device = 0) : stream(stream_options{device, 0, {}}) {}
  ~stream();  // work already queued runs to its end; it is waited for where small copies may be under way
  stream(stream&&) noexcept;
  stream& operator=(stream&&) noexcept;

  /// Memory of the device for work on this stream, aligned to 256 bytes.
  ///   throws  out_of_memory, with the number of bytes
  void* allocate(std::size_t bytes);

  /// Gives memory back once the work queued so far is done.
  void deallocate(void* memory, std::size_t bytes) noexcept;

  /// Copies bytes between the memory of this device and the host's, in either direction or within. Up to 64 KiB from or
  /// to ordinary memory go by way of pinned memory: they have been read when this returns, and are written in the order
  /// of the stream.
  ///   waits  for more than that, to ordinary memory, until it is written; in part, from ordinary memory
  void copy(void* to, void const* from, std::size_t bytes);

  /// Sets bytes of this device's memory to zero.
  void zero(void* memory, std::size_t bytes);

  event record();
  void wait(event const& e);

  /// Waits for everything queued and reports what failed.
  void sync();

  /// Waits for everything queued. What failed is lost, unless the device is: then every call says so.
  void drain() noexcept;

  /// Another stream of this device, for work beside this one's. What it allocates itself is not counted
  /// towards this stream's limit.
  stream sibling() const;

  int device() const;
  int multiprocessors() const;
  int attribute(cudaDeviceAttr which) const;  ///< of the device
  std::string const& name() const;
  cudaStream_t native() const;

  /// Memory for the next kernels of this stream, valid until the next call. Grows, never shrinks.
  void* scratch(std::size_t bytes);

  /// Zeroed counters for kernels whose last block finishes the work; kernels leave them zeroed.
  unsigned* counters(index_t count);

 private:
  struct state;
  std::unique_ptr<state> state_;
};

/// Whether work on one stream reaches what the other allocates as its own: on one device.
inline bool same_memory(stream const& a, stream const& b) { return a.device() == b.device(); }

/// Functors are copied to the device, which does not see what their caller owns.
inline constexpr bool sees_host_memory(stream const&) { return false; }

/// Queues on `to` a copy of what lies in the memory of `from`'s device.
void copy_from(stream& to, void* destination, stream& from, void const* source, std::size_t bytes);

/// Queues on `to` a copy of bytes that `from` has produced; `from` goes on only when they have been read.
void transfer(stream& to, void* destination, stream& from, void const* source, std::size_t bytes);

}  // namespace prorata::cuda
