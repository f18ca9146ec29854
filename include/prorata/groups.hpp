// Groups: keys as words that sort like them, and what is kept of a group so that its sums are exact.
#pragma once

#include <bit>
#include <cstddef>
#include <prorata/bins.hpp>
#include <prorata/boolean8.hpp>
#include <prorata/exact.hpp>
#include <prorata/operations.hpp>

namespace prorata {

// ---- keys ----------------------------------------------------------------------------------------------

namespace detail {
inline constexpr std::uint64_t top_bit = std::uint64_t{1} << 63;

/// Stored types as arithmetic ones: halves as float, booleans as 0 or 1.
PRORATA_HD constexpr float plain(half x) { return to_float(x); }
PRORATA_HD constexpr std::uint8_t plain(boolean8 x) { return x.byte != 0; }
template <class T>
PRORATA_HD constexpr T plain(T const& x) {
  return x;
}
template <class T>
using plain_type = decltype(plain(std::declval<T const&>()));
}  // namespace detail

/// A key as an unsigned word: words are in the order of the keys, and equal exactly if the keys are one
/// group. As in NumPy's unique and in pandas, −0 and +0 are one key (it comes back as +0), and all NaNs are
/// one, the last.
template <class T>
PRORATA_HD constexpr std::uint64_t encoded_key(T const& key) {
  auto const x = detail::plain(key);
  using X = std::remove_const_t<decltype(x)>;
  if constexpr (std::is_floating_point_v<X>) {
    X const one = x == x ? (x == X{0} ? X{0} : x) : canonical_nan(x);
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(order_key(one))) ^ detail::top_bit;
  } else if constexpr (std::is_signed_v<X>) {
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(x)) ^ detail::top_bit;
  } else {
    return x;
  }
}

/// The key whose word is given.
template <class T>
PRORATA_HD constexpr T decoded_key(std::uint64_t word) {
  using X = detail::plain_type<T>;
  auto const back = static_cast<std::int64_t>(word ^ detail::top_bit);
  if constexpr (std::is_same_v<T, half>) {
    return to_half(from_order_key<float>(static_cast<std::int32_t>(back)));
  } else if constexpr (std::is_same_v<T, boolean8>) {
    return boolean8{static_cast<unsigned char>(word)};
  } else if constexpr (std::is_same_v<X, float>) {
    return from_order_key<float>(static_cast<std::int32_t>(back));
  } else if constexpr (std::is_same_v<X, double>) {
    return from_order_key<double>(back);
  } else if constexpr (std::is_signed_v<X>) {
    return static_cast<T>(back);
  } else {
    return static_cast<T>(word);
  }
}

// ---- values --------------------------------------------------------------------------------------------

/// How values are added: floats as doubles, exactly, rounded once; integers modulo 2^64, with the exact sum
/// behind their means.
enum class addend : std::uint8_t { real, signed_integer, unsigned_integer };

template <class T, class X = detail::plain_type<T>>
inline constexpr addend addend_of = std::is_floating_point_v<X> ? addend::real
                                    : std::is_signed_v<X>       ? addend::signed_integer
                                                                : addend::unsigned_integer;

/// What a sum of T's is: double, std::int64_t or std::uint64_t.
template <class T>
using group_sum_type = std::conditional_t<
    addend_of<T> == addend::real, double,
    std::conditional_t<addend_of<T> == addend::signed_integer, std::int64_t, std::uint64_t>>;

/// A value as a word: the bits of group_sum_type<T>.
template <class T>
PRORATA_HD constexpr std::uint64_t encoded_value(T const& value) {
  return std::bit_cast<std::uint64_t>(static_cast<group_sum_type<T>>(detail::plain(value)));
}

// ---- what is kept of a group ---------------------------------------------------------------------------

/// Which aggregates are asked for. `count` is always there.
///   moments   0 counts only; 1 sums and means; 2 variances too
struct group_wants {
  int moments = 1;
  bool extremes = false;
  friend bool operator==(group_wants const&, group_wants const&) = default;
};

