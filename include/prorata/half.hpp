// half: IEEE binary16 as storage, widened exactly and narrowed to nearest even by plain integer code.
#pragma once

#include <prorata/config.hpp>

namespace prorata {

/// Sixteen bits of IEEE binary16. It is stored, widened and narrowed; arithmetic happens in float or double.
struct half {
  unsigned short bits;
};

namespace half_detail {

/// Narrows the binary format with `Mantissa` stored bits and the given bias; ties go to even, NaN stays NaN.
template <class Bits, int Mantissa, int Bias>
PRORATA_HD constexpr half narrow(Bits pattern) {
  constexpr int width = static_cast<int>(sizeof(Bits)) * 8;
  constexpr Bits sign_bit = Bits{1} << (width - 1);
  constexpr Bits infinity = ((Bits{1} << (width - 1 - Mantissa)) - 1) << Mantissa;
  auto const sign = static_cast<unsigned>((pattern & sign_bit) != 0 ? 0x8000u : 0u);
  Bits const magnitude = pattern & ~sign_bit;
  if (magnitude > infinity) {  // keep the top of the payload, quiet
    auto const payload = static_cast<unsigned>((magnitude >> (Mantissa - 10)) & 0x1ffu);
    return {static_cast<unsigned short>(sign | 0x7e00u | payload)};
  }
  int const exponent = static_cast<int>(magnitude >> Mantissa) - Bias + 15;
  if (exponent >= 31) return {static_cast<unsigned short>(sign | 0x7c00u)};
  if (exponent < -10) return {static_cast<unsigned short>(sign)};
  Bits const fraction = magnitude & ((Bits{1} << Mantissa) - 1);
  // A normal result keeps its exponent above the fraction, so that rounding carries into it, up to infinity.
  bool const normal = exponent > 0;
  Bits const kept = fraction | (normal ? static_cast<Bits>(exponent) << Mantissa : Bits{1} << Mantissa);
  int const shift = Mantissa - 10 + (normal ? 0 : 1 - exponent);
  Bits quotient = kept >> shift;
  Bits const rest = kept & ((Bits{1} << shift) - 1);
  Bits const tie = Bits{1} << (shift - 1);
  if (rest > tie || (rest == tie && (quotient & 1) != 0)) ++quotient;
  return {static_cast<unsigned short>(sign | static_cast<unsigned>(quotient))};
}

}  // namespace half_detail

/// The float with the same value; every half has one, and NaN payloads are kept.
PRORATA_HD constexpr float to_float(half h) {
  unsigned const magnitude = (h.bits & 0x7fffu) << 13;
  unsigned const exponent = magnitude & 0x0f800000u;
  unsigned const sign = (h.bits & 0x8000u) << 16;
  unsigned const rebased = magnitude + (112u << 23) + (exponent == 0x0f800000u ? 112u << 23 : 0u);
  // A subnormal half f·2^-24 is read as 2^-14·(1 + f·2^-10), from which 2^-14 is taken away exactly.
  float const subnormal = __builtin_bit_cast(float, rebased + (1u << 23)) - 0x1p-14f;
  unsigned const bits = exponent == 0 ? __builtin_bit_cast(unsigned, subnormal) : rebased;
  return __builtin_bit_cast(float, bits | sign);
}

/// The nearest half, ties to even; beyond 65519.99… it is infinity.
PRORATA_HD constexpr half to_half(float value) {
  return half_detail::narrow<unsigned, 23, 127>(__builtin_bit_cast(unsigned, value));
}

/// The nearest half of a double, rounded once (going through float would round twice).
PRORATA_HD constexpr half to_half(double value) {
  return half_detail::narrow<unsigned long long, 52, 1023>(__builtin_bit_cast(unsigned long long, value));
}

}  // namespace prorata
