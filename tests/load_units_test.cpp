// Loads as integers of one unit: against 128-bit arithmetic written out, and long double where it is exact.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <host/load_units.hpp>
#include <prorata/error.hpp>
#include <random>
#include <vector>

namespace {

using namespace prorata;
using namespace prorata::host;

TEST(LoadUnits, BitLengthCountsToTheHighestBit) {
  EXPECT_EQ(host::bit_length(0), 0);
  for (int k = 0; k < 128; ++k) {
    wide_t const power = static_cast<wide_t>(1) << k;
    EXPECT_EQ(host::bit_length(power), k + 1);
    EXPECT_EQ(host::bit_length(power - 1), k);
  }
}

TEST(LoadUnits, ScaledIsTheQuotientRoundedDown) {
  std::mt19937_64 random(1);
  for (int turn = 0; turn < 20'000; ++turn) {
    std::uint64_t const a = random() >> (4 + random() % 60), b = random() >> (4 + random() % 60);
    std::uint64_t const c = (random() >> (2 + random() % 60)) + 1;
    int const exponent = static_cast<int>(random() % 40) - 20;
    // The definition, where it fits: numerator and denominator as integers.
    wide_t const product = static_cast<wide_t>(a) * b;
    if (host::bit_length(product) > 105) continue;
    wide_t const numerator = exponent > 0 ? product << exponent : product;
    wide_t const denominator = exponent < 0 ? static_cast<wide_t>(c) << -exponent : c;
    wide_t const quotient = numerator / denominator;
    bool const fits = quotient <= most_units;
    auto const found = scaled(a, b, c, exponent);
    ASSERT_EQ(found.count, fits ? static_cast<std::uint64_t>(quotient) : most_units);
    ASSERT_EQ(found.exact, fits && numerator % denominator == 0);
  }
}

TEST(LoadUnits, ScaledSaturatesAndVanishes) {
  EXPECT_EQ(scaled(0, 5, 3, 1000).count, 0u);
  EXPECT_TRUE(scaled(0, 5, 3, 1000).exact);
  EXPECT_EQ(scaled(1, 1, 1, 62).count, std::uint64_t{1} << 62);
  EXPECT_EQ(scaled(1, 1, 1, 63).count, most_units);
  EXPECT_FALSE(scaled(1, 1, 1, 63).exact);
  EXPECT_EQ(scaled(1, 1, 1, 2000).count, most_units);
  EXPECT_EQ(scaled(std::uint64_t{1} << 62, std::uint64_t{1} << 62, 1, -2000).count, 0u);
  EXPECT_FALSE(scaled(std::uint64_t{1} << 62, std::uint64_t{1} << 62, 1, -2000).exact);
  EXPECT_EQ(scaled(std::uint64_t{1} << 62, std::uint64_t{1} << 62, 1, -124).count, 1u);
  EXPECT_TRUE(scaled(std::uint64_t{1} << 62, std::uint64_t{1} << 62, 1, -124).exact);
}

TEST(LoadUnits, SoonerComparesTimesExactly) {
  std::mt19937_64 random(2);
  for (int turn = 0; turn < 20'000; ++turn) {
    std::uint64_t const a = random() % 1000, b = random() % 1000;
    // Speeds whose quotients with loads long double has exactly enough room to tell apart.
    double const x =
        std::ldexp(static_cast<double>(1 + random() % 1000), static_cast<int>(random() % 40) - 20);
    double const y =
        std::ldexp(static_cast<double>(1 + random() % 1000), static_cast<int>(random() % 40) - 20);
    bool const expected = static_cast<long double>(a) * y < static_cast<long double>(b) * x;
    ASSERT_EQ(sooner(a, dissect(x), b, dissect(y)), expected) << a << '/' << x << ' ' << b << '/' << y;
  }
  auto const speed = [](double s) { return dissect(s); };
  for (int i = -1000; i <= 1000;
       i += 37)  // of equal loads, the faster one is sooner, however far it is ahead
    for (int j = -1000; j <= 1000; ++j) {
      double const x = std::ldexp(1.25, i), y = std::ldexp(1.5, j);
      ASSERT_EQ(sooner(7, speed(x), 7, speed(y)), x > y) << i << ' ' << j;
    }
  EXPECT_TRUE(sooner(1, speed(1e300), 1, speed(1e-300)));
  EXPECT_FALSE(sooner(1, speed(1e-300), 1, speed(1e300)));
  EXPECT_FALSE(sooner(0, speed(1e-300), 0, speed(1e300)));
  EXPECT_TRUE(sooner(0, speed(1e-300), 1, speed(1e300)));
  EXPECT_FALSE(sooner(3, speed(3), 3, speed(3)));
}

TEST(LoadUnits, InDoubleRoundsOnce) {
  std::uint64_t const odd = (std::uint64_t{1} << 53) + 1;
  EXPECT_EQ(in_double(odd, 0), 0x1p53);
  EXPECT_EQ(in_double(odd + 2, 0), 0x1p53 + 4);
  EXPECT_EQ(in_double(5, -3), 0.625);
  EXPECT_EQ(in_double(1, -1074), std::numeric_limits<double>::denorm_min());
  EXPECT_EQ(in_double(0, 10, dissect(3.0)), 0);
  EXPECT_EQ(in_double(1, 0, dissect(3.0)), 1.0 / 3);
  EXPECT_EQ(in_double(7, 4, dissect(0.1)), 112 / 0.1);
}

TEST(LoadUnits, TheUnitLeavesSixtyTwoBitsForTheTotal) {
  std::mt19937_64 random(3);
  for (index_t const n : {1, 2, 1000, 300'000}) {
    std::vector<double> costs(static_cast<std::size_t>(n));
    for (double& c : costs) c = std::ldexp(static_cast<double>(random() >> 11), -60);  // multiples of 2^-60
    wide_t total = 0;                                                                  // in units of 2^-60
    for (double const c : costs) total += static_cast<wide_t>(std::ldexp(c, 60));
    auto const unit = unit_of(costs);
    EXPECT_EQ(unit.exponent(), host::bit_length(total) - 60 - 62) << n;
    wide_t counted = 0;
    for (double const c : costs) {
      ASSERT_EQ(unit(c), static_cast<std::uint64_t>(std::floor(std::ldexp(c, -unit.exponent()))));
      counted += unit(c);
    }
    EXPECT_LE(host::bit_length(counted), 62) << n;
  }
  EXPECT_EQ(unit_of({}).exponent(), 0);
  EXPECT_EQ(unit_of(std::vector<double>{0, -0.0}).exponent(), 0);
}

template <class F>
std::string refusal(F const& f) {
  try {
    f();
  } catch (usage_error const& e) { return e.what(); }
  return "";
}

TEST(LoadUnits, RefusesNamingIndexAndValue) {
  double const nan = std::nan(""), inf = std::numeric_limits<double>::infinity();
  EXPECT_EQ(refusal([&] {
              unit_of(std::vector<double>{1, 2, -0.5, nan});
            }),
            "cost 2 is -0.5; costs are finite and not negative");
  EXPECT_EQ(refusal([&] {
              unit_of(std::vector<double>{1, inf});
            }),
            "cost 1 is inf; costs are finite and not negative");
  EXPECT_EQ(refusal([&] { unit_of(std::vector<double>{nan}); }),
            "cost 0 is nan; costs are finite and not negative");
  EXPECT_EQ(refusal([&] {
              speeds_of(std::vector<double>{0, -1}, false);
            }),
            "speed 1 is -1; speeds are finite and not negative");
  EXPECT_NE(refusal([&] { speeds_of(std::vector<double>{0, 0}, true); }), "");
  EXPECT_EQ(refusal([&] { speeds_of(std::vector<double>{0, 0}, false); }), "");
  EXPECT_EQ(speeds_of(std::vector<double>{0, 0.5}, true).size(), 2u);
}

TEST(LoadUnits, ShortestReadsBackAsTheSameDouble) {
  EXPECT_EQ(shortest(0.1), "0.1");
  EXPECT_EQ(shortest(5e-324), "5e-324");
  std::mt19937_64 random(4);
  for (int turn = 0; turn < 10'000; ++turn) {
    double const value = std::bit_cast<double>(random() & 0x7fefffffffffffffu);
    ASSERT_EQ(std::strtod(shortest(value).c_str(), nullptr), value);
  }
}

}  // namespace
