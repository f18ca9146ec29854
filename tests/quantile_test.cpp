// Elements at given places and quantiles: what a sort finds there, for every split.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <prorata/quantile.hpp>
#include <sstream>
#include <tests/element_types.hpp>
#include <tests/splits.hpp>

namespace {

using namespace prorata;
using namespace prorata::tests;

template <class T>
std::vector<T> in_order(std::vector<T> x, direction d = direction::ascending) {
  std::stable_sort(x.begin(), x.end(), total_order<T>(d));
  return x;
}
template <class T>
bool same_bytes(std::vector<T> const& a, std::vector<T> const& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}

/// Arrays that are easy and hard to search: scattered, sorted, few values, one value, long common prefixes,
/// one value in 90 % of the places, and with NaNs.
template <class T>
std::vector<T> shaped(int shape, index_t n) {
  auto x = values<T>(n, 11);
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (shape == 1) x[i] = static_cast<T>(i);
    if (shape == 2) x[i] = static_cast<T>(static_cast<int>(i * 7919 % 5));
    if (shape == 3) x[i] = static_cast<T>(3);
    if (shape == 4) {
      auto const k = static_cast<int>(i * 7919 % 64);
      x[i] = std::is_floating_point_v<T> ? static_cast<T>(100 + k * 1e-5) : static_cast<T>(100 + k);
    }
    if (shape == 5 && i % 10 != 0) x[i] = static_cast<T>(7);
    if (shape == 6 && std::is_floating_point_v<T> && i % 3 == 0)
      x[i] = i % 2 == 0 ? std::numeric_limits<T>::quiet_NaN() : -std::numeric_limits<T>::quiet_NaN();
  }
  if (shape == 1) std::reverse(x.begin(), x.end());
  return x;
}
constexpr int shapes = 7;

template <class T>
class NthElements : public testing::Test {};
using element_types = tests::types<std::int8_t, std::uint16_t, std::int32_t, std::uint32_t, std::int64_t,
                                   std::uint64_t, float, double>;
TYPED_TEST_SUITE(NthElements, element_types);

TYPED_TEST(NthElements, AreWhatASortPutsThere) {
  using T = TypeParam;
  for (index_t const n : {1, 2, 31, 33, 1023, 1025, 60013})
    for (int shape = 0; shape < shapes; ++shape) {
      auto x = shaped<T>(shape, n);
      for (auto d : {direction::ascending, direction::descending}) {
        auto const sorted = in_order(x, d);
        std::vector<index_t> places{0, n - 1, n / 2, n / 2, n / 3, n - 1 - n / 1000};
        for (index_t k = 0; k < 40; ++k) places.push_back(k * (n - 1) / 39);
        std::vector<T> expected;
        for (index_t const place : places) expected.push_back(sorted[static_cast<std::size_t>(place)]);
        for (int ranks : {1, 3}) {
          auto const team = make_team(ranks, 2);
          ASSERT_TRUE(same_bytes(nth_elements(borrow(team, std::span<T>(x)), places, d), expected))
              << n << " over " << ranks << ", shape " << shape;
        }
      }
    }
}

TEST(NthElementsOfThousands, TakeNarrowDigits) {
  index_t const n = 70001;
  auto x = values<double>(n, 12);
  auto const sorted = in_order(x);
  std::vector<index_t> places;
  for (index_t k = 0; k < n; k += 9) places.push_back(k);
  auto const team = make_team(2, 2);
  std::vector<double> expected;
  for (index_t const place : places) expected.push_back(sorted[static_cast<std::size_t>(place)]);
  EXPECT_TRUE(same_bytes(nth_elements(borrow(team, std::span<double>(x)), places), expected));
}

TEST(NthElementsElsewhere, AreRefused) {
  auto const team = make_team(2, 1);
  auto const x = make_array<float>(team, 10);
  EXPECT_THROW(nth_elements(x, {10}), usage_error);
  EXPECT_THROW(nth_elements(x, {-1}), usage_error);
  EXPECT_TRUE(nth_elements(x, {}).empty());
}

