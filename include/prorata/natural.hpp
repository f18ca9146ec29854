// natural: an unsigned integer of fixed capacity, for the few places where 64 bits would not be exact.
#pragma once

#include <compare>
#include <prorata/config.hpp>

namespace prorata {

/// The number of bits of x: 0 for 0, 64 for 2^63 and above.
PRORATA_HD constexpr int bit_length(std::uint64_t x) {
  int length = 0;
  for (int step = 32; step > 0; step /= 2)
    if (x >> step != 0) {
      x >>= step;
      length += step;
    }
  return length + static_cast<int>(x);
}

/// An unsigned integer below 2^(32·Words). Every operation is exact as long as its result fits.
///   layout   word[0] is the least significant; the bytes of zero are all zero
template <int Words>
struct natural {
  static constexpr int words = Words;
  std::uint32_t word[Words] = {};

  natural() = default;
  PRORATA_HD constexpr explicit natural(std::uint64_t value) : word{} {
    static_assert(Words >= 2);
    word[0] = static_cast<std::uint32_t>(value);
    word[1] = static_cast<std::uint32_t>(value >> 32);
  }

  PRORATA_HD constexpr int bit_length() const {
    for (int i = Words - 1; i >= 0; --i)
      if (word[i] != 0) return 32 * i + prorata::bit_length(word[i]);
    return 0;
  }

  /// 32 bits from any position; positions outside the number read as zero.
  ///   example   of 0x1_23456789, at −4: 0x34567890; at 4: 0x12345678
  PRORATA_HD constexpr std::uint32_t bits_from(int position) const {
    int const index = position >> 5;  // rounds down, also below zero
    int const shift = position & 31;
    std::uint64_t const low = index >= 0 && index < Words ? word[index] : 0;
    std::uint64_t const high = index + 1 >= 0 && index + 1 < Words ? word[index + 1] : 0;
    return static_cast<std::uint32_t>((high << 32 | low) >> shift);
  }

  /// Whether any bit below `position` is set.
  PRORATA_HD constexpr bool any_below(int position) const {
    for (int i = 0; i < Words && 32 * i < position; ++i) {
      int const kept = position - 32 * i;
      if ((kept >= 32 ? word[i] : word[i] & ((1u << kept) - 1)) != 0) return true;
    }
    return false;
  }

  PRORATA_HD constexpr natural& operator+=(natural const& other) {
    std::uint64_t carry = 0;
    for (int i = 0; i < Words; ++i) {
      carry += static_cast<std::uint64_t>(word[i]) + other.word[i];
      word[i] = static_cast<std::uint32_t>(carry);
      carry >>= 32;
    }
    return *this;
  }

  /// Requires other ≤ *this.
  PRORATA_HD constexpr natural& operator-=(natural const& other) {
    std::int64_t borrow = 0;
    for (int i = 0; i < Words; ++i) {
      borrow += static_cast<std::int64_t>(word[i]) - other.word[i];
      word[i] = static_cast<std::uint32_t>(borrow);
      borrow >>= 32;
    }
    return *this;
  }

  PRORATA_HD friend constexpr natural operator<<(natural const& x, int shift) {
    natural result;
    for (int i = 0; i < Words; ++i) result.word[i] = x.bits_from(32 * i - shift);
    return result;
  }

  PRORATA_HD friend constexpr natural operator*(natural const& x, std::uint64_t factor) {
    natural result;
    std::uint64_t const low = factor & 0xffffffffu, high = factor >> 32;
    std::uint64_t carry = 0, held = 0;  // held: x.word[i − 1], which meets `high` one place further up
    for (int i = 0; i < Words; ++i) {
      std::uint64_t const a = x.word[i] * low + (carry & 0xffffffffu);
      std::uint64_t const b = held * high + (a & 0xffffffffu);
      result.word[i] = static_cast<std::uint32_t>(b);
      carry = (carry >> 32) + (a >> 32) + (b >> 32);
      held = x.word[i];
    }
    return result;
  }

  PRORATA_HD friend constexpr std::strong_ordering operator<=>(natural const& x, natural const& y) {
    for (int i = Words - 1; i >= 0; --i)
      if (x.word[i] != y.word[i]) return x.word[i] <=> y.word[i];
    return std::strong_ordering::equal;
  }
  PRORATA_HD friend constexpr bool operator==(natural const& x, natural const& y) {
    for (int i = 0; i < Words; ++i)
      if (x.word[i] != y.word[i]) return false;
    return true;
  }
};

/// A number's leading bits: value = (bits + θ)·2^exponent with 0 ≤ θ < 1, and θ > 0 exactly if `more`.
struct leading_bits {
  std::uint64_t bits;
  int exponent;
  bool more;
};

/// The up to 64 leading bits of x.
template <int Words>
PRORATA_HD constexpr leading_bits leading(natural<Words> const& x) {
  int const length = x.bit_length();
  int const position = length > 64 ? length - 64 : 0;
  std::uint64_t const high = x.bits_from(position + 32);
  return {high << 32 | x.bits_from(position), position, x.any_below(position)};
}

/// The 63 or 64 leading bits of a / b, by long division. Requires a > 0 and b > 0.
///   cost   64 subtractions of as many words as b uses
template <int A, int B>
PRORATA_HD constexpr leading_bits leading_quotient(natural<A> const& a, natural<B> const& b) {
  int const excess = a.bit_length() - b.bit_length();
  int const used = (b.bit_length() + 1 + 31) / 32;  // the remainder stays below 2b
  natural<B + 1> remainder;                         // begins as the leading bits of a, one fewer than b has
  for (int i = 0; i < used; ++i) remainder.word[i] = a.bits_from(excess + 1 + 32 * i);
  std::uint64_t quotient = 0;
  for (int step = 0; step < 64; ++step) {
    std::uint32_t incoming = a.bits_from(excess - step) & 1;
    for (int i = 0; i < used; ++i) {
      std::uint32_t const outgoing = remainder.word[i] >> 31;
      remainder.word[i] = remainder.word[i] << 1 | incoming;
      incoming = outgoing;
    }
    int i = used - 1;
    while (i > 0 && remainder.word[i] == (i < B ? b.word[i] : 0)) --i;
    bool const fits = remainder.word[i] >= (i < B ? b.word[i] : 0);
    quotient = quotient << 1 | static_cast<std::uint64_t>(fits);
    std::int64_t borrow = 0;
    for (int j = 0; fits && j < used; ++j) {
      borrow += static_cast<std::int64_t>(remainder.word[j]) - (j < B ? b.word[j] : 0);
      remainder.word[j] = static_cast<std::uint32_t>(borrow);
      borrow >>= 32;
    }
  }
  int const exponent = excess - 63;
  return {quotient, exponent, remainder.bit_length() != 0 || a.any_below(exponent)};
}

template <int Words>
struct division {
  std::uint64_t quotient;
  natural<Words> remainder;
};

/// a / b with remainder. Requires b > 0 and a quotient below 2^64.
template <int Words>
PRORATA_HD constexpr division<Words> divide(natural<Words> const& a, natural<Words> const& b) {
  if (a < b) return {0, a};
  leading_bits const head = leading_quotient(a, b);
  std::uint64_t const quotient =
      head.exponent >= 0 ? head.bits << head.exponent : head.bits >> -head.exponent;
  natural<Words> remainder = a;
  remainder -= b * quotient;
  return {quotient, remainder};
}

}  // namespace prorata
