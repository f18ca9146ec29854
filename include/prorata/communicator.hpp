// Bytes between ranks. A communicator knows no type, no array and no operation; it never adds floats.
#pragma once

#include <cstddef>
#include <prorata/backend.hpp>
#include <prorata/error.hpp>
#include <span>

namespace prorata {

/// Moves bytes between the ranks of a team. One call per process carries all its local ranks, so a deadlock
/// between ranks of one process cannot be written. Spans over ranks are in rank order; calls are queued on
/// the given streams, and every rank of the job must make the same calls in the same order.
template <backend S>
class communicator {
 public:
  virtual ~communicator() = default;

  /// Ranks of the whole job, and the number of this process's first one.
  virtual int ranks() const = 0;
  virtual int first_local_rank() const = 0;

  /// Every rank r sends its block of offsets[r + 1] − offsets[r] bytes; each local rank whose `receive` is
  /// not null gets all blocks, block r at offsets[r]. offsets has ranks() + 1 entries, the same on every
  /// process.
  virtual void all_gather(std::span<S> streams, std::span<void const* const> send,
                          std::span<void* const> receive, std::span<std::size_t const> offsets) = 0;

  /// Rank r sends bytes[r · ranks() + q] bytes to rank q, from consecutive places of send[r] to consecutive
  /// places of receive[q], both in rank order. `bytes` is the whole matrix, the same on every process.
  virtual void all_to_all(std::span<S> streams, std::span<void const* const> send,
                          std::span<void* const> receive, std::span<std::size_t const> bytes) = 0;

  /// The bytes of rank `root` reach every local rank's place (root's own included, in place).
  virtual void broadcast(std::span<S> streams, std::span<void* const> data, std::size_t bytes, int root) = 0;

  /// Returns when every rank's queued work is done.
  virtual void barrier(std::span<S> streams) = 0;
};

/// All ranks live in this process: bytes move by copies between their streams.
template <backend S>
class local_communicator final : public communicator<S> {
 public:
  explicit local_communicator(int ranks) : ranks_(ranks) {}

  int ranks() const override { return ranks_; }
  int first_local_rank() const override { return 0; }

  void all_gather(std::span<S> streams, std::span<void const* const> send, std::span<void* const> receive,
                  std::span<std::size_t const> offsets) override {
    require(streams.size() == static_cast<std::size_t>(ranks_), "all_gather: one stream per local rank");
    for (int q = 0; q < ranks_; ++q) {
      if (receive[q] == nullptr) continue;
      for (int r = 0; r < ranks_; ++r)
        move(streams[q], receive[q], offsets[r], streams[r], send[r], 0, offsets[r + 1] - offsets[r]);
    }
  }

  void all_to_all(std::span<S> streams, std::span<void const* const> send, std::span<void* const> receive,
                  std::span<std::size_t const> bytes) override {
    require(streams.size() == static_cast<std::size_t>(ranks_), "all_to_all: one stream per local rank");
    for (int r = 0; r < ranks_; ++r) {
      std::size_t from = 0;
      for (int q = 0; q < ranks_; ++q) {
        std::size_t const size = bytes[r * ranks_ + q];
        std::size_t to = 0;
        for (int before = 0; before < r; ++before) to += bytes[before * ranks_ + q];
        move(streams[q], receive[q], to, streams[r], send[r], from, size);
        from += size;
      }
    }
  }

  void broadcast(std::span<S> streams, std::span<void* const> data, std::size_t bytes, int root) override {
    require(0 <= root && root < ranks_, "broadcast: the root is a rank of the team");
    for (int q = 0; q < ranks_; ++q)
      if (q != root) move(streams[q], data[q], 0, streams[root], data[root], 0, bytes);
  }

  void barrier(std::span<S> streams) override {
    for (S& s : streams) s.sync();
  }

 private:
  static void move(S& to, void* destination, std::size_t at, S& from, void const* source, std::size_t offset,
                   std::size_t bytes) {
    if (bytes == 0) return;
    transfer(to, static_cast<std::byte*>(destination) + at, from,
             static_cast<std::byte const*>(source) + offset, bytes);
  }

  int ranks_;
};

}  // namespace prorata
