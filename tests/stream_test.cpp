// The host's queue: its order, its failures, and who waits for what.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xmmintrin.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <future>
#include <host/slowdown.hpp>
#include <host/stream.hpp>
#include <limits>
#include <prorata/error.hpp>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace prorata;

/// What sync() throws, as text; "" where it throws nothing.
std::string failure_of(host::stream& s) {
  try {
    s.sync();
  } catch (error const& e) { return e.what(); }
  return "";
}

TEST(Stream, RunsItsWorkInOrder) {
  host::stream s;
  std::vector<int> seen;
  for (int k = 0; k < 1000; ++k) s.enqueue([&seen, k] { seen.push_back(k); });
  s.sync();
  ASSERT_EQ(seen.size(), 1000u);
  for (int k = 0; k < 1000; ++k) EXPECT_EQ(seen[static_cast<std::size_t>(k)], k);
}

TEST(Stream, ReportsTheFirstOfTwoFailuresOnceAndPassesTheRestBy) {
  host::stream s;
  int before = 0, between = 0, after = 0;
  s.enqueue([&] { ++before; });
  s.enqueue([] { throw device_error("the first"); });
  s.enqueue([&] { ++between; });
  s.enqueue([] { throw input_error("the second"); });
  s.enqueue([&] { ++after; });
  EXPECT_EQ(failure_of(s), "the first");
  EXPECT_EQ(before, 1);
  EXPECT_EQ(between, 0);
  EXPECT_EQ(after, 0);
  EXPECT_EQ(failure_of(s), "");
  s.enqueue([&] { ++after; });
  EXPECT_EQ(failure_of(s), "");
  EXPECT_EQ(after, 1);
}

TEST(Stream, AFailureStaysWithItsStream) {
  host::stream s, t;
  int done = 0;
  s.enqueue([] { throw device_error("s"); });
  t.wait(s.record());  // events are reached all the same
  t.enqueue([&] { ++done; });
  EXPECT_EQ(failure_of(t), "");
  EXPECT_EQ(done, 1);
  EXPECT_EQ(failure_of(s), "s");
}

