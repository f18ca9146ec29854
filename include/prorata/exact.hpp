// exact_sum and exact_dot: sums and dot products kept exactly, the same bits in any order, rounded once at
// the end.
#pragma once

#include <prorata/rounding.hpp>
#include <type_traits>

namespace prorata {

/// What an accumulator saw that limbs cannot hold. Flags are OR-ed, so they too are free of order.
namespace exact_flag {
inline constexpr std::uint32_t positive_infinity = 1;
inline constexpr std::uint32_t negative_infinity = 2;
inline constexpr std::uint32_t nan = 4;
inline constexpr std::uint32_t something = 8;  ///< any value that is not −0
inline constexpr std::uint32_t minus_zero = 16;
}  // namespace exact_flag

/// One value, cut for depositing: slice[k] is added to limb[first + k], and flags are OR-ed.
/// A kernel does this with integer atomics; each |slice| is below 2^32.
template <int Count>
struct exact_slices {
  static constexpr int count = Count;
  std::int32_t first;
  std::uint32_t flags;
  std::int64_t slice[Count];
};

/// A signed fixed-point number: Σ limb[i]·2^(32·i + Unit), with room in each limb to put off carrying.
///   state     plain integers, trivially copyable; all-zero bytes are the empty sum
///   order     none: deposits and merges commute; after propagate() equal sums have equal bytes
///   capacity  2^63 − 1 deposits, however often states were merged
///   rounding  to nearest even, once; integer work only, so neither FTZ nor a rounding mode changes a bit
///   empty     rounds to +0; all −0 to −0; opposite infinities, or a NaN, to the NaN without payload
template <int Limbs, int Unit>
struct fixed_point {
  static constexpr int limbs = Limbs;
  static constexpr int unit = Unit;
  static constexpr std::uint32_t headroom = 0x7fffffffu;  ///< deposits that fit before limbs must carry

  std::int64_t limb[Limbs] = {};
  std::uint32_t pending =
      0;  ///< deposits since the last carry: |limb[i]| ≤ pending·(2^32 − 1), below the top
  std::uint32_t flags = 0;

  template <int Count>
  PRORATA_HD constexpr void add(exact_slices<Count> const& s) {
    flags |= s.flags;
    for (int k = 0; k < Count; ++k) limb[s.first + k] += s.slice[k];
    if (++pending >= headroom) propagate();
  }

  /// Takes note of deposits that others made into limb[] (atomics in a kernel): fewer than 2^31 since
  /// propagate().
  PRORATA_HD constexpr void note(std::uint32_t deposits) { pending += deposits; }

  PRORATA_HD constexpr void merge(fixed_point const& other) {
    if (pending + other.pending > headroom) {
      propagate();
      if (pending + other.pending > headroom) {
        fixed_point carried = other;
        carried.propagate();
        return merge(carried);
      }
    }
    for (int i = 0; i < Limbs; ++i) limb[i] += other.limb[i];
    pending += other.pending;
    flags |= other.flags;
  }

  /// Carries: every limb but the top one ends in [0, 2^32), the top one has the sign.
  ///   example   limbs 2^32 + 5, −1, 0  →  5, 0, 0
  PRORATA_HD constexpr void propagate() {
    std::int64_t carry = 0;
    for (int i = 0; i < Limbs - 1; ++i) {
      std::int64_t const total = limb[i] + carry;
      limb[i] = total & 0xffffffff;
      carry = total >> 32;
    }
    limb[Limbs - 1] += carry;
    pending = 1;
    if ((flags & exact_flag::something) != 0) flags &= ~exact_flag::minus_zero;
  }

  using magnitude_t = natural<Limbs + 1>;
  struct signed_magnitude {
    magnitude_t magnitude;
    bool negative;
  };

  /// The finite part as sign and integer, in units of 2^Unit.
  PRORATA_HD constexpr signed_magnitude finite_part() const {
    signed_magnitude result{};
    std::int64_t carry = 0;
    for (int i = 0; i < Limbs; ++i) {
      carry += limb[i];
      result.magnitude.word[i] = static_cast<std::uint32_t>(carry);
      carry >>= 32;
    }
    result.magnitude.word[Limbs] = static_cast<std::uint32_t>(carry);
    result.negative = carry < 0;
    if (result.negative) {  // two's complement
      std::uint64_t one = 1;
      for (int i = 0; i <= Limbs; ++i) {
        one += ~result.magnitude.word[i];
        result.magnitude.word[i] = static_cast<std::uint32_t>(one);
        one >>= 32;
      }
    }
    return result;
  }

  PRORATA_HD constexpr bool finite() const {
    using namespace exact_flag;
    return (flags & (positive_infinity | negative_infinity | nan)) == 0;
  }

  /// The sum, rounded once to R.
  template <class R>
  PRORATA_HD constexpr R round_to() const {
    if (!finite()) return infinite_sum<R>();
    signed_magnitude const sum = finite_part();
    leading_bits head = leading(sum.magnitude);
    if (head.bits == 0) return zero_sum<R>();
    head.exponent += Unit;
    return nearest<R>(head, sum.negative);
  }

