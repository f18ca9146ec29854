// Deposits whole arrays into exact accumulators at the speed of memory.
#pragma once

#include <algorithm>
#include <prorata/exact.hpp>
#include <type_traits>

namespace prorata::host {

/// How many elements one fast step takes; also how many a generic loader stages on the stack.
inline constexpr index_t exact_block = 1024;

/// Adds x[0 … n) to the sum: the same state, after propagate(), as n calls of deposit().
///   method  cuts each block of 1024 without error into slices of 43 bits, so that plain SIMD adds of a slice
///           are exact (Ogita, Rump, Oishi 2005); a block that does not fit goes value by value
///   bits    those of deposit(), always: if the caller's thread flushes subnormals or does not round to
///           nearest, everything goes value by value
///   cost    reads 8n (4n) bytes once, at the speed of a plain sum while the exponents within a block differ
///           by at most 32 (float: 19, half that speed up to 60); 2 to 4 ns per value where by hundreds
void deposit_block(exact_sum<double>& sum, double const* x, index_t n);
void deposit_block(exact_sum<float>& sum, float const* x, index_t n);
void deposit_block(exact_sum<std::int64_t>& sum, std::int64_t const* x, index_t n);
void deposit_block(exact_sum<std::uint64_t>& sum, std::uint64_t const* x, index_t n);

/// Adds the products x[i]·y[i] of n pairs; otherwise as above.
void deposit_block(exact_dot<double>& dot, double const* x, double const* y, index_t n);
void deposit_block(exact_dot<float>& dot, float const* x, float const* y, index_t n);

/// Adds load(i) for every i in [begin, end), staged block by block on the stack.
template <class T, class Load>
void deposit_each(exact_sum<T>& sum, index_t begin, index_t end, Load&& load) {
  T staged[exact_block];
  while (begin < end) {
    index_t const count = std::min(exact_block, end - begin);
    for (index_t i = 0; i < count; ++i) staged[i] = static_cast<T>(load(begin + i));
    deposit_block(sum, staged, count);
    begin += count;
  }
}

/// The same for integers, without a stage: narrow ones are added up in 64 bits, which hold 2^30 of them; wide ones
/// by halves of 32 bits, 2^30 of which they hold.
template <class T, class Load>
requires(std::is_integral_v<T> && sizeof(T) == 8) void deposit_each(exact_sum<T>& sum, index_t begin,
                                                                    index_t end, Load&& load) {
  using element = std::remove_cvref_t<decltype(load(begin))>;
  constexpr index_t strip = index_t{1} << 30;
  for (; begin < end; begin += strip) {
    index_t const last = std::min(end, begin + strip);
    if constexpr (sizeof(element) < 8) {
      T total = 0;
      for (index_t i = begin; i < last; ++i) total += static_cast<T>(load(i));
      sum.deposit(total);
    } else {
      T high = 0;
      std::uint64_t low = 0;
      for (index_t i = begin; i < last; ++i) {
        auto const x = static_cast<T>(load(i));
        high += x >> 32;
        low += static_cast<std::uint64_t>(x) & 0xffffffffu;
      }
      auto const top = static_cast<std::int64_t>(high);
      using three = exact_slices<3>;
      sum.add(three{0, exact_flag::something, {static_cast<std::int64_t>(low & 0xffffffffu), 0, 0}});
      sum.add(three{0, exact_flag::something, {0, static_cast<std::int64_t>(low >> 32), 0}});
      sum.add(three{0, exact_flag::something, {0, top & 0xffffffff, top >> 32}});
    }
  }
}

/// The same for pairs of factors: load(i) has members x and y.
template <class T, class Load>
void deposit_each(exact_dot<T>& dot, index_t begin, index_t end, Load&& load) {
  T x[exact_block], y[exact_block];
  while (begin < end) {
    index_t const count = std::min(exact_block, end - begin);
    for (index_t i = 0; i < count; ++i) {
      auto const pair = load(begin + i);
      x[i] = static_cast<T>(pair.x);
      y[i] = static_cast<T>(pair.y);
    }
    deposit_block(dot, x, y, count);
    begin += count;
  }
}

}  // namespace prorata::host
