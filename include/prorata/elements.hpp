// Reading elements by global index: a functor and the pointers it is applied to, as kernels and loops take
// it.
#pragma once

#include <concepts>
#include <prorata/finishing.hpp>
#include <type_traits>
#include <utility>

namespace prorata {

/// An array whose elements verbs can read, wherever they lie: a distributed_array, or a file_array.
template <class X>
concept source = requires(X const& x) {
  typename X::value_type;
  { x.size() } -> std::convertible_to<index_t>;
  x.team();
  x.partition();
};
template <source X>
using element_of = std::remove_const_t<typename X::value_type>;

/// The element itself.
struct identity {
  template <class T>
  PRORATA_HD constexpr T operator()(T const& x) const {
    return x;
  }
};

namespace detail {
/// A distinct base for each array, even where two have the same type.
template <std::size_t I, class T>
struct pointer_at {
  T const* data;
};

template <class Indices, class F, class... T>
struct element_reader;
template <std::size_t... I, class F, class... T>
struct element_reader<std::index_sequence<I...>, F, T...> : pointer_at<I, T>... {
  F f;
  index_t begin;

  element_reader(F function, index_t first, T const*... data)
      : pointer_at<I, T>{data}..., f(std::move(function)), begin(first) {}

  PRORATA_HD auto operator()(index_t i) const { return f(pointer_at<I, T>::data[i - begin]...); }

  /// Asks for the cache lines that lie `bytes` bytes beyond each array's elements [first, last). (Always
  /// inlined: to GCC, a function that does nothing but ask is a function that does nothing, and its calls are
  /// dropped.)
  [[gnu::always_inline]] PRORATA_HD void prefetch(index_t first, index_t last, index_t bytes) const {
    (ask_for(pointer_at<I, T>::data + (first - begin), (last - first) * static_cast<index_t>(sizeof(T)),
             bytes),
     ...);
  }

  /// Where element i lies, when elements are read as they are.
  auto contiguous(index_t i) const requires(std::is_same_v<F, identity> && sizeof...(T) == 1) {
    return (pointer_at<I, T>::data + ...) + (i - begin);
  }

 private:
  [[gnu::always_inline]] PRORATA_HD static void ask_for([[maybe_unused]] void const* from,
                                                        [[maybe_unused]] index_t length,
                                                        [[maybe_unused]] index_t bytes) {
#if defined(__GNUC__) && !defined(__CUDA_ARCH__)
    for (index_t at = 0; at < length; at += 64)
      __builtin_prefetch(static_cast<char const*>(from) + bytes + at);
#endif
  }
};
}  // namespace detail

/// load(i) = f(x[i], …) for global i of one part: trivially copyable when f is, so it goes into kernels.
template <class F, class... T>
using element_load = detail::element_reader<std::index_sequence_for<T...>, F, T...>;

/// The load for part k of arrays that are cut alike.
template <class F, class S, class T, class... U>
auto load_of(F const& f, std::size_t k, distributed_array<T, S> const& x,
             distributed_array<U, S> const&... more) {
  return element_load<F, std::remove_const_t<T>, std::remove_const_t<U>...>(
      f, x.parts()[k].begin, x.parts()[k].data, more.parts()[k].data...);
}

/// Arrays that are read together belong to one team and are cut alike.
template <class A, class... B>
void require_alike(A const& a, B const&... b) {
  require(((a.team() == b.team()) && ...), "arrays used together belong to the same team");
  require(((a.partition().cuts == b.partition().cuts) && ...),
          "arrays used together have the same partition; redistribute one of them");
}

}  // namespace prorata
