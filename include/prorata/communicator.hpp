// Bytes between ranks. A communicator knows no type, no array and no operation; it never adds floats.
#pragma once

#include <cstddef>
#include <prorata/backend.hpp>
#include <prorata/error.hpp>
#include <span>
#include <vector>

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

  /// Rank r sends bytes[r · ranks() + q] bytes to rank q, from consecutive places of send[r] in the order of
  /// q to receive[q] + places[r · ranks() + q]. Both are the whole matrix, the same on every process.
  virtual void all_to_all(std::span<S> streams, std::span<void const* const> send,
                          std::span<void* const> receive, std::span<std::size_t const> bytes,
                          std::span<std::size_t const> places) = 0;

  /// The bytes of rank `root` reach every local rank's place (root's own included, in place).
  virtual void broadcast(std::span<S> streams, std::span<void* const> data, std::size_t bytes, int root) = 0;

  /// Returns when every rank's queued work is done.
  virtual void barrier(std::span<S> streams) = 0;
};

/// Where the blocks of an all_to_all arrive when each rank's lie one after another, senders in rank order.
///   example bytes 1 2 | 3 0 → places 0 0 | 1 2
inline std::vector<std::size_t> one_after_another(std::span<std::size_t const> bytes, int ranks) {
  auto const row = static_cast<std::size_t>(ranks);
  std::vector<std::size_t> places(bytes.size());
  for (std::size_t pair = row; pair < bytes.size(); ++pair)
    places[pair] = places[pair - row] + bytes[pair - row];
  return places;
}

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
                  std::span<std::size_t const> bytes, std::span<std::size_t const> places) override {
    require(streams.size() == static_cast<std::size_t>(ranks_), "all_to_all: one stream per local rank");
    for (int r = 0; r < ranks_; ++r) {
      std::size_t from = 0;
      for (int q = 0; q < ranks_; ++q) {
        std::size_t const pair = static_cast<std::size_t>(r * ranks_ + q);
        move(streams[q], receive[q], places[pair], streams[r], send[r], from, bytes[pair]);
        from += bytes[pair];
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
