// Assignments: cycles against dealing by hand, LPT against its definition and every possible assignment.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <prorata/apportion.hpp>
#include <prorata/assignments.hpp>
#include <prorata/error.hpp>
#include <random>
#include <string>
#include <tests/sanitizers.hpp>

namespace prorata {
namespace {

using reals = std::vector<double>;
constexpr index_t most = std::numeric_limits<index_t>::max();

// Deals n elements to the ranks that `turn` names, and expects the cycle to say the same.
void expect_dealt(auto const& cycle, index_t n, int ranks, index_t block, auto const& turn) {
  std::vector<std::vector<index_t>> hands(static_cast<std::size_t>(ranks));
  for (index_t i = 0; i < n; ++i) {
    int const rank = turn(i / block);
    auto& hand = hands[static_cast<std::size_t>(rank)];
    ASSERT_EQ(cycle.rank_of(i), rank) << i;
    ASSERT_EQ(cycle.local_index(i), static_cast<index_t>(hand.size())) << i;
    ASSERT_EQ(cycle.global_index(rank, static_cast<index_t>(hand.size())), i);
    hand.push_back(i);
  }
  for (int r = 0; r < ranks; ++r)
    ASSERT_EQ(cycle.size(r), static_cast<index_t>(hands[static_cast<std::size_t>(r)].size()));
}

TEST(divisor, divides_as_the_machine_does) {
  std::mt19937_64 random(2);
  std::vector<index_t> numbers{most, most - 1, most / 2, most / 3, index_t{1} << 62, (index_t{1} << 62) - 1};
  for (index_t d = 1; d < 300; ++d) numbers.push_back(d);
  for (int i = 0; i < 300; ++i) numbers.push_back(1 + static_cast<index_t>(random() >> (1 + random() % 62)));
  for (index_t const d : numbers) {
    divisor const by(d);
    auto const check = [&](index_t x) {
      ASSERT_EQ(by.of(x), x / d) << x << " / " << d;
      ASSERT_EQ(by.rest(x, by.of(x)), x % d) << x << " % " << d;
    };
    for (index_t const x : numbers) {
      check(x), check(x - 1);
      check(x / d * d);  // where the quotient changes
      if (x / d > 0) check(x / d * d - 1);
    }
  }
}

TEST(assignments, cycles_are_dealt) {
  for (int ranks : {1, 2, 3, 7})
    for (index_t block : {1, 2, 5, 32})
      for (index_t n : {0, 1, 9, 10, 31, 64, 257}) {
        SCOPED_TRACE(std::to_string(n) + " elements, " + std::to_string(ranks) + " ranks, block " +
                     std::to_string(block));
        expect_dealt(block_cyclic(n, ranks, block), n, ranks, block,
                     [&](index_t turn) { return static_cast<int>(turn % ranks); });
      }
  EXPECT_EQ(round_robin(10, 3).size(0), 4);
  EXPECT_EQ(block_cyclic(10, 2, 3).size(0), 6) << "the example of the card";
  block_cyclic const huge(most, 3, 1000);
  EXPECT_EQ(huge.global_index(huge.rank_of(most - 1), huge.local_index(most - 1)), most - 1);
  EXPECT_EQ(huge.size(0) + huge.size(1) + huge.size(2), most);
}

TEST(assignments, weighted_cycles_are_dealt) {
  for (reals const& weights :
       {reals{1}, reals{2, 1}, reals{4, 2, 1, 1}, reals{0, 1, 0}, reals{1e-9, 1}, reals{3, 5, 7}})
    for (int period : {1, 3, 8, 15, 256})
      for (index_t block : {1, 4})
        for (index_t n : {0, 1, 14, 15, 100, 1000}) {
          weighted_cyclic const cycle(n, weights, block, period);
          SCOPED_TRACE(std::to_string(n) + " elements, weights " + testing::PrintToString(weights) +
                       ", period " + std::to_string(period));
          auto const counts = apportion(period, weights, apportionment::webster);
          for (std::size_t r = 0; r < weights.size(); ++r)
            ASSERT_EQ(std::count(cycle.wheel().begin(), cycle.wheel().end(), static_cast<int>(r)), counts[r]);
          expect_dealt(cycle, n, cycle.ranks(), block,
                       [&](index_t turn) { return cycle.wheel()[static_cast<std::size_t>(turn % period)]; });
        }
  auto const wheel = [](reals const& weights, int period) {
    weighted_cyclic const cycle(0, weights, 1, period);
    return std::vector<int>(cycle.wheel().begin(), cycle.wheel().end());
  };
  EXPECT_EQ(wheel({2, 1}, 3), (std::vector<int>{0, 1, 0}));
  EXPECT_EQ(wheel({1, 1, 1}, 6), (std::vector<int>{0, 1, 2, 0, 1, 2}));
  EXPECT_EQ(wheel({5, 1, 1}, 7), (std::vector<int>{0, 0, 0, 1, 2, 0, 0}));
  // Every beginning of the wheel is itself Webster's division.
  for (int k = 1; k <= 16; ++k) {
    reals const weights = {8, 4, 3, 1};
    auto const places = wheel(weights, 16);
    auto const shares = apportion(k, weights, apportionment::webster);
    for (int r = 0; r < 4; ++r)
      EXPECT_EQ(std::count(places.begin(), places.begin() + k, r), shares[static_cast<std::size_t>(r)]);
  }
}

double makespan_of(reals const& costs, reals const& speeds, std::vector<int> const& rank_of) {
  reals loads(speeds.size(), 0);
  for (std::size_t t = 0; t < costs.size(); ++t) loads[static_cast<std::size_t>(rank_of[t])] += costs[t];
  double longest = 0;
  for (std::size_t r = 0; r < speeds.size(); ++r)
    if (loads[r] > 0) longest = std::max(longest, loads[r] / speeds[r]);
  return longest;
}

TEST(assignments, tasks_within_the_bound) {
  double worst = 1;
  for (std::uint64_t seed = 0; seed < tests::rounds(1500u); ++seed) {
    std::mt19937_64 random(seed);
    reals costs(random() % 7), speeds(1 + random() % 3);
    for (double& c : costs) c = static_cast<double>(random() % 20);
    for (double& s : speeds) s = static_cast<double>(seed % 3 == 0 ? 1 : random() % 5);
    speeds[random() % speeds.size()] += 1;
    SCOPED_TRACE("costs " + testing::PrintToString(costs) + ", speeds " + testing::PrintToString(speeds));
    auto const found = assign_tasks(costs, speeds);
    // By the definition. Loads and speeds are small integers: cross products are exact.
    std::vector<std::size_t> order(costs.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return costs[a] > costs[b]; });
    reals loads(speeds.size(), 0);
    for (std::size_t const task : order) {
      std::size_t best = speeds.size();
      for (std::size_t r = 0; r < speeds.size(); ++r)
        if (speeds[r] > 0 && (best == speeds.size() || (loads[r] + costs[task]) * speeds[best] <
                                                           (loads[best] + costs[task]) * speeds[r]))
          best = r;
      loads[best] += costs[task];
      ASSERT_EQ(found.rank_of[task], static_cast<int>(best)) << "task " << task;
    }
    ASSERT_EQ(found.loads, loads);
    ASSERT_EQ(found.makespan, makespan_of(costs, speeds, found.rank_of));
    double optimum = HUGE_VAL;
    std::vector<int> any(costs.size(), 0);
    for (bool more = true; more;) {
      bool legal = true;
      for (int r : any) legal = legal && speeds[static_cast<std::size_t>(r)] > 0;
      if (legal) optimum = std::min(optimum, makespan_of(costs, speeds, any));
      std::size_t digit = 0;
      while (digit < any.size() && ++any[digit] == static_cast<int>(speeds.size())) any[digit++] = 0;
      more = digit < any.size();
    }
    auto const m =
        static_cast<double>(std::count_if(speeds.begin(), speeds.end(), [](double s) { return s > 0; }));
    bool const equal =
        std::adjacent_find(speeds.begin(), speeds.end(), std::not_equal_to<>()) == speeds.end();
    ASSERT_LE(found.makespan, optimum * (equal ? 4. / 3 - 1 / (3 * m) : 2 * m / (m + 1)) * (1 + 1e-15));
    if (optimum > 0) worst = std::max(worst, found.makespan / optimum);
  }
  EXPECT_GT(worst, 1.1) << "LPT is a heuristic; the bound was never put to the test";
}

TEST(assignments, known_tasks) {
  // Graham's own example, where LPT is at its bound: 11/9 on three machines.
  auto const graham = assign_tasks(reals{5, 5, 4, 4, 3, 3, 3}, reals{1, 1, 1});
  EXPECT_EQ(graham.makespan, 11);
  EXPECT_EQ(graham.rank_of, (std::vector<int>{0, 1, 2, 2, 0, 1, 0}));
  auto const tiny = assign_tasks(reals{5e-324, 1e-323}, reals{1e300, 2e300});
  EXPECT_EQ(tiny.rank_of, (std::vector<int>{0, 1}));
  EXPECT_EQ(tiny.loads, (reals{5e-324, 1e-323}));
  EXPECT_EQ(assign_tasks(reals{1, 2}, reals{0, 1, 0}).rank_of, (std::vector<int>{1, 1}));
  // A bit faster, and faster by more than a double can tell.
  EXPECT_EQ(assign_tasks(reals{1, 1}, reals{1, std::nextafter(1.0, 2)}).rank_of, (std::vector<int>{1, 0}));
  EXPECT_EQ(assign_tasks(reals{1e15 + 1, 1e15}, reals{0.3, 0.1 + 0.2}).rank_of, (std::vector<int>{1, 0}));
  EXPECT_EQ(assign_tasks(reals{3, 3, 3}, reals{1e-300, 0, 1e300}).rank_of, (std::vector<int>{2, 2, 2}));
  EXPECT_EQ(assign_tasks(reals{0}, reals{1e-300, 1e300}).rank_of, (std::vector<int>{0}));
  // 49 · (1/49) is less than 1 in doubles: the 49th task finds both ranks ready at the same time.
  auto const tie = assign_tasks(reals(49, 1.0), reals{1, 49}).rank_of;
  EXPECT_EQ(std::count(tie.begin(), tie.end(), 0), 1);
  EXPECT_EQ(tie[48], 0);
  EXPECT_EQ(assign_tasks({}, reals{0, 0}).loads, (reals{0, 0}));
}

TEST(assignments, refuses_and_says_why) {
  auto const message = [](auto const& call) -> std::string {
    try {
      call();
    } catch (usage_error const& e) { return e.what(); }
    return "nothing was thrown";
  };
  EXPECT_EQ(message([] { block_cyclic(-1, 1); }), "an array cannot have -1 elements");
  EXPECT_EQ(message([] { block_cyclic(1, 0); }), "there are 0 ranks; a cycle needs at least one");
  EXPECT_EQ(message([] { block_cyclic(1, 1, 0); }), "the block is 0; it must be at least one element");
  EXPECT_EQ(message([] { weighted_cyclic(1, reals{1}, 1, 0); }),
            "the period is 0; it must be at least one place");
  EXPECT_EQ(message([] { weighted_cyclic(1, reals{0}); }),
            "all 1 weights are zero; at least one must be positive");
  EXPECT_EQ(message([] {
              assign_tasks(reals{1, -1}, reals{1});
            }),
            "cost 1 is -1; costs are finite and not negative");
  EXPECT_EQ(message([] { assign_tasks(reals{1}, reals{0}); }),
            "all 1 speeds are zero; at least one must be positive");
  EXPECT_EQ(message([] { assign_tasks(reals{1}, reals{}); }),
            "all 0 speeds are zero; at least one must be positive");
}

}  // namespace
}  // namespace prorata
