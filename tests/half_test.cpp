// Every half widened, every boundary narrowed, against the definition of binary16.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <prorata/half.hpp>
#include <random>

namespace {

using prorata::half;
using prorata::to_float;
using prorata::to_half;

/// The value by definition: sign · 2^e · f.
double value_of(unsigned bits) {
  int const exponent = static_cast<int>(bits >> 10 & 31);
  double const fraction = bits & 1023;
  double const magnitude = exponent == 0    ? std::ldexp(fraction, -24)
                           : exponent == 31 ? (fraction == 0 ? INFINITY : NAN)
                                            : std::ldexp(1024 + fraction, exponent - 25);
  return (bits & 0x8000) != 0 ? -magnitude : magnitude;
}

TEST(half, widens_every_value_exactly) {
  for (unsigned bits = 0; bits < 65536; ++bits) {
    float const got = to_float(half{static_cast<unsigned short>(bits)});
    if (std::isnan(value_of(bits))) {
      EXPECT_EQ(std::bit_cast<std::uint32_t>(got) >> 13 & 0x3ff, bits & 0x3ff) << bits;
      EXPECT_TRUE(std::isnan(got)) << bits;
    } else {
      EXPECT_EQ(std::bit_cast<std::uint32_t>(got),
                std::bit_cast<std::uint32_t>(static_cast<float>(value_of(bits))))
          << bits;
    }
  }
}

TEST(half, narrows_back_what_it_widened) {
  for (unsigned bits = 0; bits < 65536; ++bits) {
    half const h{static_cast<unsigned short>(bits)};
    unsigned const quiet = std::isnan(value_of(bits)) ? 0x200u : 0u;
    EXPECT_EQ(to_half(to_float(h)).bits, bits | quiet);
    EXPECT_EQ(to_half(static_cast<double>(to_float(h))).bits, bits | quiet);
  }
}

TEST(half, rounds_to_nearest_and_ties_to_even) {
  for (unsigned bits = 0; bits < 0x7c00; ++bits) {
    double const low = value_of(bits);
    double const high = bits == 0x7bff ? 65536.0 : value_of(bits + 1);  // where infinity begins
    double const middle = (low + high) / 2;
    for (double const sign : {1.0, -1.0}) {
      unsigned const s = sign < 0 ? 0x8000 : 0;
      unsigned const even = bits % 2 == 0 ? bits : bits + 1;
      EXPECT_EQ(to_half(sign * middle).bits, s | even) << bits;
      EXPECT_EQ(to_half(static_cast<float>(sign * middle)).bits, s | even) << bits;
      EXPECT_EQ(to_half(sign * std::nextafter(middle, 0)).bits, s | bits) << bits;
      EXPECT_EQ(to_half(sign * std::nextafter(middle, INFINITY)).bits, s | (bits + 1)) << bits;
      EXPECT_EQ(to_half(std::nextafter(static_cast<float>(sign * middle), 0.0f)).bits, s | bits) << bits;
      EXPECT_EQ(
          to_half(std::nextafter(static_cast<float>(sign * middle), static_cast<float>(sign) * INFINITY))
              .bits,
          s | (bits + 1))
          << bits;
    }
  }
}

TEST(half, narrows_extremes) {
  EXPECT_EQ(to_half(std::numeric_limits<float>::denorm_min()).bits, 0u);
  EXPECT_EQ(to_half(-std::numeric_limits<double>::denorm_min()).bits, 0x8000u);
  EXPECT_EQ(to_half(std::numeric_limits<double>::max()).bits, 0x7c00u);
  EXPECT_EQ(to_half(-INFINITY).bits, 0xfc00u);
  EXPECT_TRUE(std::isnan(to_float(to_half(std::numeric_limits<float>::signaling_NaN()))));
  EXPECT_TRUE(std::isnan(to_float(to_half(std::bit_cast<double>(0x7ff0000000000001u)))));
}

#if defined(__F16C__) && defined(__FLT16_MANT_DIG__)
TEST(half, agrees_with_the_processor) {
  std::mt19937 random(7);
  for (int i = 0; i < 2'000'000; ++i) {
    float const value = std::bit_cast<float>(static_cast<std::uint32_t>(random()));
    auto const expected = std::bit_cast<unsigned short>(static_cast<_Float16>(value));
    ASSERT_EQ(to_half(value).bits, expected) << value;
  }
}
#endif

static_assert(to_half(1.0f).bits == 0x3c00);
static_assert(to_float(half{0x3555}) == 0x1.554p-2f);

}  // namespace
