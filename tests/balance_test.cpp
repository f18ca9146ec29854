// Models of time, shares that end together, and balancing of devices that are played.
#include <gtest/gtest.h>
#include <algorithm>
#include <cmath>
#include <numeric>
#include <prorata/balance.hpp>
#include <prorata/error.hpp>
#include <random>
#include <tests/sanitizers.hpp>

namespace prorata {
namespace {

double mean(std::vector<double> const& x) {
  return std::accumulate(x.begin(), x.end(), 0.0) / static_cast<double>(x.size());
}

TEST(time_model, interpolates_between_what_it_has_seen) {
  time_model m;
  EXPECT_TRUE(m.empty());
  EXPECT_THROW((void)m.seconds(1), usage_error);
  m.learn(1000, 2);
  EXPECT_DOUBLE_EQ(m.seconds(500), 1) << "one size: in proportion";
  EXPECT_DOUBLE_EQ(m.seconds(2000), 4);
  m.learn(3000, 4);
  EXPECT_DOUBLE_EQ(m.seconds(2000), 3);
  EXPECT_DOUBLE_EQ(m.seconds(0), 0);
  EXPECT_NEAR(m.seconds(1e-9), 1, 1e-8) << "an overhead of one second";
  EXPECT_DOUBLE_EQ(m.seconds(500), 1.5);
  EXPECT_DOUBLE_EQ(m.seconds(5000), 6);
  m.learn(6000, 20);  // a cliff, as where memory ends
  EXPECT_DOUBLE_EQ(m.seconds(3000), 4);
  EXPECT_GT(m.seconds(7000), 24);
}

TEST(time_model, never_expects_less_for_more) {
  for (unsigned seed = 1; seed <= tests::rounds(300u); ++seed) {
    std::mt19937 random(seed);
    time_model m;
    std::lognormal_distribution<double> noise(0, 0.4);
    for (int k = 0; k < 60; ++k) {
      index_t const n = 1 + static_cast<index_t>(random() % 1'000'000);
      m.learn(n, (0.01 + 1e-6 * static_cast<double>(n)) * noise(random));
      double before = 0;
      for (double x = 1; x < 4e6; x *= 1.3) {
        ASSERT_GE(m.seconds(x), before) << "seed " << seed << ", step " << k << ", at " << x;
        before = m.seconds(x);
      }
      ASSERT_LE(m.samples().size(), 16u) << "seed " << seed;
      ASSERT_EQ(time_model(m.samples()).samples(), m.samples()) << "seed " << seed;
    }
  }
}

TEST(time_model, one_surprise_is_chance_and_two_are_a_change) {
  time_model m;
  for (int k = 0; k < 10; ++k) m.learn(1000, 1);
  m.learn(1000, 3);
  EXPECT_DOUBLE_EQ(m.seconds(1000), 1);
  m.learn(1000, 1.01);
  m.learn(1000, 3);
  m.learn(1000, 0.3);
  EXPECT_NEAR(m.seconds(1000), 1, 0.01) << "one longer and one shorter";
  m.learn(1000, 0.3);
  EXPECT_DOUBLE_EQ(m.seconds(1000), 0.3);
}

TEST(time_model, refuses_what_is_no_run) {
  time_model m;
  for (double const seconds : {0.0, -1.0, std::nan(""), HUGE_VAL})
    EXPECT_THROW(m.learn(1, seconds), usage_error);
  EXPECT_THROW(m.learn(0, 1), usage_error);
  EXPECT_THROW(time_model({{2, 1, 1}, {1, 1, 1}}), usage_error);
  EXPECT_THROW(time_model({{2, -1, 1}}), usage_error);
  EXPECT_THROW(time_model({{2, 1, 0}}), usage_error);
  EXPECT_TRUE(m.empty());
}

TEST(equal_finish, shares_follow_speeds) {
  std::vector<time_model> models(4);
  for (int d = 0; d < 4; ++d) models[static_cast<std::size_t>(d)].learn(1000, 8.0 / (1 << d));
  EXPECT_EQ(equal_finish(15'000, models, {}, 1), (std::vector<index_t>{1000, 2000, 4000, 8000}));
  EXPECT_EQ(equal_finish(0, models), (std::vector<index_t>{0, 0, 0, 0}));
  EXPECT_EQ(equal_finish(15'000, models, std::vector<index_t>{15'000, 15'000, 15'000, 1000}, 1000),
            (std::vector<index_t>{2000, 4000, 8000, 1000}));
  EXPECT_THROW((void)equal_finish(15'000, models, std::vector<index_t>{5'000, 999, 5'000, 1000}, 1000),
               infeasible);
}

TEST(equal_finish, a_device_whose_overhead_is_too_long_gets_nothing) {
  std::vector<time_model> models(2);
  models[0].learn(1000, 1);
  models[1].learn(1000, 50);
  models[1].learn(5000, 50.1);
  EXPECT_EQ(equal_finish(10'000, models, {}, 1), (std::vector<index_t>{10'000, 0}));
  models[1] = {};  // unknown: as the average of the others
  EXPECT_EQ(equal_finish(10'000, models, {}, 1), (std::vector<index_t>{5'000, 5'000}));
}

/// No other shares end sooner: found by trying all of them.
TEST(equal_finish, no_other_shares_end_sooner) {
  for (unsigned seed = 1; seed <= tests::rounds(400u); ++seed) {
    std::mt19937 random(seed);
    std::uniform_real_distribution<double> some(0.1, 2);
    std::vector<time_model> models(3);
    std::vector<index_t> caps;
    for (auto& m : models) {
      double at = 0, seconds = random() % 2 ? some(random) : 0;
      for (unsigned k = 0; k < 1 + random() % 4; ++k) {
        at += 1 + some(random) * 6;
        seconds += some(random) * (random() % 4 == 0 ? 0 : 3) + 0.01;
        m.learn(static_cast<index_t>(std::ceil(at)), seconds);
      }
      caps.push_back(random() % 3 == 0 ? 9 : 100);
    }
    index_t const n = 1 + static_cast<index_t>(random() % 40);
    auto const longest = [&](std::vector<index_t> const& shares) {
      double all = 0;
      for (std::size_t d = 0; d < 3; ++d)
        all = std::max(all, models[d].seconds(static_cast<double>(shares[d])));
      return all;
    };
    if (caps[0] + caps[1] + caps[2] < n) {
      EXPECT_THROW((void)equal_finish(n, models, caps, 1), infeasible);
      continue;
    }
    auto const found = equal_finish(n, models, caps, 1);
    ASSERT_EQ(std::accumulate(found.begin(), found.end(), index_t{0}), n) << "seed " << seed;
    double best = HUGE_VAL;
    for (index_t a = 0; a <= std::min(n, caps[0]); ++a)
      for (index_t b = 0; a + b <= n && b <= caps[1]; ++b)
        if (n - a - b <= caps[2]) best = std::min(best, longest({a, b, n - a - b}));
    for (std::size_t d = 0; d < 3; ++d) EXPECT_LE(found[d], caps[d]) << "seed " << seed;
    EXPECT_LE(longest(found), best * (1 + 1e-9)) << "seed " << seed;
  }
}

TEST(equal_finish, cuts_fall_between_grains) {
  std::vector<time_model> models(3);
  for (int d = 0; d < 3; ++d) models[static_cast<std::size_t>(d)].learn(1000, 1 + d);
  for (index_t const n : {1, 1023, 1024, 1025, 99'999, 1'000'000}) {
    auto const cuts = partition_by_sizes(equal_finish(n, models));
    EXPECT_EQ(cuts.n, n);
    EXPECT_TRUE(cuts.is_aligned()) << n;
  }
}

/// Devices that are played: seconds = overhead + elements / speed, with noise.
struct played {
  std::vector<double> speeds;
  std::mt19937 random;
  double part = 0.05;

  std::vector<double> round(partition const& cuts) {
    std::uniform_real_distribution<double> noise(1 - part, 1 + part);
    std::vector<double> seconds;
    for (std::size_t r = 0; r < speeds.size(); ++r)
      seconds.push_back((1e-4 + static_cast<double>(cuts.size(static_cast<int>(r))) / speeds[r]) *
                        noise(random));
    return seconds;
  }
};

/// Without noise: the slowest over the mean, minus one.
double imbalance(played devices, partition const& cuts) {
  devices.part = 0;
  auto const seconds = devices.round(cuts);
  return *std::max_element(seconds.begin(), seconds.end()) / mean(seconds) - 1;
}

TEST(balancer, unequal_devices_are_balanced_soon_and_left_alone_then) {
  for (unsigned seed = 1; seed <= tests::rounds(40u); ++seed) {
    played devices{{1e6, 2e6, 4e6, 8e6}, std::mt19937(seed)};
    balancer balance(4);
    auto cuts = partition_by_weights(15'000'000, std::vector<double>{1, 1, 1, 1});
    int adopted = 0;
    auto const round = [&] {
      auto const seconds = devices.round(cuts);
      std::vector<index_t> elements;
      for (int r = 0; r < 4; ++r) elements.push_back(cuts.size(r));
      balance.learn(elements, seconds);
      auto const plan = balance.plan(cuts);
      EXPECT_EQ(plan.cuts.n, cuts.n);
      if (!plan.worthwhile) return;
      EXPECT_LT(plan.seconds_then, plan.seconds_now);
      balance.adopted(cuts);
      cuts = plan.cuts;
      ++adopted;
    };
    for (int k = 0; k < 3; ++k) round();
    EXPECT_LT(imbalance(devices, cuts), 0.1) << "seed " << seed << ", within three rounds";
    adopted = 0;
    for (int k = 0; k < 50; ++k) round();
    EXPECT_LE(adopted, 1) << "seed " << seed << ", in quiet rounds";
    EXPECT_LT(imbalance(devices, cuts), 0.1) << "seed " << seed;
    std::size_t const changed = seed % 4;
    devices.speeds[changed] /= 2;
    for (int k = 0; k < 4; ++k) round();
    EXPECT_LT(imbalance(devices, cuts), 0.1)
        << "seed " << seed << ", after device " << changed << " has slowed down";
    adopted = 0;
    for (int k = 0; k < 50; ++k) round();
    EXPECT_LE(adopted, 1) << "seed " << seed << ", in quiet rounds again";
  }
}

TEST(balancer, moving_must_be_repaid) {
  balancer balance(2, {.rounds = 10});
  auto const halves = partition_by_weights(1'024'000, std::vector<double>{1, 1});
  balance.learn(std::vector<index_t>{512'000, 512'000}, std::vector<double>{1.0, 3.0});
  balance.learn_move(1'000'000, 1);
  auto plan = balance.plan(halves);
  EXPECT_TRUE(plan.worthwhile);
  EXPECT_EQ(plan.moved, 256'000);
  EXPECT_DOUBLE_EQ(plan.seconds_to_move, 0.256);
  EXPECT_DOUBLE_EQ(plan.seconds_now, 3);
  EXPECT_DOUBLE_EQ(plan.seconds_then, 1.5);
  balance.learn_move(1000, 1);  // and now it takes a second, however little it is
  balance.learn_move(256'000, 60);
  plan = balance.plan(halves);
  EXPECT_FALSE(plan.worthwhile) << "15 s in ten rounds do not repay 60 s";
}

TEST(balancer, a_rank_without_elements_is_tried_again) {
  balancer balance(2);
  auto const all = partition_by_sizes(std::vector<index_t>{1'024'000, 0});
  balance.learn(std::vector<index_t>{1'024'000, 1024}, std::vector<double>{1.0, 5.0});
  balance.learn(std::vector<index_t>{1'024'000, 512'000}, std::vector<double>{1.0, 5.1});
  for (int k = 0; k < 29; ++k) {
    EXPECT_EQ(balance.plan(all).cuts, all) << "its overhead seems to be too long";
    balance.learn(std::vector<index_t>{1'024'000, 0}, std::vector<double>{1.0, 0.0});
  }
  EXPECT_GT(balance.plan(all).cuts.size(1), 0);
}

TEST(balancer, does_not_go_to_and_fro) {
  balancer balance(2);
  auto const a = partition_by_weights(1'024'000, std::vector<double>{1, 1});
  auto const b = partition_by_weights(1'024'000, std::vector<double>{7, 8});
  balance.learn(std::vector<index_t>{b.size(0), b.size(1)}, std::vector<double>{1.0, 1.15});
  EXPECT_TRUE(balance.plan(b).worthwhile) << "about 7 % are to be had";
  balance.adopted(a);
  EXPECT_FALSE(balance.plan(b).worthwhile) << "but not by going back";
}

TEST(balancer, refuses_rounds_of_others) {
  EXPECT_THROW(balancer(0), usage_error);
  EXPECT_THROW(balancer(1, {.gain = 1}), usage_error);
  balancer balance(2);
  EXPECT_TRUE(balance.empty());
  EXPECT_THROW(balance.learn(std::vector<index_t>{1}, std::vector<double>{1.0, 1.0}), usage_error);
  EXPECT_THROW((void)balance.plan(single(10)), usage_error);
  EXPECT_THROW((void)balance.plan(partition_by_weights(10, std::vector<double>{1, 1})), usage_error);
}

}  // namespace
}  // namespace prorata
