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

/// A block of bytes on its way between two streams of a list, which may be one.
struct block_move {
  int from, to;
  void const* source;
  void* destination;
  std::size_t bytes;
};

/// Queues copies between streams, each on its receiver's, in the order of both: a receiver begins when its senders have
/// come this far, and they go on when it has read.
///   cost    one event a sender and one a receiver. Receivers begin with different senders, so that P of them that
///           all send to all are done after P − 1 copies one after the other
///   needs   destinations that nothing else of the list reads or writes
///   example of three streams: 0 reads of 1, 2 · 1 reads of 2, 0 · 2 reads of 0, 1
template <backend S>
void move_blocks(std::span<S> streams, std::vector<block_move> const& blocks) {
  auto const ranks = streams.size();
  std::vector<std::vector<block_move const*>> rounds(
      ranks);  // by how far the sender is from the receiver; 0 is last
  std::vector<bool> sends(ranks, false), receives(ranks, false);
  for (block_move const& b : blocks) {
    if (b.bytes == 0) continue;
    auto const from = static_cast<std::size_t>(b.from), to = static_cast<std::size_t>(b.to);
    rounds[(from + 2 * ranks - to - 1) % ranks].push_back(&b);
    if (from != to) sends[from] = receives[to] = true;
  }
  try {
    std::vector<typename S::event_type> sent(ranks);
    for (std::size_t r = 0; r < ranks; ++r)
      if (sends[r]) sent[r] = streams[r].record();
    for (auto const& round : rounds)
      for (block_move const* b : round) {
        S &to = streams[static_cast<std::size_t>(b->to)], &from = streams[static_cast<std::size_t>(b->from)];
        if (b->from != b->to) to.wait(sent[static_cast<std::size_t>(b->from)]);
        copy_from(to, b->destination, from, b->source, b->bytes);
      }
    std::vector<typename S::event_type> received(ranks);
    for (std::size_t q = 0; q < ranks; ++q)
      if (receives[q]) received[q] = streams[q].record();
    for (auto const& round : rounds)
      for (block_move const* b : round)
        if (b->from != b->to)
          streams[static_cast<std::size_t>(b->from)].wait(received[static_cast<std::size_t>(b->to)]);
  } catch (...) {  // not every sender was told to wait
    for (S& s : streams) s.drain();
    throw;
  }
}

/// All ranks live in this process: bytes move by copies between their streams, all of an operation's at once.
template <backend S>
class local_communicator final : public communicator<S> {
 public:
  explicit local_communicator(int ranks) : ranks_(ranks) {}

  int ranks() const override { return ranks_; }
  int first_local_rank() const override { return 0; }

  void all_gather(std::span<S> streams, std::span<void const* const> send, std::span<void* const> receive,
                  std::span<std::size_t const> offsets) override {
    require(streams.size() == static_cast<std::size_t>(ranks_), "all_gather: one stream per local rank");
    std::vector<block_move> blocks;
    for (int q = 0; q < ranks_; ++q) {
      if (receive[q] == nullptr) continue;
      for (int r = 0; r < ranks_; ++r)
        add(blocks, {r, q, send[r], receive[q], offsets[r + 1] - offsets[r]}, 0, offsets[r]);
    }
    move_blocks(streams, blocks);
  }

  void all_to_all(std::span<S> streams, std::span<void const* const> send, std::span<void* const> receive,
                  std::span<std::size_t const> bytes, std::span<std::size_t const> places) override {
    require(streams.size() == static_cast<std::size_t>(ranks_), "all_to_all: one stream per local rank");
    std::vector<block_move> blocks;
    for (int r = 0; r < ranks_; ++r) {
      std::size_t from = 0;
      for (int q = 0; q < ranks_; ++q) {
        std::size_t const pair = static_cast<std::size_t>(r * ranks_ + q);
        add(blocks, {r, q, send[r], receive[q], bytes[pair]}, from, places[pair]);
        from += bytes[pair];
      }
    }
    move_blocks(streams, blocks);
  }

  void broadcast(std::span<S> streams, std::span<void* const> data, std::size_t bytes, int root) override {
    require(0 <= root && root < ranks_, "broadcast: the root is a rank of the team");
    std::vector<block_move> blocks;
    for (int q = 0; q < ranks_; ++q)
      if (q != root) add(blocks, {root, q, data[root], data[q], bytes}, 0, 0);
    move_blocks(streams, blocks);
  }

  void barrier(std::span<S> streams) override {
    for (S& s : streams) s.sync();
  }

 private:
  /// A block that begins so many bytes behind the two places; one of no bytes may have none.
  static void add(std::vector<block_move>& blocks, block_move b, std::size_t from, std::size_t to) {
    if (b.bytes == 0) return;
    b.source = static_cast<std::byte const*>(b.source) + from;
    b.destination = static_cast<std::byte*>(b.destination) + to;
    blocks.push_back(b);
  }

  int ranks_;
};

}  // namespace prorata
