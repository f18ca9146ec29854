// The loops themselves: semantics.hpp's functions over arrays, which compilers vectorise.
#include <host/expression/loops.hpp>
#include <host/expression/semantics.hpp>
#include <type_traits>

namespace prorata::expression {

namespace {

/// How registers hold booleans: compilers vectorise loops over bytes of 0 and 1, but not over bool.
using truth = unsigned char;
template <class T>
using held = std::conditional_t<std::is_same_v<T, bool>, truth, T>;

/// Calls f with a value of the C++ type behind t.
template <class F>
loop by_type(type t, F f) {
  switch (t) {
    case type::boolean:
      return f(truth{});
    case type::i64:
      return f(std::int64_t{});
    case type::u64:
      return f(std::uint64_t{});
    case type::f32:
      return f(float{});
    case type::f64:
      return f(double{});
  }
  return nullptr;
}

template <class A, class F, bool ScalarA = false>
void unary_loop(void* out, void const* a, void const*, void const*, index_t n) {
  using R = held<decltype(F{}(A{}))>;
  auto* __restrict const r = static_cast<R*>(out);
  auto const* __restrict const x = static_cast<A const*>(a);
#pragma omp simd
  for (index_t i = 0; i < n; ++i) r[i] = F{}(x[ScalarA ? 0 : i]);
}

template <class T, class F, bool ScalarA, bool ScalarB>
void binary_loop(void* out, void const* a, void const* b, void const*, index_t n) {
  using R = held<decltype(F{}(T{}, T{}))>;
  auto* __restrict const r = static_cast<R*>(out);
  auto const* __restrict const x = static_cast<T const*>(a);
  auto const* __restrict const y = static_cast<T const*>(b);
#pragma omp simd
  for (index_t i = 0; i < n; ++i) r[i] = F{}(x[ScalarA ? 0 : i], y[ScalarB ? 0 : i]);
}

template <class C, class T, class F, unsigned Scalars>
void ternary_loop(void* out, void const* a, void const* b, void const* c, index_t n) {
  auto* __restrict const r = static_cast<T*>(out);
  auto const* __restrict const x = static_cast<C const*>(a);
  auto const* __restrict const y = static_cast<T const*>(b);
  auto const* __restrict const z = static_cast<T const*>(c);
#pragma omp simd
  for (index_t i = 0; i < n; ++i)
    r[i] = F{}(x[(Scalars & 1) != 0 ? 0 : i], y[(Scalars & 2) != 0 ? 0 : i], z[(Scalars & 4) != 0 ? 0 : i]);
}

template <class T, class F>
loop binary(unsigned scalars) {
  constexpr loop variants[] = {binary_loop<T, F, false, false>, binary_loop<T, F, true, false>,
                               binary_loop<T, F, false, true>};
  return variants[scalars];
}

template <class C, class T, class F>
loop ternary(unsigned scalars) {
  constexpr loop variants[] = {ternary_loop<C, T, F, 0>, ternary_loop<C, T, F, 1>, ternary_loop<C, T, F, 2>,
                               ternary_loop<C, T, F, 3>, ternary_loop<C, T, F, 4>, ternary_loop<C, T, F, 5>,
                               ternary_loop<C, T, F, 6>};
  return variants[scalars];
}

template <class F>
loop real1(type t, F) {
  return t == type::f32 ? unary_loop<float, F> : unary_loop<double, F>;
}
template <class F>
loop real2(type t, unsigned scalars, F) {
  return t == type::f32 ? binary<float, F>(scalars) : binary<double, F>(scalars);
}
template <class F>
loop number1(type t, F f) {
  if (t == type::i64) return unary_loop<std::int64_t, F>;
  if (t == type::u64) return unary_loop<std::uint64_t, F>;
  return real1(t, f);
}
template <class F>
loop integer2(type t, unsigned scalars, F) {
  return t == type::i64 ? binary<std::int64_t, F>(scalars) : binary<std::uint64_t, F>(scalars);
}
template <class F>
loop number2(type t, unsigned scalars, F f) {
  return t == type::i64 || t == type::u64 ? integer2(t, scalars, f) : real2(t, scalars, f);
}
template <class F>
loop any2(type t, unsigned scalars, F f) {
  return t == type::boolean ? binary<truth, F>(scalars) : number2(t, scalars, f);
}

}  // namespace

loop find_loop(operation op, type t, unsigned scalars) {
  using enum operation;
  namespace s = semantics;
  switch (op) {
    case input:
    case constant:
    case convert:
      return nullptr;
    case select:
      return by_type(t, [&](auto v) {
        using F = decltype([](truth c, auto a, auto b) { return s::select(c != 0, a, b); });
        return ternary<truth, decltype(v), F>(scalars);
      });
    case multiply_add: {
      using F = decltype([](auto a, auto b, auto c) { return s::multiply_add(a, b, c); });
      return t == type::f32 ? ternary<float, float, F>(scalars) : ternary<double, double, F>(scalars);
    }
    case add:
      return number2(t, scalars, [](auto a, auto b) { return s::add(a, b); });
    case subtract:
      return number2(t, scalars, [](auto a, auto b) { return s::subtract(a, b); });
    case multiply:
      return number2(t, scalars, [](auto a, auto b) { return s::multiply(a, b); });
    case divide:
      return real2(t, scalars, [](auto a, auto b) { return s::divide(a, b); });
    case modulo:
      return number2(t, scalars, [](auto a, auto b) { return s::modulo(a, b); });
    case integer_power:
      return integer2(t, scalars, [](auto a, auto b) { return s::integer_power(a, b); });
    case power:
      return real2(t, scalars, [](auto a, auto b) { return s::power(a, b); });
    case minimum:
      return number2(t, scalars, [](auto a, auto b) { return s::minimum(a, b); });
    case maximum:
      return number2(t, scalars, [](auto a, auto b) { return s::maximum(a, b); });
    case atan2:
      return real2(t, scalars, [](auto a, auto b) { return s::atan2(a, b); });
    case hypot:
      return real2(t, scalars, [](auto a, auto b) { return s::hypot(a, b); });
    case less:
      return any2(t, scalars, [](auto a, auto b) { return s::less(a, b); });
    case less_equal:
      return any2(t, scalars, [](auto a, auto b) { return s::less_equal(a, b); });
    case equal:
      return any2(t, scalars, [](auto a, auto b) { return s::equal(a, b); });
    case not_equal:
      return any2(t, scalars, [](auto a, auto b) { return s::not_equal(a, b); });
    case both:
      return binary<truth, decltype([](truth a, truth b) { return s::both(a != 0, b != 0); })>(scalars);
    case either:
      return binary<truth, decltype([](truth a, truth b) { return s::either(a != 0, b != 0); })>(scalars);
    case negation:
      return unary_loop<truth, decltype([](truth a) { return s::negation(a != 0); })>;
    case negate:
      return number1(t, [](auto a) { return s::negate(a); });
    case absolute:
      return number1(t, [](auto a) { return s::absolute(a); });
    case sign:
      return number1(t, [](auto a) { return s::sign(a); });
    case square_root:
      return real1(t, [](auto a) { return s::square_root(a); });
    case floor:
      return real1(t, [](auto a) { return s::floor(a); });
    case ceil:
      return real1(t, [](auto a) { return s::ceil(a); });
    case nearest:
      return real1(t, [](auto a) { return s::nearest(a); });
    case trunc:
      return real1(t, [](auto a) { return s::trunc(a); });
    case is_nan:
      return real1(t, [](auto a) { return s::is_nan(a); });
    case is_infinite:
      return real1(t, [](auto a) { return s::is_infinite(a); });
    case is_finite:
      return real1(t, [](auto a) { return s::is_finite(a); });
    case cube_root:
      return real1(t, [](auto a) { return s::cube_root(a); });
    case exp:
      return real1(t, [](auto a) { return s::exp(a); });
    case exp2:
      return real1(t, [](auto a) { return s::exp2(a); });
    case expm1:
      return real1(t, [](auto a) { return s::expm1(a); });
    case log:
      return real1(t, [](auto a) { return s::log(a); });
    case log2:
      return real1(t, [](auto a) { return s::log2(a); });
    case log10:
      return real1(t, [](auto a) { return s::log10(a); });
    case log1p:
      return real1(t, [](auto a) { return s::log1p(a); });
    case sin:
      return real1(t, [](auto a) { return s::sin(a); });
    case cos:
      return real1(t, [](auto a) { return s::cos(a); });
    case tan:
      return real1(t, [](auto a) { return s::tan(a); });
    case asin:
      return real1(t, [](auto a) { return s::asin(a); });
    case acos:
      return real1(t, [](auto a) { return s::acos(a); });
    case atan:
      return real1(t, [](auto a) { return s::atan(a); });
    case sinh:
      return real1(t, [](auto a) { return s::sinh(a); });
    case cosh:
      return real1(t, [](auto a) { return s::cosh(a); });
    case tanh:
      return real1(t, [](auto a) { return s::tanh(a); });
  }
  return nullptr;
}

loop find_convert(type from, type to) {
  return by_type(from, [&](auto source) {
    return by_type(to, [](auto target) -> loop {
      using From = decltype(source);
      using To = decltype(target);
      return unary_loop<From, decltype([](From x) { return semantics::convert<To>(x); })>;
    });
  });
}

loop find_load(io::dtype from) {
  return io::visit(from, []<class From>(io::type_tag<From>) -> loop {
    constexpr type seen = type_of(io::dtype_of<From>);
    using whole = std::conditional_t<seen == type::u64, std::uint64_t, std::int64_t>;
    using real = std::conditional_t<seen == type::f32, float, double>;
    using To =
        std::conditional_t<seen == type::boolean, truth, std::conditional_t<(seen < type::f32), whole, real>>;
    return unary_loop<From, decltype([](From x) { return semantics::load<To>(x); })>;
  });
}

loop find_store(type from, io::dtype to, bool scalar) {
  return by_type(from, [&](auto source) {
    using From = decltype(source);
    return io::visit(to, [&]<class To>(io::type_tag<To>) -> loop {
      using F = decltype([](From x) {
        if constexpr (io::dtype_of<To> == io::dtype::f16)
          return semantics::store_half(x);
        else if constexpr (io::dtype_of<To> == io::dtype::boolean)
          return semantics::store_boolean(x);
        else
          return semantics::store<To>(x);
      });
      return scalar ? unary_loop<From, F, true> : unary_loop<From, F>;
    });
  });
}

}  // namespace prorata::expression
