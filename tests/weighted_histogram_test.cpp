// Weighted histograms against exact accumulators, one for each bin.
#include <gtest/gtest.h>

#include <prorata/exact.hpp>
#include <prorata/weighted_histogram.hpp>
#include <tests/element_types.hpp>
#include <tests/splits.hpp>

namespace {

using namespace prorata;
using namespace prorata::tests;

/// What is expected, from the bins' rule and an accumulator for each slot.
template <class T, class W>
weighted_counts<group_sum_type<W>> by_accumulators(std::vector<T> const& x, std::vector<W> const& w,
                                                   bin_edges const& edges) {
  using sum = group_sum_type<W>;
  auto const bins = static_cast<std::size_t>(edges.bins());
  auto const rule = edges.rule();
  std::vector<index_t> counts(bins + 3);
  std::vector<sum> sums(bins + 3);
  std::vector<exact_sum<double>> exact(bins + 3);
  for (std::size_t i = 0; i < x.size(); ++i) {
    auto const slot = static_cast<std::size_t>(rule(x[i]));
    ++counts[slot];
    if constexpr (std::is_integral_v<W>) {
      sums[slot] =
          static_cast<sum>(static_cast<std::uint64_t>(sums[slot]) + static_cast<std::uint64_t>(w[i]));
    } else {
      exact[slot].deposit(static_cast<double>(w[i]));
      sums[slot] = exact[slot].round();
    }
  }
  auto const first = [&](auto const& all) { return std::vector(all.begin(), all.begin() + edges.bins()); };
  return {{edges.edges(), first(counts), counts[bins], counts[bins + 1], counts[bins + 2]},
          first(sums),
          sums[bins],
          sums[bins + 1],
          sums[bins + 2]};
}

template <class Sum>
bool same_bits(weighted_counts<Sum> const& a, weighted_counts<Sum> const& b) {
  auto const bits = [](Sum v) { return std::bit_cast<std::uint64_t>(v); };
  return a.elements == b.elements &&
         std::equal(a.weights.begin(), a.weights.end(), b.weights.begin(), b.weights.end(),
                    [&](Sum p, Sum q) { return bits(p) == bits(q); }) &&
         bits(a.below) == bits(b.below) && bits(a.above) == bits(b.above) && bits(a.nan) == bits(b.nan);
}

template <class W>
class WeightedHistogram : public testing::Test {};
using weight_types = tests::types<float, double, std::int64_t, std::uint16_t>;
TYPED_TEST_SUITE(WeightedHistogram, weight_types);

TYPED_TEST(WeightedHistogram, HasTheBitsOfExactSumsForEverySplit) {
  using W = TypeParam;
  for (index_t const n : {index_t{0}, index_t{1}, index_t{1025}, fewer(60001)}) {
    auto x = values<float>(n, 7);
    auto w = values<W>(n, 8);
    if (n > 20) x[3] = NAN, x[4] = INFINITY, x[5] = -INFINITY, x[6] = NAN;
    for (index_t const bins : {1, 10, 3000}) {
      auto const edges = bin_edges::even({-1e5, 3e6, bins}, true);
      auto const expected = by_accumulators(x, w, edges);
      for (int number = 0; number < split_count; number += apart(n > 10000 ? 97 : 23)) {
        auto const s = split_number(number, n);
        auto const team = make_team(s.ranks, s.threads);
        hostile_caller const caller(s);
        auto const found = weighted_histogram(borrow(team, std::span<float>(x), s.cuts),
                                              borrow(team, std::span<W>(w), s.cuts), edges);
        ASSERT_TRUE(same_bits(found, expected))
            << n << " elements, " << bins << " bins, split " << number << ", " << s;
      }
    }
  }
}

TEST(WeightedHistogram, AddsWhatCancelsAndWhatIsNotFinite) {
  auto const team = make_team(2, 1);
  std::vector<double> const x{0, 0, 0, 1, 1, 2, 2, 3, 9};
  std::vector<double> const w{1e300, 1, -1e300, INFINITY, -INFINITY, -0.0, -0.0, 5e-324, 7};
  auto const found =
      weighted_histogram(borrow(team, std::span(x)), borrow(team, std::span(w)), even_bins{0, 5, 5});
  EXPECT_EQ(found.weights[0], 1);
  EXPECT_TRUE(std::isnan(found.weights[1]));
  EXPECT_EQ(found.weights[2], 0);
  EXPECT_EQ(found.weights[3], 5e-324);
  EXPECT_EQ(found.weights[4], 0);
  EXPECT_FALSE(std::signbit(found.weights[4]));
  EXPECT_EQ(found.above, 7);
  EXPECT_EQ(found.elements, histogram(borrow(team, std::span(x)), even_bins{0, 5, 5}));
}

TEST(WeightedHistogram, TakesCustomEdges) {
  auto const team = make_team(3, 1);
  std::vector<std::int32_t> const x{1, 2, 3, 10, 20, 30};
  std::vector<float> const w{0.5f, 0.25f, 1, 2, 4, 8};
  std::vector<double> const edges{2, 10, 25};
  auto const found = weighted_histogram(borrow(team, std::span(x)), borrow(team, std::span(w)),
                                        std::span<double const>(edges));
  EXPECT_EQ(found.weights, (std::vector<double>{1.25, 6}));
  EXPECT_EQ(found.below, 0.5);
  EXPECT_EQ(found.above, 8);
}

TEST(WeightedHistogram, SpansWhatIsFinite) {
  auto const team = make_team(3, 1);
  std::vector<double> const x{NAN, 2, INFINITY, 4, 3, 2.5, -INFINITY};
  std::vector<std::int64_t> const w{1, 2, 4, 8, 16, 32, 64};
  auto const found = weighted_histogram(borrow(team, std::span(x)), borrow(team, std::span(w)), 2);
  EXPECT_EQ(found.elements.edges, (std::vector<double>{2, 3, 4}));
  EXPECT_EQ(found.weights, (std::vector<std::int64_t>{34, 24}));
  EXPECT_EQ(found.below, 64);
  EXPECT_EQ(found.above, 4);
  EXPECT_EQ(found.nan, 1);
}

TEST(WeightedHistogram, RefusesArraysThatAreCutDifferently) {
  auto const team = make_team(2, 1);
  std::vector<double> x(3000), w(3000);
  auto const a = borrow(team, std::span<double>(x), partition_by_cuts({0, 1024, 3000}));
  auto const b = borrow(team, std::span<double>(w), partition_by_cuts({0, 2048, 3000}));
  EXPECT_THROW(weighted_histogram(a, b, even_bins{0, 1, 3}), usage_error);
}

}  // namespace
