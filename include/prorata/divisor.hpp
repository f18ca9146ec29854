// divisor: division by a number that stays the same, as one multiplication.
#pragma once

#include <prorata/config.hpp>

namespace prorata {

/// x / d for indices x ≥ 0.
///   example   divisor(10).of(57) = 5
///   exact     with 2^l the least power of two that is not below d, m = ⌈2^(63+l) / d⌉ is too large by less
///             than 2^l / d, and so x·m / 2^(63+l) by less than 1 / d while x < 2^63: too little to reach the
///             next integer. After Granlund, Montgomery (1994), Division by invariant integers using
///             multiplication
class divisor {
 public:
  /// d ≥ 1
  constexpr explicit divisor(index_t d = 1) : d_(d) {
    while ((std::uint64_t{1} << shift_) < static_cast<std::uint64_t>(d)) ++shift_;
    wide const power = wide{1} << (63 + shift_);
    factor_ = static_cast<std::uint64_t>((power + static_cast<wide>(d) - 1) / static_cast<wide>(d));
  }

  PRORATA_HD constexpr index_t of(index_t x) const {
    wide const product = static_cast<wide>(static_cast<std::uint64_t>(x) << 1) * factor_;
    return static_cast<index_t>(static_cast<std::uint64_t>(product >> 64) >> shift_);
  }
  /// x − d·quotient, where quotient is of(x).
  PRORATA_HD constexpr index_t rest(index_t x, index_t quotient) const { return x - d_ * quotient; }

 private:
  __extension__ typedef unsigned __int128 wide;

  index_t d_;
  std::uint64_t factor_ = 0;
  int shift_ = 0;
};

}  // namespace prorata