namespace detail {

using wide = unsigned __int128;

/// (high, low) += x
PRORATA_HD constexpr void add_wide(std::uint64_t (&sum)[2], wide x) {
  wide const total = (static_cast<wide>(sum[1]) << 64 | sum[0]) + x;
  sum[0] = static_cast<std::uint64_t>(total);
  sum[1] = static_cast<std::uint64_t>(total >> 64);
}

PRORATA_HD constexpr wide wide_of(std::uint64_t const (&sum)[2]) {
  return static_cast<wide>(sum[1]) << 64 | sum[0];
}

/// 256 bits += x·2^shift, x below 2^128 and 0 ≤ shift < 64
PRORATA_HD constexpr void add_square(std::uint64_t (&sum)[4], wide x, int shift) {
  wide const low = static_cast<wide>(static_cast<std::uint64_t>(x)) << shift;
  wide const high = static_cast<wide>(static_cast<std::uint64_t>(x >> 64)) << shift;
  std::uint64_t const part[3] = {static_cast<std::uint64_t>(low),
                                 static_cast<std::uint64_t>(low >> 64) | static_cast<std::uint64_t>(high),
                                 static_cast<std::uint64_t>(high >> 64)};
  wide carry = 0;
  for (int k = 0; k < 4; ++k) {
    carry += static_cast<wide>(sum[k]) + (k < 3 ? part[k] : 0);
    sum[k] = static_cast<std::uint64_t>(carry);
    carry >>= 64;
  }
}

template <int Which>
struct nothing {};
struct kept_sum {
  std::uint64_t sum[2];  ///< two's complement, in units of 2^unit
};
struct kept_squares {
  std::uint64_t squares[4];  ///< in units of 2^(2·unit)
};
struct kept_extremes {
  std::int64_t least, greatest;  ///< as ordered integers
};

}  // namespace detail

