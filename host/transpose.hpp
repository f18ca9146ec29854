// Squares of 32 × 32 elements, turned over their diagonal: rows of a tile become its columns.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <prorata/config.hpp>
#include <type_traits>

namespace prorata::host {

/// to[c · 32 + r] = from[r · 32 + c] for 32 × 32 words; they must not overlap, and need no alignment but
/// that of a word.
///   cost   registers are turned in blocks as wide as they are: a quarter to one shuffle a word
void transpose_words(std::uint32_t const* from, std::uint32_t* to);
void transpose_words(std::uint64_t const* from, std::uint64_t* to);

/// The same for elements of any type.
template <class T>
void transpose(T const* from, T* to) {
  static_assert(std::is_trivially_copyable_v<T>);
  if constexpr (sizeof(T) == 4) {
    transpose_words(reinterpret_cast<std::uint32_t const*>(from), reinterpret_cast<std::uint32_t*>(to));
  } else if constexpr (sizeof(T) == 8) {
    transpose_words(reinterpret_cast<std::uint64_t const*>(from), reinterpret_cast<std::uint64_t*>(to));
  } else {
    for (index_t r = 0; r < 32; ++r)
      for (index_t c = 0; c < 32; ++c) to[c * 32 + r] = from[r * 32 + c];
  }
}

}  // namespace prorata::host
