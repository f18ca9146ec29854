// crowds: elements to be sorted and moved, drawn in several ways, and what is true of them in any order.
#pragma once

#include <tbb/parallel_for.h>

#include <bit>
#include <cstring>
#include <prorata/slots.hpp>
#include <prorata/total_order.hpp>
#include <span>
#include <type_traits>

namespace prorata::bench {

/// How elements are drawn.
enum class crowd { random, few, one_heavy, sorted };

inline std::uint64_t scattered_bits(std::uint64_t seed, index_t i) {
  return mix(seed + static_cast<std::uint64_t>(i) * 0x9e3779b97f4a7c15u);
}

/// Element i of n.
template <class T>
T element(crowd kind, std::uint64_t seed, index_t i, index_t n) {
  std::uint64_t h = scattered_bits(seed, i);
  if (kind == crowd::few) h = scattered_bits(seed, static_cast<index_t>(h % 1000));
  if (kind == crowd::one_heavy && h % 10 != 0) h = seed;
  if (kind == crowd::sorted)
    h = static_cast<std::uint64_t>(i) * (~std::uint64_t{0} / static_cast<std::uint64_t>(n));
  if constexpr (std::is_floating_point_v<T>) {
    return static_cast<T>(static_cast<double>(h >> 11) * 0x1p-53) - T{0.5};
  } else {
    return static_cast<T>(h >> (64 - 8 * sizeof(T)));
  }
}

/// What an oracle has to miss: x, far from where it was in any order.
template <class T>
T spoiled(T x) {
  if constexpr (std::is_floating_point_v<T>) {
    return x + 1;
  } else {
    return x ^ T { 1 } << (8 * sizeof(T) - 1);
  }
}

/// What does not depend on the order of elements: sums of their bits and of their scattered bits.
struct fingerprint {
  std::uint64_t sum = 0, scattered = 0;
  template <class T>
  void take(T const& x) {
    auto const bits = std::bit_cast<typename total_order<T>::key_type>(x);
    sum += bits;
    scattered += scattered_bits(bits, 1);
  }
  bool operator==(fingerprint const&) const = default;
};

/// Whether `found` ascends and consists of what `expected` was taken from.
template <class T>
bool is_sorted_form(std::span<T const> found, fingerprint const& expected) {
  fingerprint taken;
  bool ascends = true;
  for (std::size_t i = 0; i < found.size(); ++i) {
    taken.take(found[i]);
    ascends &= i == 0 || !(found[i] < found[i - 1]);
  }
  return ascends && taken == expected;
}

/// Copies on all cores.
template <class T>
void copy_to(std::span<T> to, std::span<T const> from) {
  constexpr std::size_t block = 4096;
  tbb::parallel_for(std::size_t{0}, (from.size() + block - 1) / block, [&](std::size_t k) {
    auto const some = from.subspan(k * block, std::min(block, from.size() - k * block));
    std::memcpy(to.data() + k * block, some.data(), some.size_bytes());
  });
}

}  // namespace prorata::bench