/// The exact sum of values whose exponents lie in one band of 32: 53 bits anywhere in 85, in 127 bits and a
/// sign, so that 2^42 of them fit. A group whose values lie in several bands has several states, one a band,
/// and finishing adds them; so no group needs room for all exponents that a double can have.
///   order     none: depositing and merging are integer additions
///   bands     exponents e (biased, 1 for subnormals) with equal (e + origin) / 32. Any origin is right;
///             states made with different ones never meet before the end
///   integers  have one band: the unit is 2^0
template <addend Kind, int Moments, bool Extremes>
struct group_state : std::conditional_t<(Moments > 0), detail::kept_sum, detail::nothing<0>>,
                     std::conditional_t<(Moments > 1), detail::kept_squares, detail::nothing<1>>,
                     std::conditional_t<Extremes, detail::kept_extremes, detail::nothing<2>> {
  static constexpr addend kind = Kind;
  static constexpr int moments = Moments;
  static constexpr bool extremes = Extremes;
  static constexpr bool has_bands = Kind == addend::real && Moments > 0;
  static constexpr std::int32_t no_unit = -32768;  ///< zeros and what is not finite: any band will do

  std::int64_t count;
  std::int32_t unit;
  std::uint32_t flags;

  /// The state of no values yet.
  PRORATA_HD static constexpr group_state none() {
    group_state s{};
    s.unit = has_bands ? no_unit : 0;
    if constexpr (Extremes) {
      s.least = std::numeric_limits<std::int64_t>::max();
      s.greatest = std::numeric_limits<std::int64_t>::min();
    }
    return s;
  }

  /// The unit that a value needs, or no_unit.
  PRORATA_HD static constexpr std::int32_t unit_of(std::uint64_t word, int origin) {
    if constexpr (!has_bands) {
      return 0;
    } else {
      int const field = static_cast<int>(word >> 52) & 0x7ff;
      if (field == 0x7ff || word << 1 == 0) return no_unit;
      return unit_of_exponent(field != 0 ? field : 1, origin);
    }
  }
  PRORATA_HD static constexpr std::int32_t unit_of_exponent(int exponent, int origin) {
    return ((exponent + origin) & ~31) - origin - 1075;
  }

  /// Adds a value that needs this state's unit, or none.
  PRORATA_HD constexpr void deposit(std::uint64_t word) {
    if constexpr (Kind == addend::real) {
      int const field = static_cast<int>(word >> 52) & 0x7ff;
      bool const negative = word >> 63 != 0;
      std::uint64_t const fraction = word & ((std::uint64_t{1} << 52) - 1);
      if (field != 0 && field != 0x7ff) return deposit_normal(word);
      ++count;
      if (field == 0x7ff && fraction != 0) {
        flags |= exact_flag::nan | exact_flag::something;
        return;
      }
      if (field == 0x7ff)
        flags |= exact_flag::something |
                 (negative ? exact_flag::negative_infinity : exact_flag::positive_infinity);
      if (field == 0 && fraction == 0) flags |= negative ? exact_flag::minus_zero : exact_flag::something;
      if (field == 0 && fraction != 0) add(1, fraction, negative);
      if constexpr (Extremes) span(key_of_bits(static_cast<std::int64_t>(word)));
    } else {
      ++count;
      constexpr bool is_signed = Kind == addend::signed_integer;
      bool const negative = is_signed && word >> 63 != 0;
      if constexpr (Moments > 0)
        detail::add_wide(this->sum,
                         static_cast<detail::wide>(word) - (static_cast<detail::wide>(negative) << 64));
      if constexpr (Moments > 1) {
        std::uint64_t const magnitude = negative ? 0 - word : word;
        detail::add_square(this->squares, static_cast<detail::wide>(magnitude) * magnitude, 0);
      }
      if constexpr (Extremes) span(static_cast<std::int64_t>(is_signed ? word : word ^ detail::top_bit));
    }
  }

  /// The same for a real that is normal: neither zero, nor subnormal, infinite or NaN.
  PRORATA_HD constexpr void deposit_normal(std::uint64_t word) {
    ++count;
    constexpr std::uint64_t hidden = std::uint64_t{1} << 52;
    add(static_cast<int>(word >> 52) & 0x7ff, (word & (hidden - 1)) | hidden, word >> 63 != 0);
    if constexpr (Extremes) span(key_of_bits(static_cast<std::int64_t>(word)));
  }

  /// Whether both can be one state.
  PRORATA_HD constexpr bool meets(group_state const& other) const {
    return unit == other.unit || unit == no_unit || other.unit == no_unit;
  }

  PRORATA_HD constexpr void merge(group_state const& other) {
    count += other.count;
    flags |= other.flags;
    if (unit == no_unit) unit = other.unit;
    if constexpr (Moments > 0) detail::add_wide(this->sum, detail::wide_of(other.sum));
    if constexpr (Moments > 1) {
      detail::wide carry = 0;
      for (int k = 0; k < 4; ++k) {
        carry += static_cast<detail::wide>(this->squares[k]) + other.squares[k];
        this->squares[k] = static_cast<std::uint64_t>(carry);
        carry >>= 64;
      }
    }
    if constexpr (Extremes) {
      this->least = other.least < this->least ? other.least : this->least;
      this->greatest = this->greatest < other.greatest ? other.greatest : this->greatest;
    }
  }

 private:
  PRORATA_HD constexpr void add(int exponent, std::uint64_t significand, bool negative) {
    flags |= exact_flag::something;
    if constexpr (Moments > 0) {
      int const shift = exponent - 1075 - unit;
      detail::wide const sign = 0 - static_cast<detail::wide>(negative);
      detail::add_wide(this->sum, ((static_cast<detail::wide>(significand) << shift) ^ sign) - sign);
      if constexpr (Moments > 1)
        detail::add_square(this->squares, static_cast<detail::wide>(significand) * significand, 2 * shift);
    }
  }
  PRORATA_HD constexpr void span(std::int64_t key) {
    this->least = key < this->least ? key : this->least;
    this->greatest = this->greatest < key ? key : this->greatest;
  }
};

// ---- what comes out ------------------------------------------------------------------------------------

/// The aggregates of one group. Sums, least and greatest are words of group_sum_type.
struct group_answer {
  std::int64_t count;
  std::uint64_t sum;
  double mean, variance;
  std::uint64_t least, greatest;
};

