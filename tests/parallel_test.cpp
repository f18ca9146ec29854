// Parallel loops: every block once, within the limit of threads, in the canonical environment.
#include <gtest/gtest.h>
#include <xmmintrin.h>

#include <atomic>
#include <cfenv>
#include <chrono>
#include <host/parallel.hpp>
#include <mutex>
#include <prorata/error.hpp>
#include <set>
#include <thread>
#include <vector>

namespace {

using namespace prorata;

TEST(Parallel, RunsEveryBlockOnce) {
  for (index_t const count : {0, 1, 2, 31, 1000, 100'003}) {
    std::vector<std::atomic<int>> runs(static_cast<std::size_t>(count));
    host::for_each_block(count, [&](index_t k) { ++runs[static_cast<std::size_t>(k)]; });
    for (auto const& times : runs) ASSERT_EQ(times, 1);
  }
}

TEST(Parallel, WhatBlocksWroteIsSeenAfterTheLoop) {
  std::vector<index_t> out(10'000, -1);
  host::for_each_block(10'000, [&](index_t k) { out[static_cast<std::size_t>(k)] = k * k; });
  for (index_t k = 0; k < 10'000; ++k) ASSERT_EQ(out[static_cast<std::size_t>(k)], k * k);
}

TEST(Parallel, KeepsToItsLimitOfThreads) {
  for (int const limit : {1, 2, 3, 5}) {  // more than this machine may have
    host::thread_limit const threads(limit);
    EXPECT_EQ(threads.threads(), limit);
    std::mutex mutex;
    std::set<std::thread::id> seen;
    auto const body = [&](index_t) {
      std::this_thread::sleep_for(std::chrono::microseconds(200));
      std::lock_guard const lock(mutex);
      seen.insert(std::this_thread::get_id());
    };
    threads.run_blocks(200, host::loop_body::of(body));
    EXPECT_GE(seen.size(), 1u);
    EXPECT_LE(seen.size(), static_cast<std::size_t>(limit));
  }
  EXPECT_GE(host::thread_limit(0).threads(), 1);
}

TEST(Parallel, RethrowsWhatABlockThrew) {
  auto const body = [](index_t k) {
    if (k == 500) throw input_error("block 500");
  };
  EXPECT_THROW(host::for_each_block(1000, body), input_error);
  host::thread_limit const threads(3);
  EXPECT_THROW(threads.run_blocks(1000, host::loop_body::of(body)), input_error);
}

TEST(Parallel, BlocksRunInTheCanonicalEnvironmentAndTheCallersIsKept) {
  unsigned const before = _mm_getcsr();
  _mm_setcsr(before | 0x8040);  // flush to zero, subnormals are zero
  std::fesetround(FE_UPWARD);
  unsigned const hostile = _mm_getcsr();
  std::atomic<int> wrong{0};
  host::for_each_block(1000, [&](index_t) { wrong += (_mm_getcsr() & 0xffc0u) != 0x1f80u; });
  unsigned const after = _mm_getcsr();
  _mm_setcsr(before);
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(after, hostile);
}

TEST(Parallel, BlocksOfAThreadThatNeverHadAnotherEnvironmentRunInTheCanonicalOne) {
  std::atomic<int> wrong{0};
  auto const body = [&](index_t) { wrong += (_mm_getcsr() & 0xffc0u) != 0x1f80u; };
  std::thread([&] {  // TBB gives its loops the environment that a thread had at its first one
    _mm_setcsr(0xdfc0);
    host::for_each_block(1000, body);
    host::thread_limit(2).run_blocks(1000, host::loop_body::of(body));
  })
      .join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
