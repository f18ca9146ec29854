// Ranks that exchange bytes through NCCL. The library is loaded when it is first asked for, so that programs
// also run where NCCL is not installed.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <prorata/error.hpp>
#include <span>
#include <string>
#include <vector>

namespace prorata::cuda {

/// How NCCL is found, and how long its operations may take.
struct nccl_options {
  std::string library;                          ///< empty: $PRORATA_NCCL, else libnccl.so.2
  std::chrono::milliseconds deadline{600'000};  ///< for each operation, and for coming together
  std::chrono::milliseconds farewell{10'000};  ///< at the end, for peers to be done; then they are left alone
};

/// What the processes of a job must share before their ranks can meet; it is made by one of them.
using nccl_id = std::array<char, 128>;

/// A new id. Send it to every process of the job, by MPI or a file.
///   throws  communication_error where NCCL cannot be loaded; the message says how to help it
nccl_id make_nccl_id(nccl_options const& options = {});

/// The local ranks of a job, without any CUDA: streams are opaque, and whoever owns them says when work is
/// done. Comms do not block: every step is polled until its deadline; one that fails or is late takes all
/// local ranks down (ncclCommAbort, in one group) and becomes a communication_error naming the rank. A healthy
/// job ends by ncclCommFinalize and ncclCommDestroy.
class nccl_ranks {
 public:
  using stream_handle = void*;             // a cudaStream_t
  using question = std::function<bool()>;  // whether what was queued so far is done

  nccl_ranks(nccl_options const& options, int ranks, int first_local_rank, int local_ranks);
  ~nccl_ranks();
  nccl_ranks(nccl_ranks const&) = delete;
  nccl_ranks& operator=(nccl_ranks const&) = delete;

  /// Brings all ranks of the job together. select(k) makes the device of local rank k current.
  void meet(nccl_id const& id, std::function<void(int)> const& select);

  int ranks() const;
  int first_local_rank() const;
  int local_ranks() const;

  /// The verbs of communicator. A local rank with a null receiver takes nothing; ranks of other
  /// processes always do.
  void all_gather(std::span<stream_handle const> streams, std::span<void const* const> send,
                  std::span<void* const> receive, std::span<std::size_t const> offsets, question const& done);
  void all_to_all(std::span<stream_handle const> streams, std::span<void const* const> send,
                  std::span<void* const> receive, std::span<std::size_t const> bytes,
                  std::span<std::size_t const> places, question const& done);
  void broadcast(std::span<stream_handle const> streams, std::span<void* const> data, std::size_t bytes,
                 int root, question const& done);

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace prorata::cuda