TEST(Stream, GivesMemoryBackAlsoAfterAFailure) {  // LeakSanitizer says so
  host::stream s;
  void* const memory = s.allocate(10'000);
  s.enqueue([] { throw device_error("no"); });
  s.deallocate(memory, 10'000);
  EXPECT_EQ(failure_of(s), "no");
}

TEST(Stream, DrainWaitsAndLeavesTheFailure) {
  host::stream s;
  std::atomic<bool> done{false};
  s.enqueue([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    done = true;
    throw device_error("late");
  });
  s.drain();
  EXPECT_TRUE(done);
  s.drain();
  EXPECT_EQ(failure_of(s), "late");
}

TEST(Stream, AFailureInALoopIsThatOfTheStream) {
  host::stream s({.threads = 3});
  s.enqueue([&s] {
    s.parallel(100, [](index_t k) {
      if (k == 57) throw input_error("block 57");
    });
  });
  EXPECT_EQ(failure_of(s), "block 57");
}

TEST(Stream, EventsAreReachedInOrder) {
  host::stream s;
  std::promise<void> opened;
  auto const open = opened.get_future().share();
  s.enqueue([open] { open.wait(); });
  auto const e = s.record();
  EXPECT_FALSE(e.ready());
  EXPECT_TRUE(host::event().ready());
  opened.set_value();
  e.wait();
  EXPECT_TRUE(e.ready());
}

TEST(Stream, ItsDestructorRunsTheQueueToItsEnd) {
  int done = 0;
  {
    host::stream s;
    for (int k = 0; k < 100; ++k) s.enqueue([&] { ++done; });
    void* const memory = s.allocate(100);
    s.deallocate(memory, 100);
    s.enqueue([] { throw device_error("that nobody asked for"); });
  }
  EXPECT_EQ(done, 100);
}

TEST(Stream, ATransferHoldsItsSourceUntilItIsRead) {
  host::stream from, to;
  std::promise<void> opened;
  auto const open = opened.get_future().share();
  int source = 1, destination = 0;
  to.enqueue([open] { open.wait(); });
  transfer(to, &destination, from, &source, sizeof source);
  from.enqueue([&] { source = 2; });
  opened.set_value();
  to.sync(), from.sync();
  EXPECT_EQ(destination, 1);
  EXPECT_EQ(source, 2);
}

TEST(Stream, RestsAfterWorkAsLongAsAClockCanCount) {
  using namespace std::chrono_literals;
  constexpr auto year = std::chrono::nanoseconds(24h * 365);
  EXPECT_EQ(host::rest_after(1ms, 1), 0ns);
  EXPECT_EQ(host::rest_after(1ms, 3), 2ms);
  EXPECT_EQ(host::rest_after(2s, 1e6), 1999998s);
  for (double const slowdown : {1e18, 1e300, std::numeric_limits<double>::max(), HUGE_VAL})
    for (std::chrono::nanoseconds const work : {std::chrono::nanoseconds(1s), year})
      EXPECT_EQ(host::rest_after(work, slowdown), year) << slowdown;
  EXPECT_EQ(host::rest_after(0ns, HUGE_VAL), year);  // 0 · ∞ is no number
}

TEST(Stream, WorkEndsWhenTheSpeedsOfADeviceSaySo) {
  using changes = std::vector<host::speed_change>;
  EXPECT_EQ(host::end_of_work(10, 2, 1, {}), 12);
  EXPECT_EQ(host::end_of_work(10, 2, 3, {}), 16);
  EXPECT_EQ(host::end_of_work(10, 2, 1, changes{{11, 4}}), 15);            // half of it four times slower
  EXPECT_EQ(host::end_of_work(10, 2, 4, changes{{14, 1}, {20, 7}}), 15);   // half of it before it became fast
  EXPECT_EQ(host::end_of_work(10, 2, 1, changes{{3, 5}, {12, 1}}), 13.6);  // slow since long ago, up to 12
  EXPECT_EQ(host::end_of_work(10, 2, 1, changes{{11, HUGE_VAL}, {50, 1}}), 51);  // stands still in between
  EXPECT_EQ(host::end_of_work(10, 2, 1, changes{{11, 0}}), 11);                  // fails
  EXPECT_EQ(host::end_of_work(10, 0, HUGE_VAL, {}), 10);
}

TEST(Stream, FailsWhenItIsToldTo) {
  host::stream s({.name = "sim:1", .changes = {{0, 0}}});
  s.enqueue([] { FAIL(); });
  EXPECT_THROW(s.sync(), device_error);
  EXPECT_THROW(host::stream({.jitter = 1}), usage_error);
}

/// Whether what follows work on a slowed stream is still to be done a while after it.
[[noreturn]] void exit_with_whether_it_rests(double slowdown) {
  host::stream s({.slowdown = slowdown});
  std::promise<void> worked;
  s.enqueue([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    worked.set_value();
  });
  auto const after = s.record();
  worked.get_future().wait();
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  _exit(after.ready() ? 1 : 0);  // a stream that is destroyed would be waited for
}

TEST(Stream, RestsHoweverLargeTheFactor) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  for (double const slowdown : {1e5, 1e30, 1e300, HUGE_VAL})
    EXPECT_EXIT(exit_with_whether_it_rests(slowdown), testing::ExitedWithCode(0), "") << slowdown;
}

bool is_mapped(void* page) { return ::msync(page, 1, MS_ASYNC) == 0; }

TEST(Stream, KeepsScratchForTheNextTimeButNotAnyAmount) {
  host::stream s;
  auto const scratch = [&s](std::size_t bytes) {
    std::byte* memory = nullptr;
    s.enqueue([&] { memory = s.scratch(bytes); });
    s.sync();
    return memory;
  };
  std::byte* const some = scratch(100);
  EXPECT_TRUE(is_mapped(some));
  EXPECT_EQ(scratch(99), some);
  std::byte* const most = scratch(host::stream::kept_scratch);
  EXPECT_TRUE(is_mapped(most));
  EXPECT_EQ(scratch(100), most);
  std::byte* const more = scratch(host::stream::kept_scratch + 1);
  EXPECT_FALSE(is_mapped(more));  // given back as soon as the work has ended
}

TEST(Stream, WorksInTheCanonicalEnvironmentWhateverThatOfItsMaker) {
  unsigned const before = _mm_getcsr();
  _mm_setcsr(0xdfc0);  // flush to zero, subnormals are zero, upwards: threads inherit it
  host::stream s({.threads = 1});
  _mm_setcsr(before);
  unsigned seen = 0, in_a_loop = 0;
  s.enqueue([&] {
    seen = _mm_getcsr();
    s.parallel(2, [&](index_t) { in_a_loop = _mm_getcsr(); });
  });
  s.sync();
  EXPECT_EQ(seen & 0xffc0u, 0x1f80u);
  EXPECT_EQ(in_a_loop & 0xffc0u, 0x1f80u);
}

TEST(Stream, RefusesOptionsThatMeanNothing) {
  EXPECT_THROW(host::stream({.threads = -1}), usage_error);
  EXPECT_THROW(host::stream({.slowdown = 0.5}), usage_error);
}

}  // namespace
