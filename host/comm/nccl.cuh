// NCCL as a communicator: bytes between the GPUs of one process or many.
#pragma once

#include <algorithm>
#include <host/comm/nccl.hpp>
#include <prorata/communicator.hpp>
#include <prorata/cuda.cuh>

namespace prorata::cuda {

/// communicator over NCCL: one rank per GPU, all of this process's in one call.
///   waits    each operation for its own completion, so that a peer that died becomes an error at the
///            deadline and not a sync that never returns
///   threads  one at a time; NCCL forbids several communicators of one device at work together
class nccl_communicator final : public communicator<stream> {
 public:
  /// The ranks of a job of one process.
  explicit nccl_communicator(std::span<stream> streams, nccl_options const& options = {});

  /// The local ranks of one process of several; first_local_rank counts the ranks of processes before it.
  nccl_communicator(std::span<stream> streams, int ranks, int first_local_rank, nccl_id const& id,
                    nccl_options const& options = {});

  int ranks() const override { return ranks_.ranks(); }
  int first_local_rank() const override { return ranks_.first_local_rank(); }
  void all_gather(std::span<stream> streams, std::span<void const* const> send,
                  std::span<void* const> receive, std::span<std::size_t const> offsets) override;
  void all_to_all(std::span<stream> streams, std::span<void const* const> send,
                  std::span<void* const> receive, std::span<std::size_t const> bytes,
                  std::span<std::size_t const> places) override;
  void broadcast(std::span<stream> streams, std::span<void* const> data, std::size_t bytes,
                 int root) override;
  void barrier(std::span<stream> streams) override;

 private:
  nccl_ranks ranks_;
};

namespace detail {
/// The streams as NCCL takes them, and whether what is queued on them so far is done.
struct queued {
  explicit queued(std::span<stream> s) : streams(s) {
    for (stream const& one : s) handles.push_back(one.native());
  }
  nccl_ranks::question done() {
    return [this] {
      if (events.empty())
        for (stream& s : streams) events.push_back(s.record());
      return std::all_of(events.begin(), events.end(), [](event const& e) { return e.ready(); });
    };
  }
  std::span<stream> streams;
  std::vector<void*> handles;
  std::vector<event> events;
};

}  // namespace detail

inline nccl_communicator::nccl_communicator(std::span<stream> streams, nccl_options const& options)
    : nccl_communicator(streams, static_cast<int>(streams.size()), 0, make_nccl_id(options), options) {}

inline nccl_communicator::nccl_communicator(std::span<stream> streams, int ranks, int first_local_rank,
                                            nccl_id const& id, nccl_options const& options)
    : ranks_(options, ranks, first_local_rank, static_cast<int>(streams.size())) {
  device_guard caller(streams.front().device());
  ranks_.meet(id, [&](int k) { caller.change(streams[static_cast<std::size_t>(k)].device()); });
}

inline void nccl_communicator::all_gather(std::span<stream> streams, std::span<void const* const> send,
                                          std::span<void* const> receive,
                                          std::span<std::size_t const> offsets) {
  require(streams.size() == static_cast<std::size_t>(ranks_.local_ranks()),
          "all_gather: one stream per local rank");
  detail::queued work(streams);
  std::vector<void*> places(receive.begin(), receive.end());
  if (ranks_.local_ranks() < ranks_.ranks()) {
    // other processes cannot see which of our ranks want nothing: those take it into scratch memory
    for (std::size_t k = 0; k < places.size(); ++k)
      if (places[k] == nullptr) places[k] = streams[k].scratch(offsets.back());
  }
  ranks_.all_gather(work.handles, send, places, offsets, work.done());
}

inline void nccl_communicator::all_to_all(std::span<stream> streams, std::span<void const* const> send,
                                          std::span<void* const> receive, std::span<std::size_t const> bytes,
                                          std::span<std::size_t const> places) {
  require(streams.size() == static_cast<std::size_t>(ranks_.local_ranks()),
          "all_to_all: one stream per local rank");
  detail::queued work(streams);
  ranks_.all_to_all(work.handles, send, receive, bytes, places, work.done());
}

inline void nccl_communicator::broadcast(std::span<stream> streams, std::span<void* const> data,
                                         std::size_t bytes, int root) {
  require(streams.size() == static_cast<std::size_t>(ranks_.local_ranks()),
          "broadcast: one stream per local rank");
  detail::queued work(streams);
  ranks_.broadcast(work.handles, data, bytes, root, work.done());
}

/// Every rank sends every other one byte, behind all that it has queued.
inline void nccl_communicator::barrier(std::span<stream> streams) {
  auto const all = static_cast<std::size_t>(ranks_.ranks());
  std::vector<void const*> send;
  std::vector<void*> receive;
  for (stream& s : streams) {
    auto* const memory = static_cast<std::byte*>(s.scratch(2 * all));
    send.push_back(memory);
    receive.push_back(memory + all);
  }
  std::vector<std::size_t> const bytes(all * all, 1);
  all_to_all(streams, send, receive, bytes, one_after_another(bytes, ranks_.ranks()));
}

}  // namespace prorata::cuda
