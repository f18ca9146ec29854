// Numbers without a pattern, made from their index alone: the same on every device.
#pragma once

#include <cstdint>
#include <prorata/config.hpp>
#include <type_traits>

namespace prorata::tests {

/// Integer `seed` of the index, every bit of it stirred.
PRORATA_HD constexpr std::uint64_t stirred(index_t i, std::uint64_t seed = 1) {
  std::uint64_t const h = (static_cast<std::uint64_t>(i) + seed) * 0x9e3779b97f4a7c15u;
  return h ^ h >> 31;
}

/// Between -2^18 and 2^18; unsigned ones over their whole range.
template <class T>
struct scattered {
  PRORATA_HD T operator()(index_t i) const {
    if constexpr (std::is_unsigned_v<T>) {
      return static_cast<T>(stirred(i));
    } else {
      return static_cast<T>(static_cast<double>(static_cast<std::int64_t>(stirred(i))) * 0x1p-45);
    }
  }
};

}  // namespace prorata::tests
