// The order arrays are sorted in, as unsigned integers: a key for every bit pattern, and the way back.
#pragma once

#include <bit>
#include <cstddef>
#include <prorata/boolean8.hpp>
#include <prorata/config.hpp>
#include <prorata/half.hpp>
#include <prorata/operations.hpp>
#include <type_traits>

namespace prorata {

/// Which end comes first.
enum class direction : unsigned char { ascending, descending };

/// What the bits of an element mean to an order.
enum class number_kind : unsigned char { boolean, integer, floating };

namespace detail {
template <std::size_t Bytes>
using unsigned_of =
    std::conditional_t<Bytes == 1, std::uint8_t,
                       std::conditional_t<Bytes == 2, std::uint16_t,
                                          std::conditional_t<Bytes == 4, std::uint32_t, std::uint64_t>>>;

/// What stands for an element among the distinct ones: one NaN, one zero, one true.
struct representative {
  template <class T>
  PRORATA_HD constexpr T operator()(T const& x) const {
    if constexpr (std::is_same_v<T, half>) {
      unsigned const magnitude = x.bits & 0x7fffu;
      return magnitude > 0x7c00u ? half{0x7e00} : magnitude == 0 ? half{0} : x;
    } else if constexpr (std::is_same_v<T, boolean8>) {
      return boolean8{static_cast<unsigned char>(x ? 1 : 0)};
    } else if constexpr (std::is_floating_point_v<T>) {
      return x == 0 ? T{0} : canonical_nan(x);
    } else {
      return x;
    }
  }
};

template <class T>
constexpr number_kind kind_of() {
  if constexpr (std::is_same_v<T, boolean8> || std::is_same_v<T, bool>) {
    return number_kind::boolean;
  } else if constexpr (std::is_integral_v<T>) {
    return number_kind::integer;
  } else {
    static_assert(std::is_same_v<T, half> || std::is_same_v<T, float> || std::is_same_v<T, double>,
                  "sorted are bool, boolean8, integers, half, float and double");
    return number_kind::floating;
  }
}
}  // namespace detail

/// An order of bit patterns of type U: less(a, b) is key(a) < key(b).
template <class U, number_kind Kind>
struct bit_order;

/// Integers: the sign bit is flipped where there is one, and every bit to count downwards.
template <class U>
struct bit_order<U, number_kind::integer> {
  U mask = 0;
  PRORATA_HD constexpr U key(U bits) const { return static_cast<U>(bits ^ mask); }
  PRORATA_HD constexpr U bits(U key) const { return static_cast<U>(key ^ mask); }
};

/// Truth: any byte but zero is true; it comes back as 1.
template <class U>
struct bit_order<U, number_kind::boolean> {
  U mask = 0;  // 1 to count downwards
  PRORATA_HD constexpr U key(U bits) const { return static_cast<U>((bits != 0 ? 1 : 0) ^ mask); }
  PRORATA_HD constexpr U bits(U key) const { return static_cast<U>(key ^ mask); }
};

/// Floats, NaNs behind all numbers in both directions, among themselves by their bits:
///   ascending    −inf … −0 +0 … +inf | NaN … −NaN
///   descending   +inf … +0 −0 … −inf | NaN … −NaN
/// Flipped as usual (negative ones complemented, positive ones above them) the −NaNs come first; the circle
/// of keys is turned until −inf is at zero.
///   example  half: −NaN 0…0x3fe, −inf 0x3ff … +inf 0xfc00, NaN … 0xffff; less 0x3ff: −inf 0, +inf 0xf801,
///            NaNs above
template <class U>
struct bit_order<U, number_kind::floating> {
  bool descending = false;

  static constexpr int mantissa_bits = sizeof(U) == 2 ? 10 : sizeof(U) == 4 ? 23 : 52;
  static constexpr U sign = static_cast<U>(U{1} << (sizeof(U) * 8 - 1));
  static constexpr U nans = static_cast<U>((U{1} << mantissa_bits) - 1);  // of one sign
  static constexpr U last_number = static_cast<U>(U{0} - 2 * nans - 1);   // the key of the last number

  PRORATA_HD constexpr U key(U bits) const {
    using S = std::make_signed_t<U>;
    U const negative = static_cast<U>(static_cast<S>(bits) >> (sizeof(U) * 8 - 1));  // every bit, or none
    U const flipped = static_cast<U>(bits ^ (negative | sign));
    U const k = static_cast<U>(flipped - nans);
    return descending && k <= last_number ? static_cast<U>(last_number - k) : k;
  }
  PRORATA_HD constexpr U bits(U key) const {
    U const k = descending && key <= last_number ? static_cast<U>(last_number - key) : key;
    U const flipped = static_cast<U>(k + nans);
    return static_cast<U>((flipped & sign) != 0 ? flipped ^ sign : ~flipped);
  }
};

/// The order of elements of T: bool, boolean8, integers, half, float, double. Total: elements that are
/// equivalent have the same bits (but for the truth of a boolean), so the sorted array is unique.
///   floats  −0 before +0, NaNs last whichever the direction, as people expect who look for the best and do
///           not want to meet the missing first
template <class T>
struct total_order {
  static constexpr number_kind kind = detail::kind_of<T>();
  using key_type = detail::unsigned_of<sizeof(T)>;
  using map = bit_order<key_type, kind>;

  map bit_map;

  constexpr total_order() : total_order(direction::ascending) {}
  constexpr explicit total_order(direction d) : bit_map(map_of(d)) {}

  PRORATA_HD constexpr key_type key(T const& x) const { return bit_map.key(std::bit_cast<key_type>(x)); }
  PRORATA_HD constexpr T value(key_type k) const { return std::bit_cast<T>(bit_map.bits(k)); }
  PRORATA_HD constexpr bool operator()(T const& a, T const& b) const { return key(a) < key(b); }

 private:
  static constexpr map map_of(direction d) {
    bool const down = d == direction::descending;
    if constexpr (kind == number_kind::floating) {
      return {down};
    } else if constexpr (kind == number_kind::boolean) {
      return {static_cast<key_type>(down ? 1 : 0)};
    } else {
      constexpr auto sign = static_cast<key_type>(
          std::is_signed_v<T> ? key_type{1} << (sizeof(key_type) * 8 - 1) : key_type{0});
      return {static_cast<key_type>(down ? ~sign : sign)};
    }
  }
};

}  // namespace prorata
