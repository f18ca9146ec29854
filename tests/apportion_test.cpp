// Apportionment: against the definitions in big integers, against optimality by enumeration, and known
// vectors.
#include <gmpxx.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <prorata/apportion.hpp>
#include <prorata/error.hpp>
#include <random>
#include <string>
#include <tests/sanitizers.hpp>

namespace prorata {
namespace {

constexpr index_t most = std::numeric_limits<index_t>::max();
using shares_t = std::vector<index_t>;
constexpr apportionment methods[] = {apportionment::hamilton, apportionment::webster, apportionment::dhondt};

mpq_class rational(double x) {
  mpq_class result;
  mpq_set_d(result.get_mpq_t(), x);
  return result;
}
mpz_class integer(index_t x) { return mpz_class(std::to_string(x)); }

mpz_class floor_of(mpq_class const& q) {
  mpz_class result;
  mpz_fdiv_q(result.get_mpz_t(), q.get_num_mpz_t(), q.get_den_mpz_t());
  return result;
}

// Largest remainders as the textbook says, one unit at a time.
shares_t textbook_hamilton(index_t n, std::vector<double> const& weights) {
  mpq_class total;
  for (double w : weights) total += rational(w);
  std::vector<mpq_class> remainders;
  shares_t shares;
  mpz_class left = integer(n);
  for (double w : weights) {
    mpq_class const exact = rational(w) * integer(n) / total;
    mpz_class const floor = floor_of(exact);
    shares.push_back(static_cast<index_t>(floor.get_si()));
    remainders.push_back(exact - floor);
    left -= floor;
  }
  for (; left > 0; --left) {
    std::size_t best = 0;
    for (std::size_t i = 1; i < weights.size(); ++i)
      if (remainders[i] > remainders[best]) best = i;
    ++shares[best];
    remainders[best] = -1;
  }
  return shares;
}

// Divisor methods as the textbook says: n times, one unit to the highest quotient that still has room.
shares_t textbook_divisor(index_t n, std::vector<double> const& weights, bool halves,
                          shares_t const& caps = {}) {
  shares_t shares(weights.size(), 0);
  for (index_t unit = 0; unit < n; ++unit) {
    std::size_t best = weights.size();
    mpq_class highest = 0;
    for (std::size_t i = 0; i < weights.size(); ++i) {
      if (!caps.empty() && shares[i] == caps[i]) continue;
      mpq_class const quotient = rational(weights[i]) / (halves ? 2 * shares[i] + 1 : shares[i] + 1);
      if (quotient > highest) {
        highest = quotient;
        best = i;
      }
    }
    ++shares.at(best);
  }
  return shares;
}

std::vector<double> some_weights(std::mt19937_64& random) {
  std::vector<double> weights(1 + random() % 6);
  int const kind = static_cast<int>(random() % 7);
  for (double& w : weights) {
    double const unit = static_cast<double>(random() >> 11) * 0x1p-53;
    switch (kind) {
      case 0:
        w = static_cast<double>(random() % 5);
        break;  // many ties and zeros
      case 1:
        w = unit;
        break;
      case 2:
        w = std::ldexp(unit, static_cast<int>(random() % 100) - 50);
        break;
      case 3:
        w = std::ldexp(unit, static_cast<int>(random() % 2000) - 1000);
        break;
      case 4:
        w = std::numeric_limits<double>::denorm_min() * static_cast<double>(random() % 9);
        break;
      case 5:
        w = std::numeric_limits<double>::max() / static_cast<double>(1 + random() % 3);
        break;
      default:
        w = static_cast<double>(1 + random() % 1000);
        break;
    }
  }
  if (std::accumulate(weights.begin(), weights.end(), 0.0) == 0) weights[0] = 1;
  return weights;
}

std::string shown(std::vector<double> const& weights) { return testing::PrintToString(weights); }

TEST(apportion, equals_the_textbook) {
  for (std::uint64_t seed = 0; seed < tests::rounds(3000u); ++seed) {
    std::mt19937_64 random(seed);
    auto const weights = some_weights(random);
    auto const n = static_cast<index_t>(random() % 60);
    SCOPED_TRACE("seed " + std::to_string(seed) + ", n = " + std::to_string(n) + ", weights " +
                 shown(weights));
    EXPECT_EQ(apportion(n, weights), textbook_hamilton(n, weights));
    EXPECT_EQ(apportion(n, weights, apportionment::webster), textbook_divisor(n, weights, true));
    EXPECT_EQ(apportion(n, weights, apportionment::dhondt), textbook_divisor(n, weights, false));
  }
}

// For n beyond counting: the quota rule, and no single move of one unit may improve what a method optimises.
TEST(apportion, huge_n_is_exact) {
  for (std::uint64_t seed = 0; seed < tests::rounds(600u); ++seed) {
    std::mt19937_64 random(seed);
    auto const weights = some_weights(random);
    index_t const n = seed % 2 == 0 ? most : static_cast<index_t>(random() >> (1 + random() % 40));
    SCOPED_TRACE("seed " + std::to_string(seed) + ", n = " + std::to_string(n) + ", weights " +
                 shown(weights));
    EXPECT_EQ(apportion(n, weights), textbook_hamilton(n, weights));
    for (bool halves : {true, false}) {
      auto const shares = apportion(n, weights, halves ? apportionment::webster : apportionment::dhondt);
      mpz_class total;
      for (index_t s : shares) total += integer(s);
      ASSERT_EQ(total, integer(n));
      auto const quotient = [&](std::size_t i, index_t units) -> mpq_class {
        mpz_class const divisor = halves ? mpz_class(2 * integer(units) + 1) : mpz_class(integer(units) + 1);
        return rational(weights[i]) / divisor;
      };
      for (std::size_t i = 0; i < weights.size(); ++i)
        for (std::size_t j = 0; j < weights.size(); ++j) {
          if (shares[i] == 0 || i == j) continue;
          // The last unit i got was worth at least the next that j would have got; ties to the lower index.
          mpq_class const got = quotient(i, shares[i] - 1), missed = quotient(j, shares[j]);
          EXPECT_TRUE(got > missed || (got == missed && i < j)) << i << " " << j;
        }
    }
  }
}

TEST(apportion, every_width_of_integer) {
  for (int width = 1; width < 300; ++width) {
    std::vector<double> const weights = {1, std::ldexp(3.0, -width), std::ldexp(1 + 0x1p-52, -width / 2)};
    SCOPED_TRACE(width);
    EXPECT_EQ(apportion(most, weights), textbook_hamilton(most, weights));
    shares_t shares = apportion(most, weights, apportionment::webster);
    EXPECT_EQ(integer(shares[0]) + integer(shares[1]) + integer(shares[2]), integer(most));
  }
}

void for_each_division(index_t n, std::size_t parts, shares_t& s, auto const& visit) {
  if (s.size() + 1 == parts) {
    s.push_back(n);
    visit(s);
    s.pop_back();
    return;
  }
  for (index_t k = 0; k <= n; ++k) {
    s.push_back(k);
    for_each_division(n - k, parts, s, visit);
    s.pop_back();
  }
}

TEST(apportion, optimises_what_it_says) {
  for (std::uint64_t seed = 0; seed < tests::rounds(300u); ++seed) {
    std::mt19937_64 random(seed);
    std::vector<double> weights(1 + random() % 4);
    for (double& w : weights) w = static_cast<double>(1 + random() % 90);
    auto const n = static_cast<index_t>(random() % 12);
    mpq_class total;
    for (double w : weights) total += rational(w);
    auto const deviation = [&](shares_t const& s) {  // Σ |s − q|
      mpq_class sum = 0;
      for (std::size_t i = 0; i < s.size(); ++i)
        sum += abs(mpq_class(s[i] - rational(weights[i]) * n / total));
      return sum;
    };
    auto const squares = [&](shares_t const& s) {  // Σ s²/w
      mpq_class sum = 0;
      for (std::size_t i = 0; i < s.size(); ++i) sum += mpq_class(s[i] * s[i]) / rational(weights[i]);
      return sum;
    };
    auto const makespan = [&](shares_t const& s) {  // max s/w
      mpq_class longest = 0;
      for (std::size_t i = 0; i < s.size(); ++i)
        longest = std::max(longest, mpq_class(s[i] / rational(weights[i])));
      return longest;
    };
    mpq_class least_deviation = -1, least_squares = -1, least_makespan = -1;
    shares_t s;
    for_each_division(n, weights.size(), s, [&](shares_t const& division) {
      auto const lower = [](mpq_class& least, mpq_class const& value) {
        if (least < 0 || value < least) least = value;
      };
      lower(least_deviation, deviation(division));
      lower(least_squares, squares(division));
      lower(least_makespan, makespan(division));
    });
    SCOPED_TRACE("seed " + std::to_string(seed));
    EXPECT_EQ(deviation(apportion(n, weights)), least_deviation);
    EXPECT_EQ(squares(apportion(n, weights, apportionment::webster)), least_squares);
    EXPECT_EQ(makespan(apportion(n, weights, apportionment::dhondt)), least_makespan);
  }
}

TEST(apportion, known_vectors) {
  double const before[] = {79, 23, 19, 37, 61, 6}, after[] = {75, 23, 19, 37, 61, 6};
  EXPECT_EQ(apportion(64, before), (shares_t{22, 7, 5, 11, 17, 2}));
  EXPECT_EQ(apportion(64, after), (shares_t{22, 6, 5, 11, 18, 2}));  // moved between two others
  EXPECT_EQ(apportion(64, before, apportionment::webster), (shares_t{22, 7, 5, 11, 17, 2}));
  EXPECT_EQ(apportion(64, after, apportionment::webster), (shares_t{22, 7, 5, 11, 17, 2}));  // did not
  double const tiny[] = {1, 1e-18};
  double const thirds[] = {1, 1, 1};
  double const huge[] = {1.7e308, 1.7e308, 1.7e308, 1.7e308};
  double const least[] = {5e-324, 1.5e-323};
  double const extremes[] = {5e-324, 1.7e308, 1.7e308};
  double const ties[] = {1, 0, 1, 1};
  for (auto method : methods) {
    EXPECT_EQ(apportion(most, tiny, method), (shares_t{most - 9, 9}));
    EXPECT_EQ(apportion(most, thirds, method), (shares_t{most / 3 + 1, most / 3, most / 3}))
        << "2^63 - 1 leaves 1 when divided by 3";
    EXPECT_EQ(apportion(100, huge, method), (shares_t{25, 25, 25, 25}));
    EXPECT_EQ(apportion(8, least, method), (shares_t{2, 6}));
    EXPECT_EQ(apportion(most, extremes, method), (shares_t{0, most / 2 + 1, most / 2}));
    EXPECT_EQ(apportion(1, ties, method), (shares_t{1, 0, 0, 0}));
    EXPECT_EQ(apportion(2, ties, method), (shares_t{1, 0, 1, 0}));
    EXPECT_EQ(apportion(0, ties, method), (shares_t{0, 0, 0, 0}));
    EXPECT_EQ(apportion(0, {}, method), shares_t{});
    EXPECT_EQ(apportion(0, std::vector<double>{0, 0}, method), (shares_t{0, 0}));
    EXPECT_EQ(apportion(5, std::vector<double>{-0.0, 1}, method), (shares_t{0, 5}));
  }
}

TEST(apportion, many_weights_take_one_step_each) {
  std::mt19937_64 random(1);
  std::vector<double> weights(20000);
  for (double& w : weights) w = std::exp(static_cast<double>(random() % 1000) / 100);
  for (auto method : methods)
    for (index_t n : {index_t{65536}, most}) {
      auto const shares = apportion(n, weights, method);
      mpz_class total;
      for (index_t s : shares) total += integer(s);
      EXPECT_EQ(total, integer(n));
    }
}

TEST(apportion, caps_send_the_excess_to_the_others) {
  double const weights[] = {4, 2, 1, 1};
  index_t const caps[] = {10, 100, 100, 100};
  index_t const all[] = {1, 2, 3, 4};
  index_t const zero[] = {0, 100, 100, 100};
  for (auto method : methods) {
    EXPECT_EQ(apportion(82, weights, caps, method), (shares_t{10, 36, 18, 18}));  // 72 by 2:1:1
    EXPECT_EQ(apportion(10, weights, all, method), (shares_t{1, 2, 3, 4}));
    EXPECT_EQ(apportion(8, weights, zero, method), (shares_t{0, 4, 2, 2}));
  }
}

TEST(apportion, caps_against_the_textbook) {
  for (std::uint64_t seed = 0; seed < tests::rounds(3000u); ++seed) {
    std::mt19937_64 random(seed);
    auto const weights = some_weights(random);
    auto const n = static_cast<index_t>(random() % 40);
    shares_t caps(weights.size());
    for (index_t& cap : caps) cap = random() % 5 == 0 ? most : static_cast<index_t>(random() % 25);
    SCOPED_TRACE("seed " + std::to_string(seed) + ", n = " + std::to_string(n) + ", weights " +
                 shown(weights) + ", caps " + testing::PrintToString(caps));
    mpz_class room;
    for (std::size_t i = 0; i < caps.size(); ++i)
      if (weights[i] > 0) room += integer(caps[i]);
    if (room < n) {
      for (auto method : methods) EXPECT_THROW(apportion(n, weights, caps, method), infeasible);
      continue;
    }
    EXPECT_EQ(apportion(n, weights, caps, apportionment::webster), textbook_divisor(n, weights, true, caps));
    EXPECT_EQ(apportion(n, weights, caps, apportionment::dhondt), textbook_divisor(n, weights, false, caps));
    // Hamilton: some set is full; the others divide the rest by Hamilton, within their caps, and nobody is
    // full whose quota of what the others divide would be below its cap.
    auto const shares = apportion(n, weights, caps);
    EXPECT_EQ(std::accumulate(shares.begin(), shares.end(), index_t{0}), n);
    auto open = weights;
    index_t left = n;
    for (bool again = true; again && left > 0;) {
      again = false;
      mpq_class total;
      for (double w : open) total += rational(w);
      index_t const divided = left;
      auto const before = open;
      for (std::size_t i = 0; i < open.size(); ++i)
        if (rational(before[i]) * divided > mpq_class(integer(caps[i])) * total) {
          EXPECT_EQ(shares[i], caps[i]);
          left -= caps[i];
          open[i] = 0;
          again = true;
        }
      if (again) continue;
      auto const rest = textbook_hamilton(left, open);
      for (std::size_t i = 0; i < open.size(); ++i)
        if (open[i] > 0) {
          EXPECT_EQ(shares[i], rest[i]);
          EXPECT_LE(shares[i], caps[i]);
        }
    }
  }
}

TEST(apportion, refuses_by_index_and_value) {
  auto const message = [](index_t n, std::vector<double> const& weights,
                          shares_t const& caps = {}) -> std::string {
    try {
      apportion(n, weights, caps);
    } catch (usage_error const& e) { return e.what(); } catch (infeasible const& e) {
      return e.what();
    }
    return "nothing was thrown";
  };
  EXPECT_EQ(message(5, {1, std::nan("")}), "weight 1 is nan; weights are finite and not negative");
  EXPECT_EQ(message(5, {1, 2, -0.5}), "weight 2 is -0.5; weights are finite and not negative");
  EXPECT_EQ(message(0, {HUGE_VAL}), "weight 0 is inf; weights are finite and not negative");
  EXPECT_EQ(message(5, {0, 0}), "all 2 weights are zero; at least one must be positive");
  EXPECT_EQ(message(5, {}), "there are no weights to divide by");
  EXPECT_EQ(message(-1, {1}), "cannot divide -1 units; the number must not be negative");
  EXPECT_EQ(message(5, {1, 1}, {1}), "1 caps were given for 2 weights; give one for each");
  EXPECT_EQ(message(5, {1, 1}, {9, -2}), "cap 1 is -2; it must not be negative");
  EXPECT_EQ(message(9, {1, 0, 1}, {3, 100, 4}),
            "the caps of the positive weights hold 7 of 9 units; raise them by 2 in total");
  EXPECT_EQ(message(most, {1, 1, 1}, {most, most, most}), "nothing was thrown");
}

}  // namespace
}  // namespace prorata