/// numpy.quantile's definition, by the sorted array.
double by_definition(std::vector<double> const& sorted, double q, quantile_method m) {
  double const h = q * static_cast<double>(sorted.size() - 1);
  auto const lower = static_cast<std::size_t>(h);
  double const a = sorted[lower], b = sorted[std::min(lower + 1, sorted.size() - 1)], t = h - std::floor(h);
  if (m == quantile_method::lower) return a;
  if (m == quantile_method::higher) return t > 0 ? b : a;
  if (m == quantile_method::nearest) return t < 0.5 || (t == 0.5 && lower % 2 == 0) ? a : b;
  double const u = m == quantile_method::midpoint ? (t > 0 ? 0.5 : 0.0) : t;
  return u >= 0.5 ? b - (b - a) * (1 - u) : a + (b - a) * u;
}

TEST(QuantileSplits, GiveTheSameBits) {
  std::vector<double> const q{0.5, 0, 1, 0.25, 0.75, 0.01, 0.999, 1.0 / 3, 0.123456789};
  for (index_t const n : {1, 2, 10, 1025, 50021}) {
    auto x = values<double>(n, 13);
    auto const sorted = in_order(x);
    for (auto m : {quantile_method::linear, quantile_method::lower, quantile_method::higher,
                   quantile_method::nearest, quantile_method::midpoint}) {
      std::vector<double> expected;
      for (double const one : q) expected.push_back(by_definition(sorted, one, m));
      for (int number = static_cast<int>(m); number < split_count; number += apart(n > 10000 ? 37 : 11)) {
        auto const s = split_number(number, n);
        auto const team = make_team(s.ranks, s.threads);
        auto const a = borrow(team, std::span<double>(x), s.cuts);
        hostile_caller const caller(s);
        auto const found = quantiles(a, q, m);
        ASSERT_TRUE(same_bytes(found, expected)) << "split " << number << ", n = " << n << ", " << s;
      }
    }
  }
}

TEST(QuantileOf, OtherTypes) {
  auto const team = make_team(2, 2);
  std::vector<std::int64_t> x{4, 1, 3, 2};
  EXPECT_EQ(median(borrow(team, std::span<std::int64_t>(x))), 2.5);
  EXPECT_EQ(quantile(borrow(team, std::span<std::int64_t>(x)), 0.5, quantile_method::nearest), 3.0);
  std::vector<half> h;
  for (int k = 0; k <= 100; ++k) h.push_back(to_half(static_cast<float>((k * 37) % 101)));
  EXPECT_EQ(quantile(borrow(team, std::span<half>(h)), 0.1), 10.0);
  std::vector<boolean8> b{{0}, {7}, {1}, {0}};
  EXPECT_EQ(quantile(borrow(team, std::span<boolean8>(b)), 0.5), 0.5);
}

TEST(QuantileOf, NaNsAndInfinities) {
  auto const team = make_team(3, 1);
  double const inf = std::numeric_limits<double>::infinity();
  std::vector<double> x(5000, 1.0);
  x[17] = inf;
  x[18] = -inf;
  auto const ends = quantiles(borrow(team, std::span<double>(x)), {0, 0.5, 1});
  EXPECT_EQ(ends, (std::vector<double>{-inf, 1.0, inf}));
  std::vector<double> all(10, inf);
  EXPECT_EQ(median(borrow(team, std::span<double>(all))), inf);
  x[4999] = -std::numeric_limits<double>::quiet_NaN();
  for (double const v : quantiles(borrow(team, std::span<double>(x)), {0, 0.5, 1}))
    EXPECT_EQ(std::bit_cast<std::uint64_t>(v), 0x7ff8000000000000u);
}

TEST(QuantileArguments, AreChecked) {
  auto const team = make_team(2, 1);
  auto x = make_array<float>(team, 10);
  for (double const q : {-0.1, 1.5, std::numeric_limits<double>::quiet_NaN()})
    EXPECT_THROW(quantile(x, q), usage_error);
  EXPECT_THROW(median(make_array<float>(team, 0)), usage_error);
}

TEST(QuantilePlan, OfMoreElementsThanDoublesCanCount) {
  index_t const n = (index_t{1} << 62) + 1;
  quantile_plan const plan(n, {0.5, 1.0, 0.0}, quantile_method::linear);
  EXPECT_EQ(plan.places(), (std::vector<index_t>{n / 2, n / 2, n - 1, n - 1, 0, 0, n - 1}));
}

}  // namespace
