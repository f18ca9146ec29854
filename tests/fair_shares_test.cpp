// Fair shares: published tables, the level of the water in exact rationals, unit after unit by the rule, and all
// divisions there are.
#include <gmpxx.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <prorata/error.hpp>
#include <prorata/fair_shares.hpp>
#include <random>
#include <string>
#include <tests/gmp_oracle.hpp>
#include <tests/sanitizers.hpp>

namespace prorata {
namespace {

constexpr int fewer = tests::watched ? 20 : 1;

using units_t = std::vector<index_t>;

units_t units_of(index_t capacity, std::vector<claim> const& claims) {
  auto const found = fair_shares(capacity, claims);
  EXPECT_EQ(std::accumulate(found.units.begin(), found.units.end(), found.unclaimed), capacity);
  return found.units;
}

// Apache Hadoop, TestComputeFairShares.java.
TEST(fair_shares, tables_of_yarn) {
  std::vector<claim> const four(4);
  EXPECT_EQ(units_of(40, four), (units_t{10, 10, 10, 10}));
  auto const with = [](std::vector<double> const& weights, units_t const& minimums, units_t const& maximums) {
    std::vector<claim> claims(4);
    for (std::size_t i = 0; i < 4; ++i) {
      if (!weights.empty()) claims[i].weight = weights[i];
      if (!minimums.empty()) claims[i].minimum = minimums[i];
      if (!maximums.empty()) claims[i].maximum = maximums[i];
    }
    return claims;
  };
  EXPECT_EQ(units_of(40, with({}, {}, {100, 50, 11, 3})), (units_t{13, 13, 11, 3}));
  EXPECT_EQ(units_of(40, with({}, {20, 18, 0, 2}, {})), (units_t{20, 18, 0, 2}));
  EXPECT_EQ(units_of(45, with({2, 1, 1, 0.5}, {}, {})), (units_t{20, 10, 10, 5}));
  EXPECT_EQ(units_of(45, with({2, 1, 1, 0.5}, {}, {10, 11, 30, 20})), (units_t{10, 11, 16, 8}));
  EXPECT_EQ(units_of(45, with({2, 1, 1, 0.5}, {20, 0, 5, 15}, {})), (units_t{20, 5, 5, 15}));
  index_t const millions = 40'000'000;
  EXPECT_EQ(units_of(millions, four), units_t(4, millions / 4));
  EXPECT_EQ(units_of(millions, {}), units_t{});
  // Minimums beyond everything, which once did not end there.
  std::vector<claim> beyond(2);
  for (claim& c : beyond) c.minimum = std::numeric_limits<int>::max();
  EXPECT_EQ(units_of(40, beyond), (units_t{20, 20}));
  EXPECT_TRUE(fair_shares(40, beyond).minimums_reduced);
  for (claim& c : beyond) c.minimum = no_limit;
  EXPECT_EQ(units_of(no_limit, beyond), (units_t{no_limit / 2 + 1, no_limit / 2}));
}

TEST(fair_shares, corners) {
  EXPECT_EQ(units_of(10, {{.weight = 0}, {.weight = 1, .maximum = 4}, {.weight = 0, .demand = 2}}),
            (units_t{4, 4, 2}));
  EXPECT_EQ(units_of(10, {{.weight = 0, .minimum = 3}, {.weight = 1}}), (units_t{3, 7}));
  EXPECT_EQ(units_of(10, {{.weight = 1, .minimum = 8, .demand = 2}, {.weight = 1}}), (units_t{2, 8}))
      << "a minimum is for what is wanted";
  EXPECT_EQ(units_of(0, {{.weight = 0}, {.weight = 1}}), (units_t{0, 0}));
  EXPECT_EQ(units_of(52, {{.weight = 1}, {.weight = 1}, {.weight = 100, .minimum = 51}}), (units_t{0, 0, 52}))
      << "the unit that is left is worth most to one that the water has not reached";
  auto const little = fair_shares(10, std::vector<claim>{{.demand = 2}, {.demand = 3}});
  EXPECT_EQ(little.units, (units_t{2, 3}));
  EXPECT_EQ(little.unclaimed, 5);
  EXPECT_FALSE(little.minimums_reduced);
  // 12 units for minimums of 8, 8 and 2: by weight, up to them.
  auto const reduced = fair_shares(
      12, std::vector<claim>{
              {.weight = 3, .minimum = 8}, {.weight = 1, .minimum = 8}, {.weight = 2, .minimum = 2}});
  EXPECT_TRUE(reduced.minimums_reduced);
  EXPECT_EQ(reduced.units, (units_t{8, 2, 2}));
  EXPECT_EQ(units_of(no_limit, {{.weight = 1e-300}, {.weight = 1e300}, {.weight = 5e-324, .minimum = 7}}),
            (units_t{0, no_limit - 7, 7}));
}

struct limits {
  std::vector<mpq_class> weights;
  units_t lower, upper;
};

/// Claims with a weight, or those without as equals; lower and upper as they count.
limits limits_of(std::vector<claim> const& claims, bool with_weight, bool reduced) {
  limits result;
  for (claim const& c : claims) {
    if ((c.weight > 0) != with_weight) continue;
    index_t const upper = std::min(c.maximum, c.demand), lower = std::min(c.minimum, upper);
    result.weights.push_back(with_weight ? oracle::value_of(c.weight) : mpq_class(1));
    result.lower.push_back(reduced ? 0 : lower);
    result.upper.push_back(reduced ? lower : upper);
  }
  return result;
}

/// As the rule says: everybody has the minimum; each further unit goes to the largest weight/(units + 1).
units_t unit_by_unit(index_t n, limits const& l) {
  units_t units = l.lower;
  for (index_t left = n - std::accumulate(units.begin(), units.end(), index_t{0}); left > 0; --left) {
    std::size_t best = units.size();
    for (std::size_t i = 0; i < units.size(); ++i)
      if (units[i] < l.upper[i] &&
          (best == units.size() || l.weights[i] / (units[i] + 1) > l.weights[best] / (units[best] + 1)))
        best = i;
    if (best == units.size()) break;
    ++units[best];
  }
  return units;
}

/// Units at a level of the water.
mpq_class filled(mpq_class const& weight, index_t lower, index_t upper, mpq_class const& level) {
  return std::max<mpq_class>(std::min<mpq_class>(weight * level, mpz_class(std::to_string(upper))),
                             mpz_class(std::to_string(lower)));
}

std::vector<claim> some_claims(std::mt19937_64& random, index_t scale) {
  std::vector<claim> claims(1 + random() % 7);
  auto const kind = random() % 4;
  auto const some = [&] { return static_cast<index_t>(random() % static_cast<std::uint64_t>(scale)); };
  for (claim& c : claims) {
    double const unit = static_cast<double>(random() >> 11) * 0x1p-53;
    c.weight = kind == 0   ? static_cast<double>(random() % 4)
               : kind == 1 ? unit
               : kind == 2 ? std::ldexp(unit, static_cast<int>(random() % 100) - 50)
                           : std::ldexp(unit, static_cast<int>(random() % 2000) - 1000);
    if (random() % 3 == 0) c.minimum = some() / 4;
    if (random() % 3 == 0) c.maximum = c.minimum + some() / 2;
    if (random() % 3 == 0) c.demand = some();
  }
  return claims;
}

TEST(fair_shares, equal_the_rule_unit_by_unit) {
  int reductions = 0;
  for (std::uint64_t seed = 0; seed < 10000 / fewer; ++seed) {
    std::mt19937_64 random(seed);
    auto const claims = some_claims(random, 30);
    auto const n = static_cast<index_t>(random() % 80);
    SCOPED_TRACE("seed " + std::to_string(seed));
    index_t minimums = 0, of_zero = 0, upper = 0;
    for (claim const& c : claims) {
      index_t const m = std::min(c.minimum, std::min(c.maximum, c.demand));
      minimums += m;
      if (c.weight == 0) of_zero += m;
    }
    bool const reduced = minimums > n;
    reductions += reduced;
    auto const weighted = limits_of(claims, true, reduced), others = limits_of(claims, false, reduced);
    units_t const first = unit_by_unit(reduced ? n : n - of_zero, weighted);
    index_t const used = std::accumulate(first.begin(), first.end(), index_t{0});
    units_t const second = unit_by_unit(n - used, others);
    upper = used + std::accumulate(second.begin(), second.end(), index_t{0});
    units_t expected;
    for (std::size_t i = 0, a = 0, b = 0; i < claims.size(); ++i)
      expected.push_back(claims[i].weight > 0 ? first[a++] : second[b++]);
    auto const found = fair_shares(n, claims);
    ASSERT_EQ(found.units, expected);
    ASSERT_EQ(found.minimums_reduced, reduced);
    ASSERT_EQ(found.unclaimed, n - upper);
  }
  EXPECT_GT(reductions, 100 / fewer);
}

// Of numbers beyond counting: there is a level of the water, with less than a unit below it for anybody, and no unit
// would be better placed elsewhere.
TEST(fair_shares, whole_units_of_the_level) {
  for (std::uint64_t seed = 0; seed < 2000 / fewer; ++seed) {
    std::mt19937_64 random(seed);
    SCOPED_TRACE("seed " + std::to_string(seed));
    index_t const scale = no_limit >> (random() % 40);
    auto claims = some_claims(random, scale);
    for (claim& c : claims)
      if (c.weight == 0) c.weight = 1;
    index_t const n = static_cast<index_t>(random() >> 1) >> (random() % 20);
    auto const found = fair_shares(n, claims);
    limits const l = limits_of(claims, true, found.minimums_reduced);
    mpz_class total = mpz_class(std::to_string(found.unclaimed)), room = 0;
    for (std::size_t i = 0; i < claims.size(); ++i) {
      total += mpz_class(std::to_string(found.units[i]));
      room += mpz_class(std::to_string(l.upper[i])) - mpz_class(std::to_string(found.units[i]));
      ASSERT_LE(l.lower[i], found.units[i]);
      ASSERT_LE(found.units[i], l.upper[i]);
    }
    ASSERT_EQ(total, mpz_class(std::to_string(n)));
    if (found.unclaimed > 0) {
      ASSERT_EQ(room, 0);
      continue;
    }
    auto const worth = [&](std::size_t i, index_t unit) {
      return mpq_class(l.weights[i] / mpq_class(mpz_class(std::to_string(unit))));
    };
    for (std::size_t i = 0; i < claims.size(); ++i)
      for (std::size_t j = 0; j < claims.size(); ++j)
        if (i != j && found.units[i] > l.lower[i] && found.units[j] < l.upper[j]) {
          auto const kept = worth(i, found.units[i]);
          auto const missed = worth(j, static_cast<index_t>(static_cast<std::uint64_t>(found.units[j]) + 1));
          ASSERT_TRUE(kept > missed || (kept == missed && i < j)) << i << " " << j;
        }
    // The level at which claim i would have one unit more than it has is above that of the water: all would be given.
    for (std::size_t i = 0; i < claims.size(); ++i) {
      if (found.units[i] == l.upper[i]) continue;
      mpq_class const level = mpq_class(mpz_class(std::to_string(found.units[i])) + 1) / l.weights[i];
      mpq_class there = 0;
      for (std::size_t j = 0; j < claims.size(); ++j)
        there += filled(l.weights[j], l.lower[j], l.upper[j], level);
      ASSERT_GT(there, mpz_class(std::to_string(n)))
          << "claim " << i << " has less than its share rounded down";
    }
  }
}

/// All ways to give n units within limits.
template <class Visit>
void each_division(index_t n, limits const& l, units_t& units, Visit const& visit) {
  std::size_t const i = units.size();
  if (i == l.lower.size()) {
    if (n == 0) visit(units);
    return;
  }
  for (index_t k = l.lower[i]; k <= std::min(n, l.upper[i]); ++k) {
    units.push_back(k);
    each_division(n - k, l, units, visit);
    units.pop_back();
  }
}

// Of all divisions, one whose largest units/weight is the smallest, of those who have more than their minimum.
TEST(fair_shares, no_division_is_fairer) {
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    std::mt19937_64 random(seed);
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::vector<claim> claims(1 + random() % 4);
    for (claim& c : claims) {
      c.weight = static_cast<double>(1 + random() % 9);
      c.minimum = static_cast<index_t>(random() % 4);
      c.maximum = c.minimum + static_cast<index_t>(random() % 9);
    }
    auto const n = static_cast<index_t>(random() % 16);
    auto const found = fair_shares(n, claims);
    if (found.minimums_reduced || found.unclaimed > 0) continue;
    limits const l = limits_of(claims, true, false);
    auto const highest = [&](units_t const& units) {
      mpq_class level = 0;
      for (std::size_t i = 0; i < units.size(); ++i)
        if (units[i] > l.lower[i]) level = std::max<mpq_class>(level, units[i] / l.weights[i]);
      return level;
    };
    mpq_class const ours = highest(found.units);
    units_t units;
    each_division(n, l, units, [&](units_t const& other) {
      ASSERT_LE(ours, highest(other)) << testing::PrintToString(other);
    });
  }
}

std::string message(auto const& act) {
  try {
    act();
  } catch (usage_error const& e) { return e.what(); }
  return "nothing was thrown";
}

TEST(fair_shares, refuses_by_index_and_value) {
  auto const of = [](index_t n, std::vector<claim> const& claims) {
    return message([&] { fair_shares(n, claims); });
  };
  EXPECT_EQ(of(-1, {}), "cannot divide -1 units; the number must not be negative");
  EXPECT_EQ(of(1, {{}, {.weight = -1}}), "weight 1 is -1; weights are finite and not negative");
  EXPECT_EQ(of(1, {{.weight = std::nan("")}}), "weight 0 is nan; weights are finite and not negative");
  EXPECT_EQ(of(1, {{.minimum = -3}}), "the minimum of claim 0 is -3; it must not be negative");
  EXPECT_EQ(of(1, {{}, {.demand = -3}}), "the demand of claim 1 is -3; it must not be negative");
  EXPECT_EQ(of(1, {{.minimum = 3, .maximum = 2}}), "the minimum of claim 0 is 3, above its maximum 2");
  EXPECT_EQ(of(1, {{.maximum = -2}}), "the minimum of claim 0 is 0, above its maximum -2");
}

// Ghodsi et al., section 4.1.
TEST(dominant_shares, example_of_the_paper) {
  index_t const capacities[] = {9, 18}, needs[] = {1, 4, 3, 1};
  double const equal[] = {1, 1}, weights[] = {1, 2};
  EXPECT_EQ(dominant_shares(capacities, needs, equal), (units_t{3, 2}));
  EXPECT_EQ(dominant_shares(capacities, needs, weights), (units_t{3, 2}));
  index_t const most[] = {1, 9};
  EXPECT_EQ(dominant_shares(capacities, needs, equal, most), (units_t{1, 2}));
  index_t const large[] = {9'000'000'000'000'000, 18'000'000'000'000'000};
  EXPECT_EQ(dominant_shares(large, needs, equal), (units_t{3'000'000'000'000'000, 2'000'000'000'000'000}));
}

/// Task after task, as the paper says.
units_t task_by_task(units_t free, units_t const& needs, std::vector<double> const& weights,
                     units_t const& most) {
  std::size_t const resources = free.size();
  units_t const capacities = free;
  units_t tasks(weights.size(), 0);
  for (bool const with_weight : {true, false}) {
    std::vector<bool> blocked(weights.size());
    for (;;) {
      std::size_t best = weights.size();
      mpq_class least;
      for (std::size_t i = 0; i < weights.size(); ++i) {
        if (blocked[i] || (weights[i] > 0) != with_weight || tasks[i] == most[i]) continue;
        mpq_class share = 0;
        for (std::size_t r = 0; r < resources; ++r)
          if (capacities[r] > 0)
            share =
                std::max<mpq_class>(share, mpq_class(tasks[i] * needs[i * resources + r]) / capacities[r]);
        if (with_weight) share /= oracle::value_of(weights[i]);
        if (best == weights.size() || share < least) best = i, least = share;
      }
      if (best == weights.size()) break;
      bool fits = true;
      for (std::size_t r = 0; r < resources; ++r) fits = fits && needs[best * resources + r] <= free[r];
      blocked[best] = !fits;
      for (std::size_t r = 0; r < resources && fits; ++r) free[r] -= needs[best * resources + r];
      tasks[best] += fits;
    }
  }
  return tasks;
}

TEST(dominant_shares, equal_the_rule_task_by_task) {
  for (std::uint64_t seed = 0; seed < 3000 / fewer; ++seed) {
    std::mt19937_64 random(seed);
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::size_t const tenants = random() % 6, resources = 1 + random() % 3;
    units_t capacities(resources), needs(tenants * resources), most(tenants);
    for (index_t& c : capacities) c = static_cast<index_t>(random() % (seed % 3 == 0 ? 20 : 200));
    for (index_t& n : needs) n = static_cast<index_t>(random() % 9);
    std::vector<double> weights(tenants);
    for (std::size_t i = 0; i < tenants; ++i) {
      auto const small = static_cast<double>(random() % 5);
      weights[i] = seed % 2 == 0 ? small : std::ldexp(small, static_cast<int>(random() % 1000) - 500);
      most[i] = random() % 2 == 0 ? no_limit : static_cast<index_t>(random() % 30);
      needs[i * resources] +=
          std::accumulate(needs.begin() + static_cast<std::ptrdiff_t>(i * resources),
                          needs.begin() + static_cast<std::ptrdiff_t>((i + 1) * resources), index_t{0}) == 0;
    }
    ASSERT_EQ(dominant_shares(capacities, needs, weights, most),
              task_by_task(capacities, needs, weights, most));
  }
}

TEST(dominant_shares, refuses_by_index_and_value) {
  index_t const capacities[] = {9, 18}, needs[] = {1, 4, 0, 0}, negative[] = {1, 4, 3, -1}, few[] = {1};
  double const weights[] = {1, 1};
  EXPECT_EQ(message([&] { dominant_shares(capacities, needs, weights); }),
            "a task of tenant 1 needs nothing, and would run for ever");
  EXPECT_EQ(message([&] { dominant_shares(capacities, negative, weights); }),
            "the need of tenant 1 for resource 1 is -1; it must not be negative");
  EXPECT_EQ(message([&] { dominant_shares(capacities, few, weights); }),
            "1 needs were given for 2 tenants and 2 resources; give one for each of each");
  EXPECT_EQ(message([&] { dominant_shares(capacities, needs, weights, few); }),
            "1 numbers of tasks were given for 2 tenants");
  EXPECT_EQ(message([&] { dominant_shares(std::vector<index_t>{-1}, few, std::vector<double>{1}); }),
            "the capacity of resource 0 is -1; it must not be negative");
  EXPECT_EQ(message([&] { dominant_shares(few, few, std::vector<double>{1}, std::vector<index_t>{-4}); }),
            "the number of tasks of tenant 0 is -4; it must not be negative");
}

}  // namespace
}  // namespace prorata
