// nearest: rounds an exact value to float or double, ties to even, by integer work that no FPU mode can bend.
#pragma once

#include <prorata/natural.hpp>

namespace prorata {

/// What rounding needs to know of a binary format.
///   least   exponent of the smallest subnormal: every finite value is a multiple of 2^least
template <class T>
struct binary_format;

template <>
struct binary_format<float> {
  using bits = std::uint32_t;
  static constexpr int precision = 24;
  static constexpr int least = -149;
};
template <>
struct binary_format<double> {
  using bits = std::uint64_t;
  static constexpr int precision = 53;
  static constexpr int least = -1074;
};

template <class T>
PRORATA_HD constexpr T from_bits(std::uint64_t pattern, bool negative = false) {
  using bits = typename binary_format<T>::bits;
  auto const sign = static_cast<bits>(negative) << (8 * sizeof(bits) - 1);
  return __builtin_bit_cast(T, static_cast<bits>(static_cast<bits>(pattern) | sign));
}

template <class T>
inline constexpr std::uint64_t infinity_bits =
    ((std::uint64_t{1} << (8 * sizeof(T) - binary_format<T>::precision)) - 1)
    << (binary_format<T>::precision - 1);
/// The one NaN that prorata answers with: quiet, positive, without payload.
template <class T>
inline constexpr std::uint64_t nan_bits =
    infinity_bits<T> | std::uint64_t{1} << (binary_format<T>::precision - 2);

/// ±value, rounded once to the nearest T: subnormals gradual, beyond the largest finite T infinity.
template <class T>
PRORATA_HD constexpr T nearest(leading_bits value, bool negative) {
  if (value.bits == 0) return from_bits<T>(0, negative);
  using format = binary_format<T>;
  int const shift = 64 - bit_length(value.bits);
  std::uint64_t const bits = value.bits << shift;
  int const exponent = value.exponent - shift;
  // The last place of the result, as a power of two; `drop` bits lie below it, at least 64 − precision.
  int const place =
      exponent + 64 - format::precision > format::least ? exponent + 64 - format::precision : format::least;
  int const drop = place - exponent;
  if (drop > 64) return from_bits<T>(0, negative);  // below half of the smallest subnormal
  std::uint64_t const kept = drop == 64 ? 0 : bits >> drop;
  std::uint64_t const rest = drop == 64 ? bits : bits << (64 - drop);
  std::uint64_t const half = std::uint64_t{1} << 63;
  bool const up = rest > half || (rest == half && (value.more || (kept & 1) != 0));
  // The hidden bit of `kept` adds one to the exponent field, and so does a carry out of rounding up.
  auto const field = static_cast<std::uint64_t>(place - format::least);
  if (field >= std::uint64_t{1} << (8 * sizeof(T) - format::precision))
    return from_bits<T>(infinity_bits<T>, negative);
  std::uint64_t const pattern = (field << (format::precision - 1)) + kept + static_cast<std::uint64_t>(up);
  return from_bits<T>(pattern < infinity_bits<T> ? pattern : infinity_bits<T>, negative);
}

/// A finite value taken apart: magnitude = significand·2^exponent, an integer times a power of two.
struct dissected {
  std::uint64_t significand;
  int exponent;
  bool negative;
  bool finite;  ///< if not, significand is 0 for an infinity and nonzero for NaN
};

template <class T>
PRORATA_HD constexpr dissected dissect(T x) {
  using format = binary_format<T>;
  std::uint64_t const pattern = __builtin_bit_cast(typename format::bits, x);
  std::uint64_t const magnitude = pattern & ((std::uint64_t{1} << (8 * sizeof(T) - 1)) - 1);
  std::uint64_t const hidden = std::uint64_t{1} << (format::precision - 1);
  int const field = static_cast<int>(magnitude >> (format::precision - 1));
  std::uint64_t const fraction = magnitude & (hidden - 1);
  bool const finite = magnitude < infinity_bits<T>;
  return {field != 0 && finite ? fraction | hidden : fraction, format::least + (field != 0 ? field - 1 : 0),
          pattern != magnitude, finite};
}

}  // namespace prorata
