// The operations arrays are folded with. Each is a small functor with a value_type; `order_free` ones give
// the same bits in any order and skip the tree.
#pragma once

#include <bit>
#include <limits>
#include <prorata/rounded.hpp>
#include <tuple>
#include <type_traits>

namespace prorata {

namespace detail {
/// Integers are added and multiplied modulo 2^bits, on both sides: unsigned, so that nothing is undefined.
template <class T>
PRORATA_HD constexpr auto wrapping(T x) {
  if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
    return static_cast<std::common_type_t<std::make_unsigned_t<T>, unsigned>>(x);
  } else {
    return x;
  }
}
}  // namespace detail

/// NaN payloads and signs differ between processors and with the order of operands: one NaN leaves the root.
PRORATA_HD constexpr float canonical_nan(float x) { return x == x ? x : std::bit_cast<float>(0x7fc00000u); }
PRORATA_HD constexpr double canonical_nan(double x) {
  return x == x ? x : std::bit_cast<double>(std::uint64_t{0x7ff8000000000000});
}

/// What a finished result goes through; operations with a state of their own overload it beside the state.
template <class T>
PRORATA_HD constexpr T sealed(T const& x) {
  if constexpr (std::is_same_v<T, float> || std::is_same_v<T, double>) {
    if (!__builtin_is_constant_evaluated()) detail::refuse_other_bits();
    return canonical_nan(x);
  } else {
    return x;
  }
}

/// a + b; integers wrap modulo 2^bits. The identity of floating-point addition is −0, not +0.
template <class T>
struct plus {
  using value_type = T;
  static constexpr bool order_free = std::is_integral_v<T>;
  PRORATA_HD static constexpr T identity() {
    return std::is_floating_point_v<T> ? static_cast<T>(-0.0) : T{};
  }
  PRORATA_HD constexpr T operator()(T a, T b) const {
    return static_cast<T>(rounded_sum(detail::wrapping(a), detail::wrapping(b)));
  }
};

/// a × b; integers wrap modulo 2^bits.
template <class T>
struct multiplies {
  using value_type = T;
  static constexpr bool order_free = std::is_integral_v<T>;
  PRORATA_HD static constexpr T identity() { return T{1}; }
  PRORATA_HD constexpr T operator()(T a, T b) const {
    return static_cast<T>(rounded_product(detail::wrapping(a), detail::wrapping(b)));
  }
};

/// The bits of a float as a signed integer; an integer is itself.
PRORATA_HD constexpr std::int32_t bits_of(float x) { return std::bit_cast<std::int32_t>(x); }
PRORATA_HD constexpr std::int64_t bits_of(double x) { return std::bit_cast<std::int64_t>(x); }
template <class T>
requires std::is_integral_v<T> PRORATA_HD constexpr T bits_of(T x) { return x; }

/// Integers that order floats as totalOrder does, from their bits and back:
///   −NaN < −inf < … < −0 < +0 < … < +inf < NaN
template <class K>
PRORATA_HD constexpr K key_of_bits(K bits) {
  return bits ^ ((bits >> (sizeof(K) * 8 - 1)) & std::numeric_limits<K>::max());
}

/// An integer in the order of x; an integer is its own key.
template <class T>
PRORATA_HD constexpr auto order_key(T x) {
  if constexpr (std::is_integral_v<T>) {
    return x;
  } else {
    return key_of_bits(bits_of(x));
  }
}

/// The number whose order_key is given.
template <class T, class K>
PRORATA_HD constexpr T from_order_key(K key) {
  if constexpr (std::is_integral_v<T>) {
    return key;
  } else {
    return std::bit_cast<T>(key_of_bits(key));
  }
}

/// The lesser operand; for floats IEEE 754-2019 `minimum`: NaN wins, −0 < +0.
template <class T>
struct minimum {
  using value_type = T;
  static constexpr bool order_free = true;
  PRORATA_HD static constexpr T identity() {
    return std::numeric_limits<T>::has_infinity ? std::numeric_limits<T>::infinity()
                                                : std::numeric_limits<T>::max();
  }
  PRORATA_HD constexpr T operator()(T a, T b) const {
    if constexpr (std::is_floating_point_v<T>) {
      if (a != a || b != b) return canonical_nan(std::numeric_limits<T>::quiet_NaN());
    }
    return order_key(b) < order_key(a) ? b : a;
  }
};