namespace detail {

PRORATA_HD constexpr int wide_length(wide x) {
  auto const high = static_cast<std::uint64_t>(x >> 64), low = static_cast<std::uint64_t>(x);
  return high != 0 ? 128 - __builtin_clzll(high) : low != 0 ? 64 - __builtin_clzll(low) : 0;
}

PRORATA_HD constexpr leading_bits leading_of(wide x) {
  int const length = wide_length(x);
  if (length <= 64) return {static_cast<std::uint64_t>(x), 0, false};
  int const drop = length - 64;
  return {static_cast<std::uint64_t>(x >> drop), drop, x << (128 - drop) != 0};
}

/// The 64 leading bits of a / b; a > 0, 0 < b < 2^63.
PRORATA_HD constexpr leading_bits leading_of_quotient(wide a, std::uint64_t b) {
  int const shift = 128 - wide_length(a);
  wide const shifted = a << shift;  // at least 2^127: the quotient has more than 64 bits
  wide const quotient = shifted / b;
  leading_bits head = leading_of(quotient);
  head.more = head.more || quotient * b != shifted;
  head.exponent -= shift;
  return head;
}

/// nearest<double>, quickly where the result is neither tiny nor huge.
PRORATA_HD inline double nearest_double(leading_bits value, bool negative) {
  if (value.bits == 0) return from_bits<double>(0, negative);
  int const shift = __builtin_clzll(value.bits);
  int const exponent = value.exponent - shift;
  if (exponent < -1000 || exponent > 900) return nearest<double>(value, negative);
  // 64 bits, of which the last stands for all that follow, are rounded once by the conversion
  std::uint64_t const bits = value.bits << shift | static_cast<std::uint64_t>(value.more);
  auto const rounded = std::bit_cast<std::uint64_t>(static_cast<double>(bits));
  return from_bits<double>(rounded + (static_cast<std::uint64_t>(static_cast<std::int64_t>(exponent)) << 52),
                           negative);
}

/// (n·squares − sum²) / (n·(n − ddof)) in units of 2^(2·unit), rounded once. Words must hold n·squares.
template <int Words, int SumWords>
PRORATA_HD double variance_of(natural<SumWords> const& sum, natural<Words> const& squares, int twice_unit,
                              std::int64_t n, std::int64_t ddof) {
  natural<Words> above = squares * static_cast<std::uint64_t>(n);
  natural<Words> square;
  for (int i = 0; i < SumWords; ++i) {
    if (sum.word[i] == 0) continue;
    std::uint64_t carry = 0;
    for (int j = 0; i + j < Words && (j < SumWords || carry != 0); ++j) {
      carry +=
          square.word[i + j] + static_cast<std::uint64_t>(sum.word[i]) * (j < SumWords ? sum.word[j] : 0);
      square.word[i + j] = static_cast<std::uint32_t>(carry);
      carry >>= 32;
    }
  }
  above -= square;  // never negative: Cauchy and Schwarz
  if (above.bit_length() == 0) return 0.0;
  natural<4> const below = natural<4>(static_cast<std::uint64_t>(n)) * static_cast<std::uint64_t>(n - ddof);
  leading_bits head = leading_quotient(above, below);
  head.exponent += twice_unit;
  return nearest_double(head, false);
}

inline constexpr double no_number = std::bit_cast<double>(nan_bits<double>);

}  // namespace detail

/// The variance of n elements from their exact sum and the exact sum of their squares, rounded once. NaN where an
/// element is not finite, or n ≤ ddof.
template <class T>
PRORATA_HD double exact_variance(exact_sum<T> const& sum, exact_dot<T> const& squares, std::int64_t n,
                                 std::int64_t ddof) {
  if (!sum.finite() || n <= ddof) return detail::no_number;
  natural<exact_dot<T>::limbs + 4> wider;
  auto const found = squares.finite_part().magnitude;
  for (int k = 0; k < exact_dot<T>::limbs + 1; ++k) wider.word[k] = found.word[k];
  return detail::variance_of(sum.finite_part().magnitude, wider, exact_dot<T>::unit, n, ddof);
}

