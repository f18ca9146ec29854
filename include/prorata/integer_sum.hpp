// Exact sums of integers as integers: what 64 bits hold is given, what they do not is said.
#pragma once

#include <algorithm>
#include <limits>
#include <optional>
#include <prorata/error.hpp>
#include <prorata/exact.hpp>
#include <string>
#include <type_traits>

namespace prorata {

/// The accumulator's element for integers of type T: 64 bits of their signedness.
template <class T>
using wide_integer = std::conditional_t<std::is_signed_v<T>, std::int64_t, std::uint64_t>;

namespace detail {
struct signed_wide {
  unsigned __int128 magnitude;
  bool negative;
  std::uint64_t low_bits() const { return static_cast<std::uint64_t>(negative ? 0 - magnitude : magnitude); }
};

/// The whole sum: 2^63 integers of 64 bits stay below 2^127.
template <class T>
requires std::is_integral_v<T> signed_wide whole_sum(exact_sum<T> const& sum) {
  auto const part = sum.finite_part();
  unsigned __int128 magnitude = 0;
  for (int i = 3; i >= 0; --i) magnitude = magnitude << 32 | part.magnitude.word[i];
  return {magnitude, part.negative};
}
}  // namespace detail

/// The sum as T, if T holds it.
template <class T>
requires std::is_integral_v<T> std::optional<T> integer_sum(exact_sum<T> const& sum) {
  auto const [magnitude, negative] = detail::whole_sum(sum);
  auto const limit = static_cast<unsigned __int128>(std::numeric_limits<T>::max());
  if (!negative) return magnitude <= limit ? std::optional(static_cast<T>(magnitude)) : std::nullopt;
  if (!std::is_signed_v<T> || magnitude > limit + 1) return std::nullopt;
  return static_cast<T>(0 - static_cast<std::uint64_t>(magnitude));
}

/// All digits of the sum.
template <class T>
requires std::is_integral_v<T> std::string decimal(exact_sum<T> const& sum) {
  auto [rest, negative] = detail::whole_sum(sum);
  std::string text;
  do text.push_back(static_cast<char>('0' + static_cast<int>(rest % 10)));
  while ((rest /= 10) != 0);
  if (negative) text.push_back('-');
  std::reverse(text.begin(), text.end());
  return text;
}

/// "the 64 bits of int64 do not hold"
template <class T>
std::string beyond() {
  return std::string("the 64 bits of ") + (std::is_signed_v<T> ? "int64" : "uint64") + " do not hold";
}

/// The sum as T.
///   throws  input_error where T does not hold it: `what` is all its digits; what to do `instead`
template <class T>
T integer_sum_or_refuse(exact_sum<T> const& sum, std::string const& what, std::string const& instead) {
  if (auto const fits = integer_sum(sum)) return *fits;
  throw input_error(what + " is " + decimal(sum) + ", which " + beyond<T>() + "; " + instead);
}

}  // namespace prorata