/// The greater operand; for floats IEEE 754-2019 `maximum`: NaN wins, −0 < +0.
template <class T>
struct maximum {
  using value_type = T;
  static constexpr bool order_free = true;
  PRORATA_HD static constexpr T identity() {
    return std::numeric_limits<T>::has_infinity ? -std::numeric_limits<T>::infinity()
                                                : std::numeric_limits<T>::lowest();
  }
  PRORATA_HD constexpr T operator()(T a, T b) const {
    if constexpr (std::is_floating_point_v<T>) {
      if (a != a || b != b) return canonical_nan(std::numeric_limits<T>::quiet_NaN());
    }
    return order_key(a) < order_key(b) ? b : a;
  }
};

struct logical_and {
  using value_type = bool;
  static constexpr bool order_free = true;
  PRORATA_HD static constexpr bool identity() { return true; }
  PRORATA_HD constexpr bool operator()(bool a, bool b) const { return a && b; }
};

struct logical_or {
  using value_type = bool;
  static constexpr bool order_free = true;
  PRORATA_HD static constexpr bool identity() { return false; }
  PRORATA_HD constexpr bool operator()(bool a, bool b) const { return a || b; }
};

/// Centred second moment of the elements folded so far, and where they are.
struct second_moment_state {
  double base;  ///< a number near the elements: they add up to n·base + rest
  double rest;
  double m2;  ///< Σ (x − mean)²
  static constexpr auto members =
      std::tuple{&second_moment_state::base, &second_moment_state::rest, &second_moment_state::m2};
};
/// The second moment is NaN where an element is infinite (or NaN), as in NumPy, or where the deviations from
/// `base` add up to more than a double holds.
PRORATA_HD constexpr second_moment_state sealed(second_moment_state const& x) {
  bool const finite = x.base - x.base == 0 && x.rest - x.rest == 0;
  return {canonical_nan(x.base), canonical_nan(x.rest),
          finite ? canonical_nan(x.m2) : canonical_nan(std::numeric_limits<double>::quiet_NaN())};
}

/// Merges second moments by the pairwise formula of Chan, Golub and LeVeque (1979, STAN-CS-79-773), eq. 2.1 b,
/// with sums of deviations in place of sums, parenthesised once and for all. The deviations of b are counted
/// from a's base first:
///   apart = base b − base a,  r = rest b + apart·nb
///   m2    = (m2a + m2b) + (r·(na/nb) − rest a)² · nb/(na·(na + nb))
///   rest  = rest a + r
/// An element is its own base, so two elements give m2 = (b − a)²/2, and up to 32 elements of a lane (a tile)
/// the base is the first one. Above, where a merge costs a thirty-second of an operation an element, it moves
/// to the mean:
///   base  = base a + rest·(1/n),  rest = rest − (base − base a)·n
/// Every difference is thus one of numbers that are as far apart as the elements are, whatever their mean:
/// each rounding is small beside what it is added to. (Sums that are subtracted lose as many digits as the
/// mean is larger than the deviation.) In a complete node na = nb = 2^k, and all ratios are powers of two.
struct second_moment {
  using value_type = second_moment_state;
  static constexpr bool order_free = false;
  /// From so many elements on in the left operand the base is moved.
  static constexpr index_t base_moves = 32;

  template <class T>
  PRORATA_HD static constexpr second_moment_state lift(T x) {
    return {static_cast<double>(x), 0.0, 0.0};
  }
  [[gnu::always_inline]] PRORATA_HD constexpr second_moment_state operator()(second_moment_state const& a,
                                                                             second_moment_state const& b,
                                                                             index_t in_a,
                                                                             index_t in_b) const {
    double const apart = rounded_difference(b.base, a.base);
    if (in_a == 1 && in_b == 1) return {a.base, apart, (apart * apart) * 0.5};
    double const na = static_cast<double>(in_a);
    double const nb = static_cast<double>(in_b);
    double const n = na + nb;
    double const ratio = na / nb, scale = nb / (na * n), share = 1.0 / n;
    double const rest_b = rounded_sum(b.rest, apart * nb);
    double const d = rounded_difference(rest_b * ratio, a.rest);
    double const m2 = rounded_sum(rounded_sum(a.m2, b.m2), (d * d) * scale);
    double const rest = rounded_sum(a.rest, rest_b);
    if (in_a < base_moves) return {a.base, rest, m2};
    double const base = rounded_sum(a.base, rest * share);
    return {base, rounded_difference(rest, rounded_difference(base, a.base) * n), m2};
  }
};

/// Sum and centred second moment of the elements folded so far.
struct moments_state {
  double sum;             ///< the canonical sum of the elements as doubles
  double base, rest, m2;  ///< as in second_moment_state
  static constexpr auto members =
      std::tuple{&moments_state::sum, &moments_state::base, &moments_state::rest, &moments_state::m2};
};
PRORATA_HD constexpr moments_state sealed(moments_state const& x) {
  second_moment_state const second = sealed(second_moment_state{x.base, x.rest, x.m2});
  return {canonical_nan(x.sum), second.base, second.rest, second.m2};
}

