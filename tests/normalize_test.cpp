// Normalised weights: each the correctly rounded quotient, whatever the sum does.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <prorata/error.hpp>
#include <prorata/normalize.hpp>
#include <random>
#include <string>
#include <tests/sanitizers.hpp>

#include "gmp_oracle.hpp"

namespace prorata {
namespace {

TEST(normalize, equals_the_oracle_in_any_order) {
  for (std::uint64_t seed = 0; seed < tests::rounds(400u); ++seed) {
    std::mt19937_64 random(seed);
    std::vector<double> values(1 + random() % 200);
    int const spread = seed % 4 == 0 ? 0 : seed % 4 == 1 ? 60 : 2000;
    for (double& v : values) {
      int const scale =
          spread == 0 ? 0 : static_cast<int>(random() % static_cast<unsigned>(spread)) - spread / 2;
      v = random() % 10 == 0 ? 0 : std::ldexp(static_cast<double>(random() >> 11), scale - 53);
    }
    if (seed % 7 == 0) std::fill(values.begin(), values.end(), std::numeric_limits<double>::max());
    if (seed % 11 == 0) std::fill(values.begin(), values.end(), std::numeric_limits<double>::denorm_min());
    values[0] = std::max(values[0], 0x1p-1074);
    mpq_class total;
    for (double v : values) total += oracle::value_of(v);
    SCOPED_TRACE("seed " + std::to_string(seed));
    for (int order = 0; order < 2; ++order) {
      auto const weights = normalize(values);
      ASSERT_EQ(weights.size(), values.size());
      for (std::size_t i = 0; i < values.size(); ++i)
        EXPECT_EQ(weights[i], oracle::nearest<double>(oracle::value_of(values[i]) / total)) << i;
      std::reverse(values.begin(), values.end());
    }
  }
}

TEST(normalize, known_values) {
  EXPECT_EQ(normalize(std::vector<double>(4, 1.7e308)), std::vector<double>(4, .25));
  EXPECT_EQ(normalize(std::vector<double>{1, 1, 1}), std::vector<double>(3, 1.0 / 3));
  EXPECT_EQ(normalize(std::vector<double>{5e-324, 1.7e308}), (std::vector<double>{0, 1}));
  EXPECT_EQ(normalize(std::vector<double>{0, 7, -0.0}), (std::vector<double>{0, 1, 0}));
  EXPECT_EQ(normalize({}), std::vector<double>{});
}

TEST(normalize, refuses_by_index_and_value) {
  auto const message = [](std::vector<double> const& values) -> std::string {
    try {
      normalize(values);
    } catch (usage_error const& e) { return e.what(); }
    return "nothing was thrown";
  };
  EXPECT_EQ(message({1, 2, std::nan("")}), "weight 2 is nan; weights are finite and not negative");
  EXPECT_EQ(message({-1e-300}), "weight 0 is -1e-300; weights are finite and not negative");
  EXPECT_EQ(message({1, HUGE_VAL}), "weight 1 is inf; weights are finite and not negative");
  EXPECT_EQ(message({0, 0, 0}), "all 3 weights are zero; at least one must be positive");
}

}  // namespace
}  // namespace prorata
