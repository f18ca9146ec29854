// A stable radix sort for elements that are in cache.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <prorata/config.hpp>
#include <utility>

namespace prorata::host {

/// The key of an element: itself, or its member.
template <class U>
requires std::is_unsigned_v<U>
constexpr U key_of(U x) { return x; }
template <class E>
requires requires(E e) { e.key; }
constexpr auto key_of(E const& e) { return e.key; }

namespace detail {

template <class E>
void insertion_sort(E* x, std::size_t n) {
  for (std::size_t i = 1; i < n; ++i) {
    E const e = x[i];
    std::size_t k = i;
    for (; k > 0 && key_of(e) < key_of(x[k - 1]); --k) x[k] = x[k - 1];
    x[k] = e;
  }
}

inline constexpr std::size_t insertion_limit = 24;  // elements
inline constexpr int digit_bits = 8;

/// Bits of the keys that a first sweep sorts by: enough that few neighbours stay equal in them.
inline int sweep_bits(std::size_t n, int bits) {
  int const enough = (std::bit_width(n) + 4 + digit_bits - 1) / digit_bits * digit_bits;
  return bits <= enough + digit_bits ? bits : enough;
}

/// Sorts x by the bits [0, bits) of key − base; above them all keys are equal. `room` is as long as x.
/// The leading digits are sorted from the last of them to the first; what is still equal then is a short
/// run, finished by insertion, or a long one, sorted by its remaining bits in the same way.
template <class E, class U>
void sort_digits(E* x, E* room, std::size_t n, U base, int bits) {
  if (n <= insertion_limit) return insertion_sort(x, n);
  if (bits == 0) return;
  int const taken = sweep_bits(n, bits), rest = bits - taken;
  int const digits = (taken + digit_bits - 1) / digit_bits;
  constexpr std::size_t values = 1 << digit_bits;

  std::array<std::array<std::uint32_t, values>, sizeof(U)> counts;
  for (int d = 0; d < digits; ++d) counts[static_cast<std::size_t>(d)].fill(0);
  for (std::size_t i = 0; i < n; ++i) {
    U const k = static_cast<U>(static_cast<U>(key_of(x[i]) - base) >> rest);
    for (int d = 0; d < digits; ++d)
      ++counts[static_cast<std::size_t>(d)][static_cast<std::size_t>(k >> (d * digit_bits)) & (values - 1)];
  }
  E *from = x, *to = room;
  for (int d = 0; d < digits; ++d) {
    auto& places = counts[static_cast<std::size_t>(d)];
    int const shift = rest + d * digit_bits;
    auto const digit = [&](E const& e) {
      return static_cast<std::size_t>(static_cast<U>(key_of(e) - base) >> shift) & (values - 1);
    };
    if (places[digit(from[0])] == n) continue;  // all have the same
    std::uint32_t before = 0;
    for (auto& p : places) before += std::exchange(p, before);
    for (std::size_t i = 0; i < n; ++i) to[places[digit(from[i])]++] = from[i];
    std::swap(from, to);
  }
  if (from != x)
    for (std::size_t i = 0; i < n; ++i) x[i] = from[i];
  if (rest == 0) return;
  auto const lead = [&](std::size_t i) { return static_cast<U>(key_of(x[i]) - base) >> rest; };
  for (std::size_t begin = 0; begin < n;) {
    auto const l = lead(begin);
    std::size_t end = begin + 1;
    while (end < n && lead(end) == l) ++end;
    if (end - begin > 1)
      sort_digits(x + begin, room, end - begin,
                  static_cast<U>(base + static_cast<U>(static_cast<U>(l) << rest)), rest);
    begin = end;
  }
}
}  // namespace detail

/// Sorts fewer than 2^32 elements by keys that lie in [least, greatest]; equal ones keep their order.
///   needs   room for as many elements
///   cost    one sweep over the elements for each 8 bits that are needed to tell them apart
template <class E, class U>
void stable_radix_sort(E* x, E* room, std::size_t n, U least, U greatest) {
  detail::sort_digits(x, room, n, least, std::bit_width(static_cast<U>(greatest - least)));
}

}  // namespace prorata::host
