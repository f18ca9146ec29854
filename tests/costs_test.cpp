// Partition by costs: against every possible partition, against known vectors, and what its messages promise.
#include <gtest/gtest.h>

#include <cmath>
#include <host/block_sums.hpp>
#include <limits>
#include <numeric>
#include <prorata/costs.hpp>
#include <prorata/error.hpp>
#include <random>
#include <string>
#include <tests/sanitizers.hpp>

namespace prorata {
namespace {

using integers = std::vector<std::uint64_t>;
using reals = std::vector<double>;

// All cuts on grains, in lexicographic order. Small integers: doubles and 64-bit products are exact.
struct instance {
  integers costs;
  std::vector<std::uint64_t> speeds;
  reals caps;  // whole numbers, or empty
  index_t grain = 1;

  index_t n() const { return static_cast<index_t>(costs.size()); }
  std::uint64_t load(index_t begin, index_t end) const {
    return std::accumulate(costs.begin() + begin, costs.begin() + end, std::uint64_t{0});
  }
  reals real_speeds() const { return {speeds.begin(), speeds.end()}; }
  reals real_costs() const { return {costs.begin(), costs.end()}; }

  void for_each(auto const& visit) const {
    std::vector<index_t> cuts = {0};
    extend(cuts, visit);
  }