namespace detail {

/// ±words[0 … Count)·2^position into limbs of 32 bits.
template <int Limbs, int Unit, int Count>
PRORATA_HD void add_words(fixed_point<Limbs, Unit>& to, std::uint64_t const (&words)[Count], int exponent,
                          bool negative) {
  // Below the accumulator's unit there are only zeros: every value is a multiple of it.
  for (int k = 0; k < 2 * Count; ++k) {
    std::uint64_t const half = words[k / 2] >> 32 * (k % 2) & 0xffffffffu;
    if (half == 0) continue;
    int const position = exponent + 32 * k - Unit;
    std::uint64_t const placed = position >= 0 ? half << (position & 31) : half >> -position;
    int const limb = position >= 0 ? position >> 5 : 0;
    exact_slices<1> slice{limb, 0, {static_cast<std::int64_t>(placed & 0xffffffffu)}};
    if (negative) slice.slice[0] = -slice.slice[0];
    to.add(slice);
    if (placed >> 32 == 0) continue;
    slice.first = limb + 1;
    slice.slice[0] = static_cast<std::int64_t>(placed >> 32) * (negative ? -1 : 1);
    to.add(slice);
  }
}

/// The states of one key in several bands, added in accumulators that hold every exponent.
template <class State, class At>
PRORATA_HD void finish_bands(At const& at, index_t states, std::int64_t ddof, group_answer& out) {
  exact_sum<double> sum;
  exact_dot<double> squares;
  for (index_t k = 0; k < states; ++k) {
    State const& s = at(k);
    sum.flags |= s.flags;
    if (s.unit == State::no_unit) continue;
    bool const negative = s.sum[1] >> 63 != 0;
    wide const total = wide_of(s.sum);
    wide const magnitude = negative ? 0 - total : total;
    std::uint64_t const words[2] = {static_cast<std::uint64_t>(magnitude),
                                    static_cast<std::uint64_t>(magnitude >> 64)};
    add_words(sum, words, s.unit, negative);
    if constexpr (State::moments > 1) add_words(squares, s.squares, 2 * s.unit, false);
  }
  out.sum = std::bit_cast<std::uint64_t>(sum.round());
  out.mean = sum.mean(out.count);
  if constexpr (State::moments > 1) out.variance = exact_variance(sum, squares, out.count, ddof);
}

/// All of a key's values are in one state.
template <class State>
PRORATA_HD void finish_state(State const& s, std::int64_t ddof, group_answer& out) {
  bool const negative = s.sum[1] >> 63 != 0 && State::kind != addend::unsigned_integer;
  wide const total = wide_of(s.sum);
  wide const magnitude = negative ? 0 - total : total;
  bool finite = true;
  if constexpr (State::kind == addend::real) {
    fixed_point<2, 0> seen;
    seen.flags = s.flags;
    finite = seen.finite();
    double const without = finite ? seen.template zero_sum<double>() : seen.template infinite_sum<double>();
    if (!finite || total == 0) {
      out.sum = std::bit_cast<std::uint64_t>(without);
      out.mean = without;
    } else {
      leading_bits head = leading_of(magnitude);
      head.exponent += s.unit;
      out.sum = std::bit_cast<std::uint64_t>(nearest_double(head, negative));
    }
  } else {
    out.sum = s.sum[0];
    if (total == 0) out.mean = 0;
  }
  if (finite && total != 0) {
    leading_bits head = leading_of_quotient(magnitude, static_cast<std::uint64_t>(s.count));
    head.exponent += s.unit;
    out.mean = nearest_double(head, negative);
  }
  if constexpr (State::moments > 1) {
    out.variance = no_number;
    if (finite && s.count > ddof) {
      natural<4> sum;
      natural<12> squares;
      for (int k = 0; k < 4; ++k) sum.word[k] = static_cast<std::uint32_t>(magnitude >> 32 * k);
      for (int k = 0; k < 8; ++k)
        squares.word[k] = static_cast<std::uint32_t>(s.squares[k / 2] >> 32 * (k % 2));
      out.variance = variance_of(sum, squares, 2 * s.unit, s.count, ddof);
    }
  }
}

}  // namespace detail

