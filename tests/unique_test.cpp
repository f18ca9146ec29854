// Distinct elements: what std::map finds, for every split.
#include <gtest/gtest.h>

#include <limits>
#include <map>
#include <prorata/unique.hpp>
#include <sstream>
#include <tests/contents.hpp>
#include <tests/element_types.hpp>
#include <tests/splits.hpp>

namespace {

using namespace prorata;
using namespace prorata::tests;

template <class T>
struct expected_distinct {
  std::vector<T> values;
  std::vector<index_t> counts, first, inverse;

  explicit expected_distinct(std::vector<T> const& x) {
    auto const order = [](T const& a, T const& b) {  // NaNs last and equal, zeros equal
      if constexpr (std::is_floating_point_v<T>) {
        if (a != a || b != b) return !(a != a) && b != b;
      }
      return a < b;
    };
    std::map<T, std::vector<index_t>, decltype(order)> places(order);
    for (std::size_t i = 0; i < x.size(); ++i) places[x[i]].push_back(static_cast<index_t>(i));
    inverse.resize(x.size());
    for (auto const& [value, where] : places) {
      for (index_t const i : where)
        inverse[static_cast<std::size_t>(i)] = static_cast<index_t>(values.size());
      values.push_back(value);
      if constexpr (std::is_floating_point_v<T>) {
        if (value == 0) values.back() = T{0};
        if (value != value) values.back() = canonical_nan(value);
      }
      counts.push_back(static_cast<index_t>(where.size()));
      first.push_back(where.front());
    }
  }
};

template <class T>
void expect_distinct(distributed_array<T, host::stream> const& x, expected_distinct<T> const& expected,
                     std::string const& what) {
  ASSERT_TRUE(same_bytes(everything(unique(x)), expected.values)) << what;
  auto const counted = unique_counts(x);
  ASSERT_TRUE(same_bytes(everything(counted.values), expected.values)) << what;
  ASSERT_EQ(everything(counted.lengths), expected.counts) << what;
  auto const all = unique_all(x);
  ASSERT_TRUE(same_bytes(everything(all.values), expected.values)) << what;
  ASSERT_EQ(everything(all.counts), expected.counts) << what;
  ASSERT_EQ(everything(all.first), expected.first) << what;
  ASSERT_EQ(everything(all.inverse), expected.inverse) << what;
  ASSERT_EQ(all.inverse.partition(), x.partition()) << what;
}

/// Scattered, few values, one value, one value in 90 % of the places, sorted, reversed, with NaNs and zeros.
template <class T>
std::vector<T> shaped(int shape, index_t n) {
  auto x = values<T>(n, 31);
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (shape == 1) x[i] = static_cast<T>(static_cast<int>(i * 7919 % 100));
    if (shape == 2) x[i] = T{42};
    if (shape == 3 && i % 10 != 0) x[i] = T{7};
    if (shape == 4) x[i] = static_cast<T>(i / 3);
    if (shape == 5) x[i] = static_cast<T>(x.size() - i);
    if (shape == 6 && std::is_floating_point_v<T> && i % 4 < 3)
      x[i] = i % 4 == 0   ? static_cast<T>(-0.0)
             : i % 4 == 1 ? T{0}
                          : (i % 8 == 2 ? 1 : -1) * std::numeric_limits<T>::quiet_NaN();
  }
  return x;
}

template <class T>
class Unique : public testing::Test {};
using element_types = tests::types<std::int8_t, std::uint16_t, std::int32_t, std::uint64_t, float, double>;
TYPED_TEST_SUITE(Unique, element_types);

TYPED_TEST(Unique, OfEverySizeAndShape) {
  using T = TypeParam;
  for (index_t const n : {0, 1, 2, 31, 33, 1023, 1025, 20011})
    for (int shape = 0; shape < 7; ++shape) {
      auto x = shaped<T>(shape, n);
      expected_distinct<T> const expected(x);
      for (int ranks : {1, 2, 3, 7}) {
        auto const team = make_team(ranks, 2);
        expect_distinct(
            borrow(team, std::span<T>(x)), expected,
            std::to_string(n) + " over " + std::to_string(ranks) + ", shape " + std::to_string(shape));
        if (this->HasFatalFailure()) return;
      }
    }
}

TEST(UniqueSplits, GiveTheSameElements) {
  for (index_t const n : {33, 5003})
    for (int shape : {0, 1, 2, 3, 6}) {
      auto x = shaped<float>(shape, n);
      expected_distinct<float> const expected(x);
      for (int number = shape; number < split_count; number += apart(19)) {
        auto const s = split_number(number, n);
        auto const team = make_team(s.ranks, s.threads);
        hostile_caller const caller(s);
        std::ostringstream what;
        what << "split " << number << ", n = " << n << ", " << s << ", shape " << shape;
        expect_distinct(borrow(team, std::span<float>(x), s.cuts), expected, what.str());
        if (HasFatalFailure()) return;
      }
    }
}

TEST(UniqueOf, ZerosAndNaNsGivesOneOfEach) {
  auto const team = make_team(2, 1);
  auto const bits = [](auto const& values) {
    using T = std::remove_cvref_t<decltype(values[0])>;
    std::vector<std::uint64_t> all;
    for (auto const& v : values) all.push_back(std::bit_cast<detail::unsigned_of<sizeof(T)>>(v));
    return all;
  };
  std::vector<half> h{{0xfe01}, {0x8000}, {0}, {0x7e55}, {0x8000}, {0x7d01}};
  EXPECT_EQ(bits(everything(unique(borrow(team, std::span<half>(h))))),
            (std::vector<std::uint64_t>{0, 0x7e00}));
  std::vector<float> f;
  for (unsigned const pattern : {0xffc00001u, 0x80000000u, 0u, 0x7fc12345u, 0x80000000u, 0x7fa00000u})
    f.push_back(std::bit_cast<float>(pattern));
  EXPECT_EQ(bits(everything(unique(borrow(team, std::span<float>(f))))),
            (std::vector<std::uint64_t>{0, 0x7fc00000}));
}

TEST(UniqueOf, HalvesAndTruth) {
  auto const team = make_team(2, 2);
  std::vector<half> h;
  for (int k = 0; k < 500; ++k) h.push_back(to_half(static_cast<float>((k * 37) % 50 - 10)));
  h.push_back({0x8000});
  h.push_back({0xfe01});
  h.push_back({0x7e55});
  auto const found = unique_counts(borrow(team, std::span<half>(h)));
  auto const values = everything(found.values);
  ASSERT_EQ(values.size(), 51u);
  EXPECT_EQ(to_float(values.front()), -10.0f);
  EXPECT_EQ(values.back().bits, 0x7e00);
  EXPECT_EQ(everything(found.lengths).back(), 2);
  std::vector<boolean8> b{{7}, {0}, {1}, {0}, {0}};
  auto const truth = unique_counts(borrow(team, std::span<boolean8>(b)));
  EXPECT_EQ(everything(truth.lengths), (std::vector<index_t>{3, 2}));
}

}  // namespace
