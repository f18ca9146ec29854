// Costs and loads as integers of one unit, and exact arithmetic between them and speeds, which are doubles.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <prorata/config.hpp>
#include <prorata/rounding.hpp>
#include <span>
#include <string>
#include <vector>

namespace prorata::host {

__extension__ typedef unsigned __int128 wide_t;

/// Loads are at most this many units.
inline constexpr std::uint64_t most_units = std::numeric_limits<std::int64_t>::max();

inline int bit_length(wide_t x) {
  auto const high = static_cast<std::uint64_t>(x >> 64);
  return high != 0 ? 64 + prorata::bit_length(high) : prorata::bit_length(static_cast<std::uint64_t>(x));
}

/// A rounded-down number of units, and whether nothing was rounded away.
struct whole_units {
  std::uint64_t count;
  bool exact;
};

/// a·b/c·2^exponent in whole units; what exceeds most_units becomes most_units, inexact. Requires a·b < 2^127
/// and 0 < c < 2^63.
inline whole_units scaled(std::uint64_t a, std::uint64_t b, std::uint64_t c, int exponent) {
  wide_t value = static_cast<wide_t>(a) * b;
  if (value == 0) return {0, true};
  if (exponent > 0) {
    if (bit_length(value) + exponent > 127) return {most_units, false};
    value <<= exponent;
  }
  bool exact = value % c == 0;
  value /= c;
  if (exponent < 0) {  // rounding down twice is rounding down once
    if (exponent <= -128) return {0, false};
    exact = exact && (value & ((static_cast<wide_t>(1) << -exponent) - 1)) == 0;
    value >>= -exponent;
  }
  if (value > most_units) return {most_units, false};
  return {static_cast<std::uint64_t>(value), exact};
}

/// Whether a / x < b / y, for positive speeds x and y.
inline bool sooner(std::uint64_t a, dissected const& x, std::uint64_t b, dissected const& y) {
  wide_t left = static_cast<wide_t>(a) * y.significand, right = static_cast<wide_t>(b) * x.significand;
  int const shift = y.exponent - x.exponent;
  if (left == 0 || right == 0) return left < right;
  if (shift > 0) {
    if (bit_length(left) + shift > 128) return false;
    left <<= shift;
  } else {
    if (bit_length(right) - shift > 128) return true;
    right <<= -shift;
  }
  return left < right;
}

/// count·2^exponent and count·2^exponent / speed as doubles, rounded once.
inline double in_double(std::uint64_t count, int exponent) {
  return nearest<double>({count, exponent, false}, false);
}
inline double in_double(std::uint64_t count, int exponent, dissected const& speed) {
  if (count == 0) return 0;
  leading_bits head = leading_quotient(natural<2>(count), natural<2>(speed.significand));
  head.exponent += exponent - speed.exponent;
  return nearest<double>(head, false);
}

/// Doubles in whole units of 2^exponent, rounded down.
class cost_unit {
 public:
  explicit cost_unit(int exponent)
      : exponent_(exponent), first_(power(-exponent / 2)), second_(power(-exponent - -exponent / 2)) {}

  int exponent() const { return exponent_; }
  /// In two steps, because 2^-exponent may lie beyond double. What underflows on the way is below one unit.
  std::uint64_t operator()(double cost) const {
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(cost * first_ * second_));
  }

 private:
  static double power(int exponent) {
    return from_bits<double>(static_cast<std::uint64_t>(exponent + 1023) << 52);
  }
  int exponent_;
  double first_, second_;
};

/// The smallest unit 2^k in which the exact sum of the costs has at most 62 bits; 1 if it is zero.
///   throws  usage_error naming index and value: a cost that is NaN, infinite or negative
cost_unit unit_of(std::span<double const> costs);
/// The same of n costs that read(first, count, to) writes, up to exact_block of them at a time.
cost_unit unit_of(index_t n, std::function<void(index_t, index_t, double*)> const& read);

/// Speeds taken apart; those of zero have a significand of zero.
///   throws  usage_error naming index and value: NaN, infinite, negative; or, if `positive`, nothing but
///           zeros
std::vector<dissected> speeds_of(std::span<double const> speeds, bool positive);

/// The shortest text that reads back as the same double.
std::string shortest(double value);

}  // namespace prorata::host
