// The k greatest and least: the head of a stable sort, for every split.
#include <gtest/gtest.h>

#include <limits>
#include <numeric>
#include <prorata/topk.hpp>
#include <sstream>
#include <tests/element_types.hpp>
#include <tests/splits.hpp>

namespace {

using namespace prorata;
using namespace prorata::tests;

template <class T>
top_elements<T> head_of_sort(std::vector<T> const& x, index_t k, direction d) {
  std::vector<index_t> places(x.size());
  std::iota(places.begin(), places.end(), 0);
  total_order<T> const order(d);
  std::stable_sort(places.begin(), places.end(), [&](index_t a, index_t b) {
    return order(x[static_cast<std::size_t>(a)], x[static_cast<std::size_t>(b)]);
  });
  places.resize(static_cast<std::size_t>(std::min(k, static_cast<index_t>(x.size()))));
  top_elements<T> result{{}, places};
  for (index_t const i : places) result.values.push_back(x[static_cast<std::size_t>(i)]);
  return result;
}
template <class T>
bool same(top_elements<T> const& a, top_elements<T> const& b) {
  return a.indices == b.indices && a.values.size() == b.values.size() &&
         (a.values.empty() ||
          std::memcmp(a.values.data(), b.values.data(), a.values.size() * sizeof(T)) == 0);
}

/// Scattered, ascending, descending, few values, one value, one value in 90 % of the places, with NaNs.
template <class T>
std::vector<T> shaped(int shape, index_t n) {
  auto x = values<T>(n, 21);
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (shape == 1) x[i] = static_cast<T>(i);
    if (shape == 2) x[i] = static_cast<T>(x.size() - i);
    if (shape == 3) x[i] = static_cast<T>(static_cast<int>(i * 7919 % 5));
    if (shape == 4) x[i] = static_cast<T>(3);
    if (shape == 5 && i % 10 != 0) x[i] = static_cast<T>(7);
    if (shape == 6 && std::is_floating_point_v<T> && i % 3 == 0) x[i] = std::numeric_limits<T>::quiet_NaN();
    if (shape == 7 && i % 2 == 0)
      x[i] = std::is_floating_point_v<T> && i % 4 == 0 ? static_cast<T>(-0.0) : T{0};
  }
  return x;
}
constexpr int shapes = 8;

template <class T>
class TopK : public testing::Test {};
using element_types = tests::types<std::int8_t, std::uint16_t, std::int32_t, std::uint64_t, float, double>;
TYPED_TEST_SUITE(TopK, element_types);

TYPED_TEST(TopK, IsTheHeadOfAStableSort) {
  using T = TypeParam;
  for (index_t const n :
       {index_t{0}, index_t{1}, index_t{31}, index_t{33}, index_t{1025}, index_t{16385}, fewer(140003)})
    for (int shape = 0; shape < shapes; ++shape) {
      auto x = shaped<T>(shape, n);
      for (auto d : {direction::descending, direction::ascending}) {
        auto const all = head_of_sort(x, n, d);
        for (index_t const k : {index_t{0}, index_t{1}, index_t{10}, index_t{1024}, n / 9, n, n + 5})
          for (int ranks : {1, 3}) {
            auto expected = all;
            expected.indices.resize(static_cast<std::size_t>(std::min(k, n)));
            expected.values.resize(expected.indices.size());
            auto const team = make_team(ranks, 2);
            ASSERT_TRUE(same(topk(borrow(team, std::span<T>(x)), k, d), expected))
                << k << " of " << n << " over " << ranks << ", shape " << shape;
          }
      }
    }
}

TEST(TopKSplits, GiveTheSameElements) {
  for (index_t const n : {index_t{33}, index_t{4097}, fewer(150001)}) {
    for (int shape : {0, 1, 3, 4}) {
      auto x = shaped<float>(shape, n);
      auto const expected = head_of_sort(x, 100, direction::descending);
      for (int number = shape; number < split_count; number += apart(n > 100000 ? 41 : 17)) {
        auto const s = split_number(number, n);
        auto const team = make_team(s.ranks, s.threads);
        hostile_caller const caller(s);
        ASSERT_TRUE(same(topk(borrow(team, std::span<float>(x), s.cuts), 100), expected))
            << "split " << number << ", n = " << n << ", " << s << ", shape " << shape;
      }
    }
  }
}

TEST(TopKSample, MayMislead) {
  index_t const n = 32 * detail::sample_size;
  std::vector<int> x(static_cast<std::size_t>(n), 1);
  for (index_t k = 0; k < n; ++k) x[static_cast<std::size_t>(k)] += static_cast<int>(k % 1000);
  detail::sampled_place const place{n, detail::sample_size};
  for (index_t k = 0; k < detail::sample_size; ++k)  // what is sampled is above all the rest
    x[static_cast<std::size_t>(place(k))] = 5000 + static_cast<int>(k);
  for (index_t const k : {10, 15, 20, 21, 100, 8192, 8193})
    for (int const ranks : {1, 3})
      EXPECT_TRUE(same(topk(borrow(make_team(ranks, 2), std::span<int>(x)), k),
                       head_of_sort(x, k, direction::descending)))
          << k;
}

TEST(TopKArguments, AreChecked) {
  auto const team = make_team(2, 1);
  EXPECT_THROW(topk(make_array<float>(team, 10), -1), usage_error);
}

}  // namespace
