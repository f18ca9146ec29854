// What is stored of a functor's result: the same bits on every device, whatever it computed.
#pragma once

#include <limits>
#include <prorata/boolean8.hpp>
#include <prorata/half.hpp>
#include <prorata/operations.hpp>
#include <type_traits>

namespace prorata {

/// x as an element of T.
///   NaN       every one becomes the positive quiet one: processors differ in sign and payload
///   to integers  from floats: towards zero; what lies beyond becomes the nearest end, NaN 0
template <class T, class X>
PRORATA_HD constexpr T stored_result(X const& x) {
  if constexpr (std::is_floating_point_v<X> && std::is_integral_v<T> && !std::is_same_v<T, bool>) {
    using limits = std::numeric_limits<T>;
    if (!(x > static_cast<X>(limits::min()))) return x == x ? limits::min() : T{};
    return x < 2 * static_cast<X>(limits::max() / 2 + 1) ? static_cast<T>(x) : limits::max();
  } else if constexpr (std::is_same_v<T, half>) {
    half const h = static_cast<half>(x);
    return half{static_cast<unsigned short>((h.bits & 0x7fffu) > 0x7c00u ? 0x7e00u : h.bits)};
  } else if constexpr (std::is_floating_point_v<T>) {
    return sealed(static_cast<T>(x));
  } else if constexpr (std::is_same_v<T, boolean8>) {
    return boolean8{static_cast<bool>(x)};
  } else {
    return static_cast<T>(x);
  }
}

/// load(i), as it is stored.
template <class T, class Load>
struct result_load {
  Load load;
  PRORATA_HD T operator()(index_t i) const { return stored_result<T>(load(i)); }
};

/// An element that a functor was given by reference.
template <class T>
PRORATA_HD constexpr void seal_in_place(T& x) {
  if constexpr (std::is_floating_point_v<T>) {
    if (x != x) x = sealed(x);  // elements that are only read are not written
  } else if constexpr (std::is_same_v<T, half>) {
    if ((x.bits & 0x7fffu) > 0x7c00u) x = half{0x7e00};
  }
}

}  // namespace prorata