 private:
  void extend(std::vector<index_t>& cuts, auto const& visit) const {
    std::size_t const rank = cuts.size() - 1;
    index_t const begin = cuts.back();
    if (rank == speeds.size()) {
      if (begin == n()) visit(cuts);
      return;
    }
    for (index_t end = begin;; end = std::min(end + grain, n())) {
      bool const fits =
          end == begin ||
          (speeds[rank] > 0 && (caps.empty() || static_cast<double>(load(begin, end)) <= caps[rank]));
      if (fits) {
        cuts.push_back(end);
        extend(cuts, visit);
        cuts.pop_back();
      }
      if (end == n()) break;
    }
  }
};

struct fraction {
  std::uint64_t above = 0, below = 1;
  friend bool operator<(fraction a, fraction b) { return a.above * b.below < b.above * a.below; }
};

fraction slowest(instance const& in, std::vector<index_t> const& cuts) {
  fraction result;
  for (std::size_t r = 0; r < in.speeds.size(); ++r)
    if (in.speeds[r] > 0) result = std::max(result, fraction{in.load(cuts[r], cuts[r + 1]), in.speeds[r]});
  return result;
}

struct optimum {
  bool feasible = false;
  fraction bottleneck;
  std::vector<std::vector<index_t>> cuts;  // all that reach it
};

optimum brute_force(instance const& in) {
  optimum best;
  in.for_each([&](std::vector<index_t> const& cuts) {
    fraction const time = slowest(in, cuts);
    if (!best.feasible || time < best.bottleneck) best = {true, time, {}};
    if (!(best.bottleneck < time)) best.cuts.push_back(cuts);
  });
  return best;
}

// The card's rule, among all optimal cuts: from left to right, the last within the proportional place, or
// else the first beyond it; and behind elements of cost zero.
std::vector<index_t> chosen(instance const& in, optimum const& best) {
  auto candidates = best.cuts;
  std::uint64_t const total = in.load(0, in.n());
  std::uint64_t const all = std::accumulate(in.speeds.begin(), in.speeds.end(), std::uint64_t{0});
  std::uint64_t speed = 0;
  for (std::size_t r = 0; r + 1 < in.speeds.size(); ++r) {
    speed += in.speeds[r];
    index_t within = -1, beyond = -1;
    for (auto const& cuts : candidates) {
      index_t const cut = cuts[r + 1];
      std::uint64_t const load = in.load(0, cut);
      if (load * all <= total * speed)
        within = std::max(within, cut);
      else if (beyond < 0 || load < in.load(0, beyond) || (load == in.load(0, beyond) && cut > beyond))
        beyond = cut;
    }
    std::erase_if(candidates,
                  [&](auto const& cuts) { return cuts[r + 1] != (within >= 0 ? within : beyond); });
  }
  return candidates.at(0);
}

instance some_instance(std::mt19937_64& random) {
  instance in;
  in.costs.resize(random() % 10);
  in.speeds.resize(1 + random() % 4);
  int const kind = static_cast<int>(random() % 4);
  for (auto& c : in.costs)
    c = kind == 0   ? random() % 3
        : kind == 1 ? random() % 100
        : kind == 2 ? std::uint64_t{1} << random() % 12
                    : random() % 2;
  for (auto& s : in.speeds) s = random() % 5;
  in.speeds[random() % in.speeds.size()] += 1 + random() % 9;
  in.grain = random() % 3 == 0 ? 1 + static_cast<index_t>(random() % 4) : 1;
  return in;
}

void expect_equal(cost_partition const& p, instance const& in, optimum const& best) {
  EXPECT_EQ(p.parts.n, in.n());
  EXPECT_EQ(p.parts.cuts, chosen(in, best));
  EXPECT_EQ(p.bottleneck,
            static_cast<double>(best.bottleneck.above) / static_cast<double>(best.bottleneck.below));
  for (int r = 0; r < p.parts.ranks(); ++r)
    EXPECT_EQ(p.loads[static_cast<std::size_t>(r)],
              static_cast<double>(in.load(p.parts.begin(r), p.parts.end(r))));
}

std::string shown(instance const& in) {
  return "costs " + testing::PrintToString(in.costs) + ", speeds " + testing::PrintToString(in.speeds) +
         ", caps " + testing::PrintToString(in.caps) + ", grain " + std::to_string(in.grain);
}

TEST(costs, equals_brute_force) {
  for (std::uint64_t seed = 0; seed < tests::rounds(6000u); ++seed) {
    std::mt19937_64 random(seed);
    instance const in = some_instance(random);
    SCOPED_TRACE("seed " + std::to_string(seed) + ", " + shown(in));
    optimum const best = brute_force(in);
    ASSERT_TRUE(best.feasible);
    cost_options const options{{}, in.grain, false};
    expect_equal(partition_by_costs(in.costs, in.real_speeds(), options), in, best);
    expect_equal(partition_by_costs(in.real_costs(), in.real_speeds(), options), in, best);
    auto const read = [&](index_t first, index_t n, double* to) {
      ASSERT_TRUE(0 <= first && n <= 1024 && first + n <= in.n());
      std::copy_n(in.costs.begin() + first, n, to);
    };
    expect_equal(partition_by_costs(in.n(), read, in.real_speeds(), options), in, best);
    // Powers of two scale everything exactly, also where they leave the range of the normal doubles.
    for (int const shift : {-1070, 900}) {
      reals costs = in.real_costs(), speeds = in.real_speeds();
      for (double& c : costs) c = std::ldexp(c, shift);
      for (double& s : speeds) s = std::ldexp(s, shift);
      auto const p = partition_by_costs(costs, speeds, options);
      EXPECT_EQ(p.parts.cuts, chosen(in, best));
      EXPECT_EQ(p.bottleneck,
                static_cast<double>(best.bottleneck.above) / static_cast<double>(best.bottleneck.below));
    }
  }
}

// "… smallest cap that would do is A for every rank, or B times each rank's speed"
struct promise {
  double every = -1, times_speed = -1;
};
promise read(std::string const& message) {
  auto const number_after = [&](std::string const& words) {
    auto const at = message.find(words);
    return at == std::string::npos ? -1 : std::strtod(message.c_str() + at + words.size(), nullptr);
  };
  return {number_after("would do is "), number_after("every rank, or ")};
}

bool holds(auto const& costs, reals const& speeds, cost_options options, reals caps) {
  options.caps = std::move(caps);
  try {
    auto const p = partition_by_costs(costs, speeds, options);
    double const total = std::accumulate(p.loads.begin(), p.loads.end(), 0.0);
    for (std::size_t r = 0; r < speeds.size(); ++r)
      EXPECT_LE(p.loads[r], options.normalised ? options.caps[r] * total * (1 + 1e-15) : options.caps[r]);
    return true;
  } catch (infeasible const&) { return false; }
}

void expect_promise(auto const& costs, reals const& speeds, cost_options const& options) {
  promise found;
  try {
    partition_by_costs(costs, speeds, options);
    FAIL() << "the caps were enough";
  } catch (infeasible const& e) { found = read(e.what()); }
  auto const scaled = [&](double cap) {
    reals caps = speeds;
    for (double& c : caps) c *= cap;
    return caps;
  };
  double const below = std::nextafter(found.every, 0.0),
               below_scaled = std::nextafter(found.times_speed, 0.0);
  EXPECT_TRUE(holds(costs, speeds, options, reals(speeds.size(), found.every))) << found.every;
  EXPECT_FALSE(holds(costs, speeds, options, reals(speeds.size(), below))) << found.every;
  EXPECT_TRUE(holds(costs, speeds, options, scaled(found.times_speed))) << found.times_speed;
  EXPECT_FALSE(holds(costs, speeds, options, scaled(below_scaled))) << found.times_speed;
}

TEST(costs, caps_equal_brute_force) {
  int infeasible_ones = 0;
  for (std::uint64_t seed = 0; seed < tests::rounds(6000u); ++seed) {
    std::mt19937_64 random(seed);
    instance in = some_instance(random);
    std::uint64_t const total = in.load(0, in.n());
    for (std::size_t r = 0; r < in.speeds.size(); ++r)
      in.caps.push_back(random() % 6 == 0 ? HUGE_VAL : static_cast<double>(random() % (total + 2)));
    SCOPED_TRACE("seed " + std::to_string(seed) + ", " + shown(in));
    optimum const best = brute_force(in);
    cost_options const options{in.caps, in.grain, false};
    if (best.feasible) {
      expect_equal(partition_by_costs(in.costs, in.real_speeds(), options), in, best);
      expect_equal(partition_by_costs(in.real_costs(), in.real_speeds(), options), in, best);
    } else {
      ++infeasible_ones;
      expect_promise(in.costs, in.real_speeds(), options);
      expect_promise(in.real_costs(), in.real_speeds(), options);
      reals costs = in.real_costs(), speeds = in.real_speeds();  // caps among the subnormals
      for (double& c : costs) c = std::ldexp(c, -1074);
      for (double& s : speeds) s = std::ldexp(s, static_cast<int>(seed % 1000) - 500);
      expect_promise(costs, speeds, {reals(speeds.size(), 0.0), in.grain, false});
    }
  }
  EXPECT_GT(infeasible_ones, tests::rounds(500));
}

TEST(costs, fractions_of_the_total) {
  double const costs[] = {1, 2, 3, 4};
  double const speeds[] = {1, 1};
  EXPECT_EQ(partition_by_costs(costs, speeds, {{.6, .4}, 1, true}).parts.cuts,
            (std::vector<index_t>{0, 3, 4}));
  EXPECT_EQ(partition_by_costs(costs, speeds, {{.3, .7}, 1, true}).parts.cuts,
            (std::vector<index_t>{0, 2, 4}));
  for (std::uint64_t seed = 0; seed < tests::rounds(200u); ++seed) {
    std::mt19937_64 random(seed);
    reals many(1 + random() % 40), powers(1 + random() % 5), caps(powers.size());
    for (double& c : many) c = static_cast<double>(random() >> 11) * 0x1p-53;
    for (double& s : powers) s = static_cast<double>(random() >> 11) * 0x1p-53;
    for (double& c : caps) c = .5 / static_cast<double>(caps.size());
    SCOPED_TRACE(seed);
    expect_promise(many, powers, {caps, 1, true});
    expect_promise(many, powers, {caps, 1 + static_cast<index_t>(random() % 3), true});
  }
}

// For more elements than can be enumerated: no rank has room below the bottleneck, by probes in long doubles'
// stead: integer speeds and products below 2^64.
TEST(costs, larger_ones_are_optimal_too) {
  for (std::uint64_t seed = 0; seed < tests::rounds(40u); ++seed) {
    std::mt19937_64 random(seed);
    instance in;
    in.costs.resize(20000 + random() % 9000);
    in.speeds.resize(1 + random() % 9);
    in.grain = seed % 3 == 0 ? 1 : seed % 3 == 1 ? 7 : 1024;
    for (auto& c : in.costs)
      c = seed % 2 == 0
              ? random() % 1000
              : static_cast<std::uint64_t>(1 / (1e-6 + std::ldexp(static_cast<double>(random() >> 11), -53)));
    for (auto& s : in.speeds) s = random() % 8;
    in.speeds[0] += 1;
    SCOPED_TRACE(seed);
    auto const p = partition_by_costs(in.costs, in.real_speeds(), {{}, in.grain, false});
    EXPECT_TRUE(p.parts.is_aligned(in.grain));
    EXPECT_EQ(p.parts.cuts.back(), in.n());
    fraction const time = slowest(in, p.parts.cuts);
    EXPECT_EQ(p.bottleneck, static_cast<double>(time.above) / static_cast<double>(time.below));
    // Anything faster: a rank takes while load·below < above·speed, and the end is not reached.
    index_t at = 0;
    for (std::uint64_t const speed : in.speeds)
      for (std::uint64_t load = 0; at < in.n();) {
        index_t const end = std::min(at + in.grain, in.n());
        load += in.load(at, end);
        if (speed == 0 || load * time.below >= time.above * speed) break;
        at = end;
      }
    EXPECT_LT(at, in.n());
  }
}

TEST(costs, known_vectors) {
  double const costs[] = {1, 9, 1, 1};
  EXPECT_EQ(partition_by_costs(costs, reals{9, 1, 1, 1}).bottleneck, 10.0 / 9);
  EXPECT_EQ(partition_by_costs(costs, reals{1, 9, 1, 1}).bottleneck, 1);
  EXPECT_EQ(partition_by_costs(costs, reals{1, 9, 1, 1}).parts.cuts, (std::vector<index_t>{0, 1, 2, 3, 4}));
  EXPECT_EQ(partition_by_costs(costs, reals{1, 1, 1, 9}).bottleneck, 11.0 / 9);
  integers const ones(10, 1);
  EXPECT_EQ(partition_by_costs(ones, reals{1, 1, 1, 1}).parts.cuts, (std::vector<index_t>{0, 2, 5, 7, 10}));
}

TEST(costs, unusual_inputs) {
  auto const cuts = [](reals const& costs, reals const& speeds) {
    return partition_by_costs(costs, speeds).parts.cuts;
  };
  using cuts_t = std::vector<index_t>;
  EXPECT_EQ(cuts({}, {1, 2}), (cuts_t{0, 0, 0}));
  EXPECT_EQ(cuts({}, {0}), (cuts_t{0, 0}));
  EXPECT_EQ(cuts({0, 0, 0}, {0, 1, 1, 0}), (cuts_t{0, 0, 3, 3, 3})) << "all zero: the first that has a speed";
  EXPECT_EQ(cuts({5}, {1, 1, 7, 1}), (cuts_t{0, 0, 0, 1, 1})) << "fewer elements than ranks";
  EXPECT_EQ(cuts({1, 1e300, 1}, {1, 1, 1}), (cuts_t{0, 1, 1, 3}))
      << "1 is below one unit, and follows the rule for zero";
  EXPECT_EQ(cuts({4, 0, 0, 4, 0}, {1, 1}), (cuts_t{0, 3, 5})) << "zeros go with the left";
  EXPECT_EQ(cuts({4, 4}, {1e-300, 1e300}), (cuts_t{0, 0, 2}));
  EXPECT_EQ(cuts({4, 4}, {5e-324, 5e-324}), (cuts_t{0, 1, 2}));
  EXPECT_EQ(cuts({1.7e308, 1.7e308, 1.7e308}, {2, 1}), (cuts_t{0, 2, 3})) << "a total beyond double";
  EXPECT_EQ(cuts({5e-324, 5e-324, 5e-324, -0.0}, {2, 1}), (cuts_t{0, 2, 4}));
  EXPECT_EQ(partition_by_costs(reals{.1, .2, .3}, reals{1, 2}).loads, (reals{.1, .5}));
}

// Caps hold for loads as they are returned: the total here is one unit more, and is returned as the cap.
TEST(costs, a_cap_that_only_rounding_reaches) {
  integers const costs{std::uint64_t{1} << 53, 1};
  cost_options options;
  options.caps = {0x1p53};
  auto const p = partition_by_costs(costs, reals{1}, options);
  EXPECT_EQ(p.parts.cuts, (std::vector<index_t>{0, 2}));
  EXPECT_EQ(p.loads, reals{0x1p53});
  options.caps = {std::nextafter(0x1p53, 0.0)};
  EXPECT_THROW(partition_by_costs(costs, reals{1}, options), infeasible);
}

// The same where the total is larger: a load that is returned as the cap is within it, also one unit more.
TEST(costs, caps_that_are_what_loads_look_like) {
  integers const costs{std::uint64_t{1} << 53, 1, 5};
  cost_options options;
  options.caps = {0x1p53, 5};
  auto const p = partition_by_costs(costs, reals{1, 1}, options);
  EXPECT_EQ(p.parts.cuts, (std::vector<index_t>{0, 2, 3}));
  EXPECT_EQ(p.loads, (reals{0x1p53, 5}));
  options.caps = {std::nextafter(0x1p53, 0.0), 5};
  EXPECT_THROW(partition_by_costs(costs, reals{1, 1}, options), infeasible);
}

// Of speeds that lie further apart than a load has bits, the faster rank takes all, wherever it stands; or what its cap
// lets it take, in what is no time at all for the slow one.
TEST(costs, speeds_that_lie_far_apart) {
  reals const costs{1, 2, 3, 4};
  for (int far = 70; far < 2000; far += 13) {
    double const slow = std::ldexp(1.5, -far / 2), fast = std::ldexp(1.25, far / 2);
    EXPECT_EQ(partition_by_costs(costs, reals{slow, fast}).parts.cuts, (std::vector<index_t>{0, 0, 4}))
        << far;
    EXPECT_EQ(partition_by_costs(costs, reals{fast, slow}).parts.cuts, (std::vector<index_t>{0, 4, 4}))
        << far;
    EXPECT_EQ(partition_by_costs(costs, reals{fast, slow}).bottleneck, 10 / fast) << far;
    auto const capped = partition_by_costs(costs, reals{fast, slow}, {{4, 10}, 1, false});
    EXPECT_EQ(capped.parts.cuts, (std::vector<index_t>{0, 2, 4})) << far;
    EXPECT_EQ(capped.bottleneck, 7 / slow) << far;
  }
}

// A few elements carry nearly everything: the heuristic cut at proportional places would be far off.
TEST(costs, heavy_tails) {
  std::mt19937_64 random(3);
  reals costs(5000);
  for (double& c : costs) c = std::pow(static_cast<double>(1 + (random() >> 11)) * 0x1p-53, -2.0);
  reals const speeds = {1, 2, 4, 8};
  double const total = std::accumulate(costs.begin(), costs.end(), 0.0);
  double const largest = *std::max_element(costs.begin(), costs.end());
  auto const p = partition_by_costs(costs, speeds);
  EXPECT_GE(p.bottleneck * (1 + 1e-12), std::max(total / 15, largest / 8));
  for (std::size_t r = 0; r < 4; ++r) EXPECT_LE(p.loads[r], p.bottleneck * speeds[r] * (1 + 1e-15));
  double const less = p.bottleneck * (1 - 1e-9);
  EXPECT_FALSE(holds(costs, speeds, {}, {less, 2 * less, 4 * less, 8 * less}));
}

TEST(costs, ten_million) {
  std::size_t const n = 10'000'000;
  reals costs(n);
  for (std::size_t i = 0; i < n; ++i) costs[i] = 1 + static_cast<double>(i * 2654435761 % 1024) / 1024;
  reals const speeds = {4, 2, 1, 1, 0, 3, 3, 2};
  auto const p = partition_by_costs(costs, speeds);
  EXPECT_EQ(p.parts.n, static_cast<index_t>(n));
  double const total = std::accumulate(p.loads.begin(), p.loads.end(), 0.0);
  EXPECT_EQ(total, std::accumulate(costs.begin(), costs.end(), 0.0));  // multiples of 1/1024: exact
  EXPECT_GE(p.bottleneck, total / 16);
  EXPECT_LE(p.bottleneck, total / 16 + 2);
  EXPECT_EQ(p.parts.size(4), 0);
  for (std::size_t r = 0; r < 8; ++r) EXPECT_LE(p.loads[r], p.bottleneck * speeds[r]);
}

// The total lies in [2^20, 2^21): the unit is 2^-41, whichever threads add up what.
TEST(costs, read_in_pieces_they_are_cut_as_in_memory) {
  std::mt19937_64 random(7);
  for (index_t const n : {1, 1023, 1025, 300'007}) {
    reals costs(static_cast<std::size_t>(n));
    for (double& c : costs)
      c = std::ldexp(static_cast<double>(random() >> 11), static_cast<int>(random() % 60) - 90);
    auto const read = [&](index_t first, index_t count, double* to) {
      std::copy_n(costs.begin() + first, count, to);
    };
    for (index_t const grain : {1, 7, 1024, 100'000}) {
      auto const here = partition_by_costs(costs, reals{3, 0, 1, 2.5}, {{}, grain, false});
      auto const there = partition_by_costs(n, read, reals{3, 0, 1, 2.5}, {{}, grain, false});
      EXPECT_EQ(here.parts.cuts, there.parts.cuts);
      EXPECT_EQ(here.loads, there.loads);
      EXPECT_EQ(here.bottleneck, there.bottleneck);
    }
  }
  reals wrong(5000, 1.0);
  wrong[4321] = -1;
  try {
    partition_by_costs(
        5000,
        [&](index_t first, index_t count, double* to) { std::copy_n(wrong.begin() + first, count, to); },
        reals{1});
    FAIL();
  } catch (usage_error const& e) {
    EXPECT_NE(std::string(e.what()).find("cost 4321 is -1"), std::string::npos);
  }
}

TEST(costs, few_large_blocks_find_the_same_places) {
  std::mt19937_64 random(8);
  integers costs(50'000);
  for (auto& c : costs) c = random() % 3;
  auto const cost = [&](index_t i) { return costs[static_cast<std::size_t>(i)]; };
  for (index_t const grain : {1, 1000}) {
    host::block_sums const many(50'000, grain, cost), few(50'000, grain, cost, 3);
    ASSERT_EQ(many.total(), few.total());
    for (std::uint64_t limit = 0; limit <= many.total(); limit += 97) {
      EXPECT_EQ(many.last_within(limit).cut, few.last_within(limit).cut);
      EXPECT_EQ(many.first_with(limit).cut, few.first_with(limit).cut);
    }
  }
}

TEST(costs, unit_is_that_of_the_exact_total) {
  reals costs((1 << 20) + 100, 1);
  costs[0] = 0x1p-42;
  costs[1] = 0x1p-41;
  for (int round = 0; round < 20; ++round) {
    auto const p = partition_by_costs(costs, reals{0x1p-60, 1});
    ASSERT_EQ(p.parts.cuts[1], 2);
    ASSERT_EQ(p.loads[0], 0x1p-41);
  }
}

TEST(costs, integers_up_to_the_limit) {
  std::uint64_t const half = std::uint64_t{1} << 62;
  EXPECT_EQ(partition_by_costs(integers{half, half - 1}, reals{1, 1}).parts.cuts,
            (std::vector<index_t>{0, 1, 2}));
  EXPECT_EQ(partition_by_costs(integers{half, half - 1}, reals{1, 1}).bottleneck, 0x1p62);
  EXPECT_THROW(partition_by_costs(integers{half, half}, reals{1, 1}), usage_error);
  EXPECT_THROW(partition_by_costs(integers(10000, ~std::uint64_t{0}), reals{1, 1}), usage_error);
}

TEST(costs, refuses_and_says_why) {
  auto const message = [](reals const& costs, reals const& speeds,
                          cost_options const& options = {}) -> std::string {
    try {
      partition_by_costs(costs, speeds, options);
    } catch (error const& e) { return e.what(); }
    return "nothing was thrown";
  };
  reals late(200000, 1);
  late[161234] = -1;
  late[170000] = std::nan("");
  EXPECT_EQ(message({1, std::nan("")}, {1}), "cost 1 is nan; costs are finite and not negative");
  EXPECT_EQ(message({HUGE_VAL, -1}, {1}), "cost 0 is inf; costs are finite and not negative");
  EXPECT_EQ(message(late, {1, 1}), "cost 161234 is -1; costs are finite and not negative");
  EXPECT_EQ(message({1}, {1, -2}), "speed 1 is -2; speeds are finite and not negative");
  EXPECT_EQ(message({1}, {0, 0}), "all 2 speeds are zero; at least one must be positive");
  EXPECT_EQ(message({1}, {}), "a partition needs at least one rank; no speeds were given");
  EXPECT_EQ(message({1}, {1}, {{}, 0, false}), "the granularity is 0; it must be at least one element");
  EXPECT_EQ(message({1}, {1}, {{1, 2}, 1, false}), "2 caps were given for 1 ranks; give one for each");
  EXPECT_EQ(message({1}, {1}, {{std::nan("")}, 1, false}),
            "cap 0 is nan; it must be a number and not negative");
  EXPECT_EQ(message({1, 9, 1, 1}, {1, 1, 1, 9}, {{1, 1, 1, 11}, 1, false}), "nothing was thrown");
  EXPECT_EQ(
      message({1, 9, 1, 1}, {1, 1, 1, 9}, {{1, 1, 1, 10}, 1, false}),
      "the caps hold no more than the first 3 of 4 elements; the smallest cap that would do is 9 for every "
      "rank, or 1.2222222222222223 times each rank's speed");
  EXPECT_EQ(message({1, 1, 2}, {1, 1}, {{.25, .25}, 1, true}),
            "the caps hold no more than the first 2 of 3 elements; the smallest cap that would do is 0.5 of "
            "the total "
            "for every rank, or 0.5 of the total times each rank's speed");
}

}  // namespace
}  // namespace prorata