  /// sum / count, rounded once to R; no rounded sum in between. NaN where count is 0; count ≥ 0.
  template <class R>
  PRORATA_HD constexpr R mean_to(index_t count) const {
    if (count == 0) return from_bits<R>(nan_bits<R>);
    if (!finite()) return infinite_sum<R>();
    signed_magnitude const sum = finite_part();
    if (sum.magnitude.bit_length() == 0) return zero_sum<R>();
    leading_bits head = leading_quotient(sum.magnitude, natural<2>(static_cast<std::uint64_t>(count)));
    head.exponent += Unit;
    return nearest<R>(head, sum.negative);
  }

  /// What the sum is when the finite part does not matter, and when it is zero.
  template <class R>
  PRORATA_HD constexpr R infinite_sum() const {
    using namespace exact_flag;
    bool const both = (flags & positive_infinity) != 0 && (flags & negative_infinity) != 0;
    if (both || (flags & nan) != 0) return from_bits<R>(nan_bits<R>);
    return from_bits<R>(infinity_bits<R>, (flags & negative_infinity) != 0);
  }
  template <class R>
  PRORATA_HD constexpr R zero_sum() const {
    return from_bits<R>(0,
                        (flags & (exact_flag::something | exact_flag::minus_zero)) == exact_flag::minus_zero);
  }
};

namespace exact_detail {

/// Cuts ±(high·2^64 + low)·2^position into slices of 32 bits; Count·32 bits must hold it, shifted by up
/// to 31.
template <int Count>
PRORATA_HD constexpr exact_slices<Count> cut(std::uint64_t high, std::uint64_t low, int position,
                                             bool negative) {
  exact_slices<Count> result{position >> 5, exact_flag::something, {}};
  int const shift = position & 31;
  std::int64_t const minus = -static_cast<std::int64_t>(negative);
  std::uint64_t carry = 0;
  for (int k = 0; k < Count; ++k) {
    std::uint64_t const part = k < 2 ? low >> 32 * k : k < 4 ? high >> 32 * (k - 2) : 0;
    std::uint64_t const shifted = ((part & 0xffffffffu) << shift) | carry;
    result.slice[k] =
        (static_cast<std::int64_t>(shifted & 0xffffffffu) ^ minus) - minus;  // no branch on signs
    carry = shifted >> 32;
  }
  return result;
}

template <int Count>
PRORATA_HD constexpr exact_slices<Count> only(std::uint32_t flags) {
  return {0, flags, {}};
}

template <int Count>
PRORATA_HD constexpr exact_slices<Count> infinity(bool negative) {
  using namespace exact_flag;
  return only<Count>(something | (negative ? negative_infinity : positive_infinity));
}

template <int Count>
PRORATA_HD constexpr exact_slices<Count> zero(bool negative) {
  return only<Count>(negative ? exact_flag::minus_zero : exact_flag::something);
}

/// Limbs such that 2^63 values below 2^bits units stay far from the top limb's end.
PRORATA_HD constexpr int limbs_for(int bits) { return bits / 32 + 2; }

template <class T>
struct product_units {  // a product of two T's is a multiple of 2^unit, and below 2^(unit + bits)
  static constexpr int unit = 2 * binary_format<T>::least;
  static constexpr int bits = sizeof(T) == 8 ? 4196 : 554;
};
template <class T>
struct sum_units {
  static constexpr int unit = 0;
  static constexpr int bits = 64;
};
template <>
struct sum_units<double> {
  static constexpr int unit = -1074;
  static constexpr int bits = 2098;
};
template <>
struct sum_units<float> {
  static constexpr int unit = -149;
  static constexpr int bits = 277;
};

template <template <class> class Units, class T>
using fixed_point_of = fixed_point<limbs_for(Units<T>::bits), Units<T>::unit>;

/// Integers have no format of their own to round to: they answer in double.
template <class T>
using rounded = std::conditional_t<std::is_integral_v<T>, double, T>;

}  // namespace exact_detail

/// The exact sum of any number of T's: float, double, or an integer of at most 64 bits.
///   size   544 bytes for double, 88 for float, 40 for integers
///   uses   3 limbs per deposit, 2 for integers
template <class T>
struct exact_sum : exact_detail::fixed_point_of<exact_detail::sum_units, T> {
  using value_type = T;
  using base = exact_detail::fixed_point_of<exact_detail::sum_units, T>;
  using rounded = exact_detail::rounded<T>;

