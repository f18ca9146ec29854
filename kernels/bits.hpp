// Counting bits, on both sides. (Inside a kernel the functions of <bit> compile to nothing, without a word.)
#pragma once

#include <cstdint>
#include <prorata/config.hpp>

namespace prorata::cuda {

PRORATA_HD constexpr int bits_set(index_t x) { return __builtin_popcountll(static_cast<std::uint64_t>(x)); }

/// Bits needed to write x: 0 → 0, 1 → 1, 8 → 4.
PRORATA_HD constexpr int bit_length(index_t x) {
  return x == 0 ? 0 : 64 - __builtin_clzll(static_cast<std::uint64_t>(x));
}

/// Zeros below the lowest bit of x ≠ 0.
PRORATA_HD constexpr int trailing_zeros(index_t x) {
  auto const u = static_cast<std::uint64_t>(x);
  return __builtin_popcountll((u & (0 - u)) - 1);
}

/// x / 2^k, rounded up; x ≥ 0.
PRORATA_HD constexpr index_t ceil_shift(index_t x, int k) {
  return (x >> k) + ((x & ((index_t{1} << k) - 1)) != 0);
}

}  // namespace prorata::cuda
