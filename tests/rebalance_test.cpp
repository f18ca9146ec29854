// rebalance: arrays on devices of unequal speed are moved until their work ends together, and keep their bits.
#include <gtest/gtest.h>
#include <algorithm>
#include <numeric>
#include <prorata/array.hpp>
#include <prorata/error.hpp>
#include <prorata/host.hpp>
#include <prorata/rebalance.hpp>
#include <prorata/reduce.hpp>
#include <prorata/transform.hpp>
#include <tests/contents.hpp>
#include <thread>

namespace prorata {
namespace {

team<host::stream> team_of(std::vector<double> const& slowdowns) {
  std::vector<host::stream> streams;
  for (double const s : slowdowns) streams.emplace_back(host::stream_options{.threads = 1, .slowdown = s});
  return team<host::stream>(std::move(streams));
}

/// Work for some time on every element.
struct step {
  double operator()(double x) const {
    for (int k = 0; k < 8; ++k) x = x * 0.75 + 1 / (x + 2);
    return x;
  }
};

TEST(rebalance, moves_an_array_until_unequal_devices_end_together) {
  auto const team = team_of({8, 1});
  index_t const n = 400'000;
  auto x = make_array<double>(team, n);
  auto y = make_array<std::int32_t>(team, n);
  generate(x, [](index_t i) { return static_cast<double>(i % 1000); });
  generate(y, [](index_t i) { return static_cast<std::int32_t>(i); });
  auto expected = make_array<double>(team_of({1}), n);
  generate(expected, [](index_t i) { return static_cast<double>(i % 1000); });
  balancer balance(2);
  EXPECT_THROW((void)rebalance_plan(balance, x), usage_error);

  EXPECT_EQ(x.partition().size(0), y.partition().size(0));
  int moves = 0;
  auto const share = [&] { return static_cast<double>(x.partition().size(0)) / static_cast<double>(n); };
  auto const balanced = [&] {
    return 0.03 < share() && share() < 0.25;
  };                                                          // a device that is eight times slower
  for (int round = 0; round < 200 && !balanced(); ++round) {  // three, where nobody else uses the machine
    learn_round(balance, x, [&] { for_each(x, [](double& v) { v = step{}(v); }); });
    for_each(expected, [](double& v) { v = step{}(v); });
    auto const plan = rebalance_plan(balance, x);
    auto const before = x.partition();
    if (rebalance(balance, x, y)) {
      ++moves;
      EXPECT_TRUE(plan.worthwhile);
      EXPECT_EQ(x.partition(), plan.cuts);
      EXPECT_EQ(y.partition(), plan.cuts);
      index_t gone = 0;  // of two ranks, the least that can move is what one of them has too much
      for (int r = 0; r < 2; ++r) gone += std::abs(before.size(r) - plan.cuts.size(r));
      EXPECT_EQ(plan.moved, gone / 2);
    }
    ASSERT_EQ(tests::everything(x), tests::everything(expected)) << round;
  }
  EXPECT_GE(moves, 1);
  EXPECT_TRUE(balanced()) << share();
  auto const numbers = tests::everything(y);
  std::vector<std::int32_t> all(numbers.size());
  std::iota(all.begin(), all.end(), 0);
  EXPECT_EQ(numbers, all);
}

TEST(rebalance, arrays_of_one_round_are_cut_alike) {
  auto const team = team_of({1, 1});
  auto x = make_array<double>(team, 100'000);
  auto y = make_array<double>(team, 100'000, std::vector<double>{1, 3});
  balancer balance(2);
  EXPECT_THROW(rebalance(balance, x, y), usage_error);
  EXPECT_EQ(x.partition().size(0), 50'176);
}

TEST(rebalance, streams_count_what_they_work_and_not_what_they_wait) {
  auto const team = team_of({1, 1});
  auto& s = team.streams()[0];
  auto& t = team.streams()[1];
  auto const before = s.busy_seconds();
  t.enqueue([] { std::this_thread::sleep_for(std::chrono::milliseconds(200)); });
  s.wait(t.record());
  s.enqueue([] { std::this_thread::sleep_for(std::chrono::milliseconds(20)); });
  team.sync();
  EXPECT_GE(s.busy_seconds() - before, 0.019);
  EXPECT_LT(s.busy_seconds() - before, 0.15);
  EXPECT_GE(t.busy_seconds(), 0.19);
}

}  // namespace
}  // namespace prorata
