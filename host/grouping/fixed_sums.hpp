// fixed_sums: sums of a table's groups in fixed point, a vector for each.
#pragma once

#include <bit>
#include <cstring>
#include <prorata/groups.hpp>
#include <type_traits>
#include <vector>

namespace prorata::host {

/// Sums in fixed point, split over two words so that a row costs a conversion and one addition of a vector:
/// high·2^low_bits + low, in units of 2^unit.
///   reals     whose exponents lie in one band of 32: a value is a whole number of units, and below 2^84 of
///             them, so converting and subtracting never round, in no rounding mode
///   integers  any; their words' halves
///   room      most_rows in words of 63 bits
template <addend Kind>
struct fixed_sums {
  typedef std::int64_t words __attribute__((vector_size(32)));
  typedef double reals __attribute__((vector_size(32)));
  static constexpr index_t lanes = 4;
  struct sum {
    words high_low_count;  // and one that is always 0
  };
  static constexpr bool real = Kind == addend::real;
  static constexpr int low_bits = real ? 42 : 32;
  static constexpr index_t most_rows = index_t{1} << (real ? 20 : 30);

  int exponent = real ? -1 : 1075;  // the least of the band, biased; −1: none was chosen
  double scale = 0;                 // 2^−(unit + low_bits)
  index_t rows = 0;
  std::vector<sum> sums;  // of each place

  std::int32_t unit() const { return exponent - 1075; }

  /// Takes the band of the largest exponent in question, unless its scale would not be a normal number.
  bool choose(int largest, int origin) {
    int const least = ((largest + origin) & ~31) - origin;
    if (least < 64 || least > 2000) return false;
    exponent = least;
    scale = std::bit_cast<double>(static_cast<std::uint64_t>(1023 - unit() - low_bits) << 52);
    return true;
  }

  /// What each of `lanes` rows adds.
  void split(std::uint64_t const* values, sum* parts) const {
    words high, low;
    if constexpr (real) {
      reals v;
      std::memcpy(&v, values, sizeof v);
      v *= scale;
      high = __builtin_convertvector(v, words);
      constexpr double units = static_cast<double>(std::int64_t{1} << low_bits);
      low = __builtin_convertvector((v - __builtin_convertvector(high, reals)) * units, words);
    } else {
      typedef std::uint64_t naturals __attribute__((vector_size(32)));
      using integers = std::conditional_t<Kind == addend::signed_integer, words, naturals>;
      integers v;
      std::memcpy(&v, values, sizeof v);
      high = reinterpret_cast<words>(v >> 32);
      low = reinterpret_cast<words>(v & 0xffffffff);
    }
    words const one{1, 0, 0, 0};
    words const even = __builtin_shufflevector(high, low, 0, 4, 2, 6);
    words const odd = __builtin_shufflevector(high, low, 1, 5, 3, 7);
    parts[0].high_low_count = __builtin_shufflevector(even, one, 0, 1, 4, 5);
    parts[1].high_low_count = __builtin_shufflevector(odd, one, 0, 1, 4, 5);
    parts[2].high_low_count = __builtin_shufflevector(even, one, 2, 3, 4, 5);
    parts[3].high_low_count = __builtin_shufflevector(odd, one, 2, 3, 4, 5);
  }
};

}  // namespace prorata::host
