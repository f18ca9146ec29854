// Loops that are written out: every step knows its number at compile time, so arrays stay in registers.
#pragma once

#include <prorata/config.hpp>
#include <utility>

namespace prorata::cuda {

/// A number as a type.
template <int K>
struct number {
  static constexpr int value = K;
};

namespace detail {
template <class F, int... K>
PRORATA_HD constexpr void unrolled_over(std::integer_sequence<int, K...>, F& f) {
  (f(number<K>{}), ...);
}
}  // namespace detail

/// f(number<0>{}), f(number<1>{}), …, f(number<Count − 1>{}).
template <int Count, class F>
PRORATA_HD constexpr void unrolled(F&& f) {
  detail::unrolled_over(std::make_integer_sequence<int, Count>{}, f);
}

}  // namespace prorata::cuda
