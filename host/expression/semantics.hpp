// semantics: what each operation of an expression means for one element; the host's loops and the GPU's
// kernels are compiled from this very text.
#pragma once

#include <math.h>

#include <prorata/boolean8.hpp>
#include <prorata/config.hpp>
#include <prorata/half.hpp>

// No standard header may be needed below: the text is also given to the run-time compiler, which has none.
namespace prorata::expression::semantics {

template <class T>
inline constexpr bool is_real = false;
template <>
inline constexpr bool is_real<float> = true;
template <>
inline constexpr bool is_real<double> = true;

/// The unsigned type in which integers wrap around without undefined behaviour.
template <class T>
using wrapping = unsigned long long;

// Arithmetic: IEEE 754, correctly rounded; integers wrap modulo 2^64.
template <class T>
PRORATA_HD T add(T a, T b) {
  if constexpr (is_real<T>)
    return a + b;
  else
    return static_cast<T>(static_cast<wrapping<T>>(a) + static_cast<wrapping<T>>(b));
}
template <class T>
PRORATA_HD T subtract(T a, T b) {
  if constexpr (is_real<T>)
    return a - b;
  else
    return static_cast<T>(static_cast<wrapping<T>>(a) - static_cast<wrapping<T>>(b));
}
template <class T>
PRORATA_HD T multiply(T a, T b) {
  if constexpr (is_real<T>)
    return a * b;
  else
    return static_cast<T>(static_cast<wrapping<T>>(a) * static_cast<wrapping<T>>(b));
}
template <class T>
PRORATA_HD T divide(T a, T b) {
  return a / b;
}
template <class T>
PRORATA_HD T negate(T a) {
  if constexpr (is_real<T>)
    return -a;
  else
    return static_cast<T>(0 - static_cast<wrapping<T>>(a));
}
template <class T>
PRORATA_HD T absolute(T a) {
  if constexpr (is_real<T>)
    return a < 0 ? -a : a == 0 ? T(0) : a;
  else
    return a < 0 ? negate(a) : a;
}
PRORATA_HD inline float truncated_remainder(float a, float b) { return ::fmodf(a, b); }
PRORATA_HD inline double truncated_remainder(double a, double b) { return ::fmod(a, b); }

/// The remainder with the divisor's sign, as in Python and NumPy; exact. An integer modulo 0 is 0.
template <class T>
PRORATA_HD T modulo(T a, T b) {
  if constexpr (is_real<T>) {
    T const r = truncated_remainder(a, b);
    if (r == 0) return b < 0 ? -T(0) : T(0);
    return (r < 0) != (b < 0) ? r + b : r;
  } else {
    if (b == 0 || b == static_cast<T>(-1)) return b == 0 || static_cast<T>(-1) < 0 ? T(0) : a % b;
    T const r = a % b;
    return r != 0 && (r < 0) != (b < 0) ? r + b : r;
  }
}
/// Base to a non-negative integer power, by squaring, modulo 2^64.
template <class T>
PRORATA_HD T integer_power(T base, T exponent) {
  auto result = static_cast<wrapping<T>>(1), factor = static_cast<wrapping<T>>(base);
  for (auto e = static_cast<wrapping<T>>(exponent); e != 0; e >>= 1) {
    if ((e & 1) != 0) result *= factor;
    factor *= factor;
  }
  return static_cast<T>(result);
}

// Zeros that compare equal differ in the sign bit alone: the or of the bits is -0, the and is +0.
PRORATA_HD inline float either_bits(float a, float b) {
  return __builtin_bit_cast(float, __builtin_bit_cast(unsigned, a) | __builtin_bit_cast(unsigned, b));
}
PRORATA_HD inline double either_bits(double a, double b) {
  using word = unsigned long long;
  return __builtin_bit_cast(double, __builtin_bit_cast(word, a) | __builtin_bit_cast(word, b));
}
PRORATA_HD inline float both_bits(float a, float b) {
  return __builtin_bit_cast(float, __builtin_bit_cast(unsigned, a) & __builtin_bit_cast(unsigned, b));
}
PRORATA_HD inline double both_bits(double a, double b) {
  using word = unsigned long long;
  return __builtin_bit_cast(double, __builtin_bit_cast(word, a) & __builtin_bit_cast(word, b));
}
/// IEEE 754-2019 minimum and maximum: NaN wins, -0 < +0.
template <class T>
PRORATA_HD T minimum(T a, T b) {
  if constexpr (is_real<T>)
    return a < b ? a : b < a ? b : a != b ? a + b : either_bits(a, b);
  else
    return b < a ? b : a;
}
template <class T>
PRORATA_HD T maximum(T a, T b) {
  if constexpr (is_real<T>)
    return b < a ? a : a < b ? b : a != b ? a + b : both_bits(a, b);
  else
    return a < b ? b : a;
}
/// -1, 0 or 1; of NaN it is NaN.
template <class T>
PRORATA_HD T sign(T a) {
  if constexpr (is_real<T>)
    return a > 0 ? T(1) : a < 0 ? T(-1) : a == 0 ? T(0) : a;
  else
    return a > 0 ? T(1) : a < 0 ? static_cast<T>(-1) : T(0);
}

// Comparisons and logic.
template <class T>
PRORATA_HD bool less(T a, T b) {
  return a < b;
}
template <class T>
PRORATA_HD bool less_equal(T a, T b) {
  return a <= b;
}
template <class T>
PRORATA_HD bool equal(T a, T b) {
  return a == b;
}
template <class T>
PRORATA_HD bool not_equal(T a, T b) {
  return a != b;
}
PRORATA_HD inline bool both(bool a, bool b) { return a & b; }
PRORATA_HD inline bool either(bool a, bool b) { return a | b; }
PRORATA_HD inline bool negation(bool a) { return !a; }
template <class T>
PRORATA_HD T select(bool condition, T a, T b) {
  return condition ? a : b;
}
template <class T>
PRORATA_HD bool is_nan(T a) {
  return a != a;
}
template <class T>
PRORATA_HD bool is_finite(T a) {
  return a - a == 0;
}
template <class T>
PRORATA_HD bool is_infinite(T a) {
  return a == a && !(a - a == 0);
}

// Correctly rounded or exact everywhere.
PRORATA_HD inline float square_root(float x) { return ::sqrtf(x); }
PRORATA_HD inline double square_root(double x) { return ::sqrt(x); }
PRORATA_HD inline float multiply_add(float x, float y, float z) { return ::fmaf(x, y, z); }
PRORATA_HD inline double multiply_add(double x, double y, double z) { return ::fma(x, y, z); }
PRORATA_HD inline float floor(float x) { return ::floorf(x); }
PRORATA_HD inline double floor(double x) { return ::floor(x); }
PRORATA_HD inline float ceil(float x) { return ::ceilf(x); }
PRORATA_HD inline double ceil(double x) { return ::ceil(x); }
PRORATA_HD inline float trunc(float x) { return ::truncf(x); }
PRORATA_HD inline double trunc(double x) { return ::trunc(x); }
PRORATA_HD inline float nearest(float x) { return ::rintf(x); }
PRORATA_HD inline double nearest(double x) { return ::rint(x); }

// From the mathematical library of the side that runs them: their last bits may differ between CPU and GPU.
PRORATA_HD inline float cube_root(float x) { return ::cbrtf(x); }
PRORATA_HD inline double cube_root(double x) { return ::cbrt(x); }
PRORATA_HD inline float exp(float x) { return ::expf(x); }
PRORATA_HD inline double exp(double x) { return ::exp(x); }
PRORATA_HD inline float exp2(float x) { return ::exp2f(x); }
PRORATA_HD inline double exp2(double x) { return ::exp2(x); }
PRORATA_HD inline float expm1(float x) { return ::expm1f(x); }
PRORATA_HD inline double expm1(double x) { return ::expm1(x); }
PRORATA_HD inline float log(float x) { return ::logf(x); }
PRORATA_HD inline double log(double x) { return ::log(x); }
PRORATA_HD inline float log2(float x) { return ::log2f(x); }
PRORATA_HD inline double log2(double x) { return ::log2(x); }
PRORATA_HD inline float log10(float x) { return ::log10f(x); }
PRORATA_HD inline double log10(double x) { return ::log10(x); }
PRORATA_HD inline float log1p(float x) { return ::log1pf(x); }
PRORATA_HD inline double log1p(double x) { return ::log1p(x); }
PRORATA_HD inline float sin(float x) { return ::sinf(x); }
PRORATA_HD inline double sin(double x) { return ::sin(x); }
PRORATA_HD inline float cos(float x) { return ::cosf(x); }
PRORATA_HD inline double cos(double x) { return ::cos(x); }
PRORATA_HD inline float tan(float x) { return ::tanf(x); }
PRORATA_HD inline double tan(double x) { return ::tan(x); }
PRORATA_HD inline float asin(float x) { return ::asinf(x); }
PRORATA_HD inline double asin(double x) { return ::asin(x); }
PRORATA_HD inline float acos(float x) { return ::acosf(x); }
PRORATA_HD inline double acos(double x) { return ::acos(x); }
PRORATA_HD inline float atan(float x) { return ::atanf(x); }
PRORATA_HD inline double atan(double x) { return ::atan(x); }
PRORATA_HD inline float sinh(float x) { return ::sinhf(x); }
PRORATA_HD inline double sinh(double x) { return ::sinh(x); }
PRORATA_HD inline float cosh(float x) { return ::coshf(x); }
PRORATA_HD inline double cosh(double x) { return ::cosh(x); }
PRORATA_HD inline float tanh(float x) { return ::tanhf(x); }
PRORATA_HD inline double tanh(double x) { return ::tanh(x); }
PRORATA_HD inline float power(float x, float y) { return ::powf(x, y); }
PRORATA_HD inline double power(double x, double y) { return ::pow(x, y); }
PRORATA_HD inline float atan2(float x, float y) { return ::atan2f(x, y); }
PRORATA_HD inline double atan2(double x, double y) { return ::atan2(x, y); }
PRORATA_HD inline float hypot(float x, float y) { return ::hypotf(x, y); }
PRORATA_HD inline double hypot(double x, double y) { return ::hypot(x, y); }

/// Inside an expression: widening, or to the nearest; to boolean it asks for "not zero".
template <class To, class From>
PRORATA_HD To convert(From x) {
  if constexpr (sizeof(To) == 1)
    return x != 0;
  else
    return static_cast<To>(x);
}

/// An element of a file, as the expression sees it.
template <class To, class From>
PRORATA_HD To load(From x) {
  return static_cast<To>(x);
}
template <>
PRORATA_HD inline float load<float, half>(half x) {
  return to_float(x);
}
template <>
PRORATA_HD inline bool load<bool, boolean8>(boolean8 x) {
  return x.byte != 0;
}

/// An element whose bytes are in the other order.
template <class T>
PRORATA_HD T swapped(T x) {
  struct octets {
    unsigned char at[sizeof(T)];
  };
  octets const in = __builtin_bit_cast(octets, x);
  octets out{};
  for (unsigned i = 0; i < sizeof(T); ++i) out.at[i] = in.at[sizeof(T) - 1 - i];
  return __builtin_bit_cast(T, out);
}

/// Smallest and largest value of an integer type.
template <class T>
inline constexpr T smallest = static_cast<T>(-1) < T(0) ? static_cast<T>(1ull << (8 * sizeof(T) - 1)) : T(0);
template <class T>
inline constexpr T largest = static_cast<T>(~static_cast<unsigned long long>(smallest<T>));

/// A result, as the file gets it. Reals to integers: towards zero, saturating, NaN gives 0. Integers to
/// narrower ones: saturating. To reals: to nearest, and every NaN becomes the one positive quiet NaN, so that
/// bits do not depend on the processor.
template <class To, class From>
PRORATA_HD To store(From x) {
  if constexpr (is_real<To>) {
    auto const y = static_cast<To>(x);
    return y == y ? y : static_cast<To>(__builtin_bit_cast(float, 0x7fc00000u));
  } else if constexpr (is_real<From>) {
    if (!(x > static_cast<From>(smallest<To>))) return x == x ? smallest<To> : To(0);
    return x < 2 * static_cast<From>(largest<To> / 2 + 1) ? static_cast<To>(x) : largest<To>;
  } else if constexpr (sizeof(From) == 1) {  // boolean
    return static_cast<To>(x);
  } else if constexpr (smallest<From> < 0 && smallest<To> == 0) {
    return x < 0                                              ? To(0)
           : static_cast<unsigned long long>(x) > largest<To> ? largest<To>
                                                              : static_cast<To>(x);
  } else if constexpr (smallest<From> == 0) {
    return x > static_cast<unsigned long long>(largest<To>) ? largest<To> : static_cast<To>(x);
  } else {
    return x < smallest<To> ? smallest<To> : x > largest<To> ? largest<To> : static_cast<To>(x);
  }
}
template <class From>
PRORATA_HD half store_half(From x) {
  half h = half{0};
  if constexpr (is_real<From>)
    h = to_half(x);
  else
    h = to_half(static_cast<double>(x));  // what is not exact here is infinite there
  return half{static_cast<unsigned short>((h.bits & 0x7fffu) > 0x7c00u ? 0x7e00u : h.bits)};
}
template <class From>
PRORATA_HD boolean8 store_boolean(From x) {
  return boolean8{static_cast<unsigned char>(x != 0 ? 1 : 0)};
}

}  // namespace prorata::expression::semantics
