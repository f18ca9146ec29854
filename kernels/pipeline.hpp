// Out of core: chunks of a source on their way through pinned memory to a device, worked on there, and their
// results on their way back, all at the same time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <prorata/config.hpp>
#include <prorata/error.hpp>
#include <vector>

namespace prorata::cuda {

/// A piece of the source: `bytes` bytes from `offset`, already queued to be at `in` on the device. What work
/// leaves at `out` (up to result_bytes) goes back.
struct pipeline_chunk {
  index_t number;
  std::size_t offset, bytes;
  void const* in;
  void* out;
  std::size_t result_bytes;
};

struct pipeline_options {
  std::size_t chunk_bytes = std::size_t{32} << 20;  ///< 16–64 MiB: small ones cost a copy's overhead each
  std::size_t result_bytes = 0;                     ///< the most that a chunk's work sends back
  int slots = 4;                                    ///< chunks under way together
};

/// A ring of slots, each with pinned memory on the host and memory on the device, and three streams:
///
///   read k+2 (this thread) │ up k+1 → │ work k │ → down k−1 │ write k−2 (this thread)
///
/// S is any backend; `pinned` makes host memory as a std::shared_ptr<std::byte>. Streams outlive the
/// pipeline.
///   memory   slots × (chunk_bytes + result_bytes), on the host and on the device
///   errors   thrown by read, work, write or the device end the run; what was queued has finished by then
template <class S>
class pipeline {
 public:
  template <class Pinned>
  pipeline(S& up, S& compute, S& down, pipeline_options const& options, Pinned const& pinned)
      : up_(up), compute_(compute), down_(down), options_(options) {
    require(options.chunk_bytes > 0, "a pipeline's chunks have at least a byte");
    require(options.slots >= 1, "a pipeline needs at least one slot");
    for (int k = 0; k < options.slots; ++k) {
      slot s;
      s.host_in = pinned(options.chunk_bytes);
      s.device_in = memory(compute, options.chunk_bytes);
      if (options.result_bytes > 0) {
        s.host_out = pinned(options.result_bytes);
        s.device_out = memory(compute, options.result_bytes);
      }
      slots_.push_back(std::move(s));
    }
    // the other streams may touch the slots' memory once it is there
    auto const ready = compute.record();
    up.wait(ready);
    down.wait(ready);
  }
  ~pipeline() { settle(); }
  pipeline(pipeline const&) = delete;
  pipeline& operator=(pipeline const&) = delete;

  /// Sends `total` bytes through: read(to, offset, bytes) fills host memory, work(stream, chunk) queues what
  /// is to be done with a chunk and may lower chunk.result_bytes, write(chunk, from) takes its result. read
  /// and write run on this thread, in the order of chunks.
  ///   waits  for everything
  template <class Read, class Work, class Write>
  void run(std::size_t total, Read const& read, Work const& work, Write const& write) {
    index_t const count = static_cast<index_t>((total + options_.chunk_bytes - 1) / options_.chunk_bytes);
    try {
      for (index_t k = 0; k < count; ++k) {
        slot& s = slots_[static_cast<std::size_t>(k % options_.slots)];
        finish(s, write);
        std::size_t const offset = static_cast<std::size_t>(k) * options_.chunk_bytes;
        std::size_t const bytes = std::min(options_.chunk_bytes, total - offset);
        read(static_cast<void*>(s.host_in.get()), offset, bytes);

        if (s.worked) up_.wait(*s.worked);  // the device memory is free when its last work is done
        up_.copy(s.device_in.get(), s.host_in.get(), bytes);
        compute_.wait(up_.record());
        if (s.returned) compute_.wait(*s.returned);
        pipeline_chunk chunk{k, offset, bytes, s.device_in.get(), s.device_out.get(), options_.result_bytes};
        work(compute_, chunk);
        require(chunk.result_bytes <= options_.result_bytes, "a chunk's result is larger than its slot");
        s.worked = compute_.record();
        if (chunk.result_bytes > 0) {
          down_.wait(*s.worked);
          down_.copy(s.host_out.get(), s.device_out.get(), chunk.result_bytes);
          s.returned = down_.record();
        }
        s.under_way = chunk;
      }
      for (int k = 0; k < options_.slots; ++k)
        finish(slots_[static_cast<std::size_t>((count + k) % options_.slots)], write);
      up_.sync();
      compute_.sync();
      down_.sync();
    } catch (...) {
      for (slot& s : slots_) s.under_way.reset();
      settle();
      throw;
    }
  }

  /// The same for work that sends nothing back.
  template <class Read, class Work>
  void run(std::size_t total, Read const& read, Work const& work) {
    run(total, read, work, [](pipeline_chunk const&, void const*) {});
  }

 private:
  using event = typename S::event_type;
  struct slot {
    std::shared_ptr<std::byte> host_in, host_out;
    std::shared_ptr<void> device_in, device_out;
    std::optional<pipeline_chunk> under_way;
    std::optional<event> worked, returned;
  };

  static std::shared_ptr<void> memory(S& s, std::size_t bytes) {
    return {s.allocate(bytes), [&s, bytes](void* p) { s.deallocate(p, bytes); }};
  }

  /// Waits until a slot's chunk has gone all the way, and hands over its result.
  template <class Write>
  void finish(slot& s, Write const& write) {
    if (!s.under_way) return;
    pipeline_chunk const chunk = *s.under_way;
    s.under_way.reset();
    (chunk.result_bytes > 0 ? s.returned : s.worked)->wait();
    if (chunk.result_bytes > 0) write(chunk, static_cast<void const*>(s.host_out.get()));
  }

  /// Nothing is queued any more that touches the slots; failures have been reported, or will be by sync.
  void settle() noexcept {
    for (S* s : {&up_, &compute_, &down_}) {
      try {
        s->record().wait();
      } catch (...) {}
    }
  }

  S &up_, &compute_, &down_;
  pipeline_options options_;
  std::vector<slot> slots_;
};

}  // namespace prorata::cuda
