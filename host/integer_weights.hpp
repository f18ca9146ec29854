// Weights as integers in a common unit, as wide as the doubles make necessary.
#pragma once

#include <algorithm>
#include <cstdint>
#include <prorata/rounding.hpp>
#include <span>
#include <vector>

namespace prorata::host {

__extension__ typedef unsigned __int128 u128;

struct u128_division {
  std::uint64_t quotient;
  u128 remainder;
};
/// As prorata::divide of naturals. Requires a quotient below 2^64.
inline u128_division divide(u128 a, u128 b) { return {static_cast<std::uint64_t>(a / b), a % b}; }

template <class Int>
Int sum_of(std::vector<Int> const& weights) {
  Int total{};
  for (Int const& w : weights) total += w;
  return total;
}

/// Weights as integers in a common unit: the largest power of two that divides them all.
struct integer_weights {
  std::vector<dissected> parts;
  int least = 0;   // exponent of the unit
  int width = 0;   // bits of the widest weight in that unit
  int needed = 0;  // bits of the total, or a little more

  explicit integer_weights(std::span<double const> weights) {
    bool first = true;
    int top = 0;
    for (double const w : weights) {
      dissected part = dissect(w);
      while (part.significand != 0 && (part.significand & 1) == 0) {
        part.significand >>= 1;
        ++part.exponent;
      }
      parts.push_back(part);
      if (part.significand == 0) continue;
      int const end = part.exponent + bit_length(part.significand);
      least = first ? part.exponent : std::min(least, part.exponent);
      top = first ? end : std::max(top, end);
      first = false;
    }
    width = top - least;
    needed = width + bit_length(weights.size());
  }

  template <class Int>
  std::vector<Int> as() const {
    std::vector<Int> result;
    result.reserve(parts.size());
    for (dissected const& part : parts)
      result.push_back(part.significand == 0 ? Int{} : Int(part.significand) << (part.exponent - least));
    return result;
  }
};

}  // namespace prorata::host
