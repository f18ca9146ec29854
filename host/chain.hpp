// A chain of blocks: they are worked on in parallel, and each learns how much the blocks before it came to.
#pragma once

#include <algorithm>
#include <atomic>
#include <exception>
#include <host/stream.hpp>
#include <mutex>
#include <thread>
#include <utility>
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
  std::mutex mutex;
  std::exception_ptr failure;

  index_t take() { return next.fetch_add(1, std::memory_order_relaxed); }

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
  /// Ends block k's turn. What belongs to the one whose turn it is now belongs to block k + 1.
  void hand_on(index_t k) { turn.store(k + 1, std::memory_order_release); }

  /// Keeps the first failure for the thread that waits for all. (One that went through TBB would look like a
  /// race to ThreadSanitizer.)
  void fail(std::exception_ptr what) {
    std::lock_guard const lock(mutex);
    if (!failure) failure = std::move(what);
    failed.store(true, std::memory_order_relaxed);
  }
  void rethrow() {
    if (failure) std::rethrow_exception(std::exchange(failure, nullptr));
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
  index_t total = 0;  // of the blocks before the one whose turn it is
  auto const take_blocks = [&](index_t) {
    try {
      auto room = make_room();
      for (;;) {
        index_t const k = chain.take();
        if (k >= blocks) return;
        index_t const count = work(room, k);
        if (!chain.await(k)) return;
        index_t const before = total;
        total = before + count;
        chain.hand_on(k);
        place(room, k, before, count);
      }
    } catch (...) { chain.fail(std::current_exception()); }
  };
  s.parallel(std::min<index_t>(blocks, s.threads()), take_blocks);
  chain.rethrow();
  return total;
}

}  // namespace prorata::host