  /// x as slices, for whoever owns the limbs.
  PRORATA_HD static constexpr auto split(T x) {
    if constexpr (std::is_integral_v<T>) {
      bool const negative = x < T{0};
      auto const bits = static_cast<std::uint64_t>(x);
      return exact_detail::cut<2>(0, negative ? 0 - bits : bits, 0, negative);
    } else {
      // A float's 24 bits, shifted by at most 31, take two slices; a double's 53 take three.
      constexpr int count = sizeof(T) == 4 ? 2 : 3;
      dissected const parts = dissect(x);
      if (!parts.finite)
        return parts.significand == 0 ? exact_detail::infinity<count>(parts.negative)
                                      : exact_detail::only<count>(exact_flag::nan | exact_flag::something);
      if (parts.significand == 0) return exact_detail::zero<count>(parts.negative);
      return exact_detail::cut<count>(0, parts.significand, parts.exponent - base::unit, parts.negative);
    }
  }

  PRORATA_HD constexpr void deposit(T x) { this->add(split(x)); }

  /// The sum, correctly rounded; round_to<double>() of a float sum loses nothing that double can hold.
  PRORATA_HD constexpr rounded round() const { return this->template round_to<rounded>(); }

  /// The mean of `count` values, correctly rounded: finite even where the sum is not.
  PRORATA_HD constexpr rounded mean(index_t count) const { return this->template mean_to<rounded>(count); }
};

/// The exact sum of products x·y. Nothing is lost where a product overflows or underflows T.
///   size   1072 bytes for double, 160 for float
template <class T>
struct exact_dot : exact_detail::fixed_point_of<exact_detail::product_units, T> {
  using value_type = T;
  using base = exact_detail::fixed_point_of<exact_detail::product_units, T>;

  PRORATA_HD static constexpr auto split(T x, T y) {
    constexpr int count = sizeof(T) == 4 ? 3 : 5;
    dissected const a = dissect(x), b = dissect(y);
    bool const negative = a.negative != b.negative;
    if (!a.finite || !b.finite) {
      bool const nan = (!a.finite && a.significand != 0) || (!b.finite && b.significand != 0);
      bool const zero = (a.finite && a.significand == 0) || (b.finite && b.significand == 0);
      return nan || zero ? exact_detail::only<count>(exact_flag::nan | exact_flag::something)
                         : exact_detail::infinity<count>(negative);
    }
    if (a.significand == 0 || b.significand == 0) return exact_detail::zero<count>(negative);
    // 53 × 53 bits by halves: (ah·2^32 + al)(bh·2^32 + bl); the middle sum stays below 2^54.
    std::uint64_t const ah = a.significand >> 32, al = a.significand & 0xffffffffu;
    std::uint64_t const bh = b.significand >> 32, bl = b.significand & 0xffffffffu;
    std::uint64_t const middle = ah * bl + al * bh + (al * bl >> 32);
    std::uint64_t const high = ah * bh + (middle >> 32);
    std::uint64_t const low = middle << 32 | (al * bl & 0xffffffffu);
    return exact_detail::cut<count>(high, low, a.exponent + b.exponent - base::unit, negative);
  }

  PRORATA_HD constexpr void deposit_product(T x, T y) { this->add(split(x, y)); }

  PRORATA_HD constexpr T round() const { return this->template round_to<T>(); }
  PRORATA_HD constexpr T mean(index_t count) const { return this->template mean_to<T>(count); }
};

/// a / b, rounded once to R: a weighted mean is quotient<double>(Σ w·x, Σ w).
///   special   as IEEE division of the two sums: x/0 infinite, 0/0 and ∞/∞ NaN
template <class R, int A, int UnitA, int B, int UnitB>
PRORATA_HD constexpr R quotient(fixed_point<A, UnitA> const& a, fixed_point<B, UnitB> const& b) {
  auto const above = a.finite_part();
  auto const below = b.finite_part();
  bool const zero_above = above.magnitude.bit_length() == 0;
  bool const zero_below = below.magnitude.bit_length() == 0;
  if (a.finite() && b.finite() && !zero_above && !zero_below) {
    leading_bits head = leading_quotient(above.magnitude, below.magnitude);
    head.exponent += UnitA - UnitB;
    return nearest<R>(head, above.negative != below.negative);
  }
  // Only signs and kinds matter from here on: each sum is a NaN, an infinity, a zero, or something between.
  constexpr std::uint64_t infinite = infinity_bits<R>;
  std::uint64_t const sign = std::uint64_t{1} << (8 * sizeof(R) - 1);
  auto const kind = [&](auto const& sum, auto const& part, bool zero) -> std::uint64_t {
    using bits = typename binary_format<R>::bits;
    if (!sum.finite()) return __builtin_bit_cast(bits, sum.template infinite_sum<R>());
    if (zero) return __builtin_bit_cast(bits, sum.template zero_sum<R>());
    return part.negative ? sign | 1 : 1;
  };
  std::uint64_t const top = kind(a, above, zero_above), bottom = kind(b, below, zero_below);
  std::uint64_t const x = top & ~sign, y = bottom & ~sign;
  if (x > infinite || y > infinite || (x == infinite && y == infinite) || (x == 0 && y == 0))
    return from_bits<R>(nan_bits<R>);
  return from_bits<R>(x == infinite || y == 0 ? infinite : 0, ((top ^ bottom) & sign) != 0);
}

}  // namespace prorata
