// A chain of blocks: they are worked on in parallel, and each learns how much the blocks before it came to.
#pragma once

#include <algorithm>
#include <atomic>
#include <host/stream.hpp>
#include <thread>
#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace prorata::host {

namespace detail {
/// Whose turn it is. Blocks are taken in order, so whoever waits waits for a block that some thread is
/// already working on: no thread count and no scheduler can make this hang.
struct chain_state {
  alignas(64) std::atomic<index_t> next{0};  // the block that is taken next
  alignas(64) std::atomic<index_t> turn{0};  // the block whose predecessors are all counted
  std::atomic<bool> failed{false};
  index_t total = 0;  // of the blocks before `turn`; belongs to whoever has it

  /// Waits for block k's turn; false when another block failed.
  bool await(index_t k) const {
    for (int spins = 0; turn.load(std::memory_order_acquire) != k; ++spins) {
      if (failed.load(std::memory_order_relaxed)) return false;
      if (spins < 256) {
#if defined(__SSE2__)
        _mm_pause();
#endif
      } else {
        std::this_thread::yield();
      }
    }
    return true;
  }
};
}  // namespace detail

/// From inside queued work: for each block k in [0, blocks) calls  count = work(room, k)  and then
/// place(room, k, before, count), where `before` is the sum of the counts of all blocks before k. `make_room`
/// makes what one thread needs; blocks on different threads overlap, and each is read only once. (The idea of
/// Merrill and Garland's decoupled look-back, NVR-2016-002, for threads that take blocks in order.)
///   returns  the sum of all counts
template <class MakeRoom, class Work, class Place>
index_t in_chain(stream const& s, index_t blocks, MakeRoom const& make_room, Work const& work,
                 Place const& place) {
  detail::chain_state chain;
  auto const take_blocks = [&](index_t) {
    try {
      auto room = make_room();
      for (;;) {
        index_t const k = chain.next.fetch_add(1, std::memory_order_relaxed);
        if (k >= blocks) return;
        index_t const count = work(room, k);
        if (!chain.await(k)) return;
        index_t const before = chain.total;
        chain.total = before + count;
        chain.turn.store(k + 1, std::memory_order_release);
        place(room, k, before, count);
      }
    } catch (...) {
      chain.failed.store(true, std::memory_order_relaxed);
      throw;
    }
  };
  s.parallel(std::min<index_t>(blocks, s.threads()), take_blocks);
  return chain.total;
}

}  // namespace prorata::host