/// A sum beside the second moment: the bits of either alone.
struct moments {
  using value_type = moments_state;
  static constexpr bool order_free = false;

  template <class T>
  PRORATA_HD static constexpr moments_state lift(T x) {
    return {static_cast<double>(x), static_cast<double>(x), 0.0, 0.0};
  }
  [[gnu::always_inline]] PRORATA_HD constexpr moments_state operator()(moments_state const& a,
                                                                       moments_state const& b, index_t in_a,
                                                                       index_t in_b) const {
    second_moment_state const second =
        second_moment{}({a.base, a.rest, a.m2}, {b.base, b.rest, b.m2}, in_a, in_b);
    return {rounded_sum(a.sum, b.sum), second.base, second.rest, second.m2};
  }
};

/// A value and how much it counts.
struct weighted_value {
  double weight, value;
};

/// Sums of weights and of weight × value, and the weighted second moment about the weighted mean.
struct weighted_moments_state {
  double weight, sum;
  double mean, rest;  ///< the weighted mean is mean + rest, of which `mean` has the first 53 bits
  double m2;
  static constexpr auto members =
      std::tuple{&weighted_moments_state::weight, &weighted_moments_state::sum, &weighted_moments_state::mean,
                 &weighted_moments_state::rest, &weighted_moments_state::m2};
};
/// The second moment is NaN where an element is infinite (or NaN), also one of no weight, as in NumPy.
PRORATA_HD constexpr weighted_moments_state sealed(weighted_moments_state const& x) {
  bool const finite = x.mean - x.mean == 0 && x.rest - x.rest == 0;
  return {canonical_nan(x.weight), canonical_nan(x.sum), canonical_nan(x.mean), canonical_nan(x.rest),
          finite ? canonical_nan(x.m2) : canonical_nan(std::numeric_limits<double>::quiet_NaN())};
}

/// The merge of West (1979, doi 10.1145/359146.359153) with weights, its mean kept in two parts and moved from
/// that of the heavier operand h (a, where both weigh the same) towards that of the lighter one l:
///   apart = (mean b − mean a) + (rest b − rest a),  share = weight l / (weight a + weight b)
///   m2    = (m2a + m2b) + apart² · (weight h · share)
///   mean  = mean h ± apart·share, in two parts: what rounding takes from `mean` stays in `rest`
/// As in `second_moment`, nothing is subtracted but numbers that are as far apart as the elements are. An
/// operand of no weight adds nothing.
struct weighted_moments {
  using value_type = weighted_moments_state;
  static constexpr bool order_free = false;
  PRORATA_HD static constexpr weighted_moments_state lift(weighted_value x) {
    return {x.weight, rounded_product(x.weight, x.value), x.value, x.value - x.value, 0.0};
  }
  [[gnu::always_inline]] PRORATA_HD constexpr weighted_moments_state operator()(
      weighted_moments_state const& a, weighted_moments_state const& b) const {
    double const total = rounded_sum(a.weight, b.weight);
    bool const heavier_b = b.weight > a.weight;
    double const heavy = heavier_b ? b.weight : a.weight, light = heavier_b ? a.weight : b.weight;
    double const share = light != 0.0 ? light / total : 0.0;
    double const apart = rounded_sum(rounded_difference(b.mean, a.mean), rounded_difference(b.rest, a.rest));
    double const moved = apart * share;
    double const from = heavier_b ? b.mean : a.mean;
    double const rest = heavier_b ? rounded_difference(b.rest, moved) : rounded_sum(a.rest, moved);
    double const mean = rounded_sum(from, rest);
    return {total, rounded_sum(a.sum, b.sum), mean, rounded_difference(rest, rounded_difference(mean, from)),
            rounded_sum(rounded_sum(a.m2, b.m2), (apart * apart) * (heavy * share))};
  }
};

/// Any callable (T, T) → T as an operation of the canonical order. It must be commutative: the lanes fold
/// element i with element i + 32, not with its neighbour. For others see `in_sequence`.
template <class T, class F>
struct folding {
  using value_type = T;
  static constexpr bool order_free = false;
  F f;
  PRORATA_HD constexpr T operator()(T const& a, T const& b) const { return f(a, b); }
};

/// Turns a loaded element into an operand: through Op::lift where the operation has one.
template <class Op, class X>
PRORATA_HD constexpr typename Op::value_type lifted(X const& x) {
  if constexpr (requires { Op::lift(x); }) {
    return Op::lift(x);
  } else {
    return static_cast<typename Op::value_type>(x);
  }
}

}  // namespace prorata
