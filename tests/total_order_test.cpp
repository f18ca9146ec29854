// Keys of elements: a bijection, in the promised order.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <prorata/total_order.hpp>
#include <vector>

namespace {

using namespace prorata;

template <class T>
void expect_ascending(std::vector<T> const& x, direction d) {
  total_order<T> const order(d);
  for (std::size_t i = 0; i < x.size(); ++i) {
    EXPECT_EQ(order.bit_map.bits(order.key(x[i])), std::bit_cast<typename total_order<T>::key_type>(x[i]))
        << i;
    for (std::size_t k = 0; k < x.size(); ++k) EXPECT_EQ(order(x[i], x[k]), i < k) << i << " " << k;
  }
}

template <class T>
struct floats : testing::Test {};
using float_types = testing::Types<float, double>;
TYPED_TEST_SUITE(floats, float_types);

TYPED_TEST(floats, have_zeros_in_order_and_nans_last_in_both_directions) {
  using T = TypeParam;
  using limits = std::numeric_limits<T>;
  T const nan = limits::quiet_NaN(), quiet = std::copysign(nan, T{1}), negative = std::copysign(nan, T{-1});
  std::vector<T> up{
      -limits::infinity(),  limits::lowest(), T{-1}, -limits::denorm_min(), T{-0.0},           T{0},
      limits::denorm_min(), limits::min(),    T{1},  limits::max(),         limits::infinity()};
  std::vector<T> down(up.rbegin(), up.rend());
  for (auto* x : {&up, &down}) x->insert(x->end(), {quiet, negative});
  expect_ascending(up, direction::ascending);
  expect_ascending(down, direction::descending);
}

TYPED_TEST(floats, have_the_last_number_where_it_is_said_to_be) {
  using T = TypeParam;
  using map = typename total_order<T>::map;
  EXPECT_EQ(total_order<T>{}.key(std::numeric_limits<T>::infinity()), map::last_number);
  EXPECT_EQ(total_order<T>{}.key(-std::numeric_limits<T>::infinity()), 0u);
}

TEST(halves, are_ordered_as_the_floats_they_stand_for) {
  for (auto const d : {direction::ascending, direction::descending}) {
    total_order<half> const order(d);
    std::vector<half> sorted;
    std::vector<bool> seen(65536);
    for (unsigned k = 0; k < 65536; ++k) {
      half const h = order.value(static_cast<std::uint16_t>(k));
      ASSERT_EQ(order.key(h), k);
      ASSERT_FALSE(seen[h.bits]);
      seen[h.bits] = true;
      sorted.push_back(h);
    }
    for (std::size_t k = 1; k < sorted.size(); ++k) {
      float const a = to_float(sorted[k - 1]), b = to_float(sorted[k]);
      if (std::isnan(a)) {
        ASSERT_TRUE(std::isnan(b)) << "a NaN before a number at " << k;
      } else if (!std::isnan(b)) {
        bool const zeros = a == 0 && b == 0;
        bool const up = d == direction::ascending;
        ASSERT_TRUE(zeros ? std::signbit(a) == up : up ? a < b : b < a) << k;
      }
    }
  }
}

TEST(integers, are_ordered_as_numbers) {
  expect_ascending<std::int8_t>({-128, -127, -1, 0, 1, 127}, direction::ascending);
  expect_ascending<std::int64_t>({INT64_MAX, 1, 0, -1, INT64_MIN}, direction::descending);
  expect_ascending<std::uint32_t>({0, 1, 0x7fffffff, 0x80000000, 0xffffffff}, direction::ascending);
  expect_ascending<std::uint16_t>({0xffff, 0x8000, 0x7fff, 0}, direction::descending);
}

TEST(booleans, are_false_or_true) {
  for (auto const d : {direction::ascending, direction::descending}) {
    total_order<boolean8> const order(d);
    for (unsigned a = 0; a < 256; ++a) {
      boolean8 const x{static_cast<unsigned char>(a)};
      EXPECT_EQ(order.value(order.key(x)).byte, a != 0);
      EXPECT_EQ(order(boolean8{0}, x), a != 0 && d == direction::ascending);
      EXPECT_EQ(order(x, boolean8{0}), a != 0 && d == direction::descending);
    }
  }
}

}  // namespace