/// The aggregates of a key from its states, at(0) … at(states − 1), states ≥ 1. Every one is rounded once.
///   sum, mean  floats: the double nearest to the true sum, or mean, of all values; −0 only if all are −0
///   variance   of the true values, Σ(x − mean)² / (n − ddof): NaN where n ≤ ddof or a value is not finite
///   extremes   IEEE 754-2019 minimum and maximum: a NaN wins, −0 < +0
template <class State, class At>
PRORATA_HD group_answer finished_group(At const& at, index_t states, std::int64_t ddof) {
  group_answer out{};
  State all = at(0);
  bool one = true;
  for (index_t k = 1; k < states; ++k) {
    State const& next = at(k);
    one = one && all.meets(next);
    all.merge(next);
  }
  out.count = all.count;
  if constexpr (State::moments > 0) {
    bool done = false;
    if constexpr (State::has_bands)
      if (!one) {
        detail::finish_bands<State>(at, states, ddof, out);
        done = true;
      }
    if (!done) detail::finish_state(all, ddof, out);
  }
  if constexpr (State::extremes) {
    if constexpr (State::kind == addend::real) {
      bool const nan = (all.flags & exact_flag::nan) != 0;
      out.least = nan ? nan_bits<double> : static_cast<std::uint64_t>(key_of_bits(all.least));
      out.greatest = nan ? nan_bits<double> : static_cast<std::uint64_t>(key_of_bits(all.greatest));
    } else {
      std::uint64_t const turn = State::kind == addend::unsigned_integer ? detail::top_bit : 0;
      out.least = static_cast<std::uint64_t>(all.least) ^ turn;
      out.greatest = static_cast<std::uint64_t>(all.greatest) ^ turn;
    }
  }
  return out;
}

/// What a job over groups is asked.
struct group_plan {
  addend kind = addend::real;
  group_wants wants{};
  std::int64_t ddof = 0;
};

/// The results of a job as columns of words.
enum class group_column { key, count, sum, mean, variance, least, greatest };
inline constexpr int group_columns = 7;

/// Whether a plan gives a column.
PRORATA_HD constexpr bool has_column(group_plan const& plan, group_column column) {
  switch (column) {
    case group_column::key:
    case group_column::count:
      return true;
    case group_column::sum:
    case group_column::mean:
      return plan.wants.moments > 0;
    case group_column::variance:
      return plan.wants.moments > 1;
    default:
      return plan.wants.extremes;
  }
}

/// A column's word of a key and its answer.
PRORATA_HD constexpr std::uint64_t word_of(group_column column, std::uint64_t key, group_answer const& a) {
  switch (column) {
    case group_column::key:
      return key;
    case group_column::count:
      return static_cast<std::uint64_t>(a.count);
    case group_column::sum:
      return a.sum;
    case group_column::mean:
      return std::bit_cast<std::uint64_t>(a.mean);
    case group_column::variance:
      return std::bit_cast<std::uint64_t>(a.variance);
    case group_column::least:
      return a.least;
    default:
      return a.greatest;
  }
}

/// A row: its key and its value, as words.
struct group_row {
  std::uint64_t key, value;
};

/// A state and the key that it belongs to: what ranks exchange.
template <class State>
struct group_record {
  std::uint64_t key;
  State state;
};

/// Records in ascending order of keys, somewhere in a device's memory.
struct record_run {
  std::byte const* records;
  index_t count;
};

/// Calls f(state_tag of the state) for what is wanted; it may keep more than that, so that fewer are
/// compiled.
template <class State>
struct state_tag {
  using type = State;
};
template <addend Kind, class F>
decltype(auto) with_group_state_of(group_plan const& plan, F const& f) {
  if (plan.wants.moments > 1) return f(state_tag<group_state<Kind, 2, true>>{});
  if (plan.wants.extremes) return f(state_tag<group_state<Kind, 1, true>>{});
  if (plan.wants.moments > 0) return f(state_tag<group_state<Kind, 1, false>>{});
  return f(state_tag<group_state<Kind, 0, false>>{});
}
template <class F>
decltype(auto) with_group_state(group_plan const& plan, F const& f) {
  if (plan.kind == addend::real) return with_group_state_of<addend::real>(plan, f);
  if (plan.kind == addend::signed_integer) return with_group_state_of<addend::signed_integer>(plan, f);
  return with_group_state_of<addend::unsigned_integer>(plan, f);
}

/// Bytes of a record under a plan; the same on every device.
inline index_t record_bytes(group_plan const& plan) {
  return with_group_state(plan, [](auto tag) {
    return static_cast<index_t>(sizeof(group_record<typename decltype(tag)::type>));
  });
}

}  // namespace prorata
