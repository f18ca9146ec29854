// Sums, differences and products that are rounded once each: no compiler joins two of them into one operation. And
// what refuses, when it is compiled, the options of nvcc under which floats have other bits.
#pragma once

#include <prorata/config.hpp>
#include <type_traits>

#if defined(__CUDA_ARCH__)
// nvcc asks for contraction (--fmad=true) unless it is told otherwise, and defines no macro that says so.
extern "C" __device__ int __nvvm_reflect(char const*);
/// Nowhere defined: who sees this name in an error compiles with --ftz=true, --prec-div=false or --prec-sqrt=false.
extern "C" __device__ void prorata_promises_the_same_bits_remove_ftz_true_prec_div_false_prec_sqrt_false();
#endif

namespace prorata {

namespace detail {
/// Refuses to be compiled where subnormal floats are flushed to zero, or quotients and roots not rounded.
PRORATA_HD inline void refuse_other_bits() {
#if defined(__CUDA_ARCH__)
  if (__nvvm_reflect("__CUDA_FTZ") != 0 || __nvvm_reflect("__CUDA_PREC_DIV") == 0 ||
      __nvvm_reflect("__CUDA_PREC_SQRT") == 0)
    prorata_promises_the_same_bits_remove_ftz_true_prec_div_false_prec_sqrt_false();
#endif
}
}  // namespace detail

/// a + b
template <class T>
[[gnu::always_inline]] PRORATA_HD constexpr T rounded_sum(T a, T b) {
#if defined(__CUDA_ARCH__)
  if (!__builtin_is_constant_evaluated()) {
    if constexpr (std::is_same_v<T, float>) return __fadd_rn(a, b);
    if constexpr (std::is_same_v<T, double>) return __dadd_rn(a, b);
  }
#endif
  return a + b;
}

/// a − b
template <class T>
[[gnu::always_inline]] PRORATA_HD constexpr T rounded_difference(T a, T b) {
#if defined(__CUDA_ARCH__)
  if (!__builtin_is_constant_evaluated()) {
    if constexpr (std::is_same_v<T, float>) return __fsub_rn(a, b);
    if constexpr (std::is_same_v<T, double>) return __dsub_rn(a, b);
  }
#endif
  return a - b;
}

/// a × b
template <class T>
[[gnu::always_inline]] PRORATA_HD constexpr T rounded_product(T a, T b) {
#if defined(__CUDA_ARCH__)
  if (!__builtin_is_constant_evaluated()) {
    if constexpr (std::is_same_v<T, float>) return __fmul_rn(a, b);
    if constexpr (std::is_same_v<T, double>) return __dmul_rn(a, b);
  }
#endif
  return a * b;
}

}  // namespace prorata
