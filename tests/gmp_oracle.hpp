// The oracle of the exact tests: GMP's rationals, and rounding by search among all floating-point numbers.
#pragma once

#include <gmpxx.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

namespace oracle {

/// The value of a finite double or float, as a rational.
inline mpq_class value_of(double x) {
  mpq_class result;
  mpq_set_d(result.get_mpq_t(), x);
  return result;
}

/// The nearest T, ties to even, by bisection over the bit patterns of the positive T's, which are in order.
template <class T>
T nearest(mpq_class const& value) {
  using bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  mpq_class const magnitude = abs(value);
  mpq_class power = 1;  // stands for infinity: the next number if the exponent had no limit
  mpz_mul_2exp(power.get_num_mpz_t(), power.get_num_mpz_t(), std::numeric_limits<T>::max_exponent);
  bits const infinite = std::bit_cast<bits>(std::numeric_limits<T>::infinity());
  auto const of = [&](bits pattern) -> mpq_class {
    return pattern == infinite ? power : value_of(static_cast<double>(std::bit_cast<T>(pattern)));
  };
  bits low = 0, high = infinite;  // of(low) ≤ magnitude, unless it is beyond everything
  while (low + 1 < high) {
    bits const middle = low + (high - low) / 2;
    (of(middle) <= magnitude ? low : high) = middle;
  }
  mpq_class const below = magnitude - of(low), above = of(high) - magnitude;
  bits const chosen = below < above ? low : above < below ? high : (low & 1) == 0 ? low : high;
  T const result = std::bit_cast<T>(chosen);
  return value < 0 ? -result : result;
}

}  // namespace oracle
