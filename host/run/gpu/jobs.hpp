// How the host's reductions are made of those that are compiled for GPUs.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <host/run/gpu/rank.hpp>
#include <prorata/exactly.hpp>
#include <prorata/extrema.hpp>
#include <prorata/integer_moments.hpp>
#include <prorata/reductions.hpp>

namespace prorata::host {

/// For each reduction R:
///   reductions                the GPU's that make it up
///   device_bytes(piece)       of their partial results, one after the other at multiples of 64
///   to_host(piece, from, to)  makes R's partial result of theirs, R::bytes(piece) bytes; most are the same
///   same(piece, a, b)         whether two of R's partial results are the same bytes, but for payloads of
///                             NaN and for padding: devices fill those as they like. --verify asks
///   (the bytes of `both` are those of its halves, side by side)
template <class R>
struct on_gpu;

/// The same bytes; or, of doubles, NaN on both sides.
inline bool same_words(std::byte const* a, std::byte const* b, index_t bytes, bool of_doubles) {
  if (!of_doubles) return std::memcmp(a, b, static_cast<std::size_t>(bytes)) == 0;
  for (index_t k = 0; k < bytes; k += static_cast<index_t>(sizeof(double))) {
    double x, y;
    std::memcpy(&x, a + k, sizeof x);
    std::memcpy(&y, b + k, sizeof y);
    if (std::memcmp(&x, &y, sizeof x) != 0 && !(std::isnan(x) && std::isnan(y))) return false;
  }
  return true;
}

template <class T>
bool same_extrema(std::byte const* a, std::byte const* b) {
  typename extrema<T>::found x, y;
  std::memcpy(&x, a, sizeof x);
  std::memcpy(&y, b, sizeof y);
  return x.nan == y.nan && (x.nan != nowhere || (x.least == y.least && x.greatest == y.greatest &&
                                                 x.argmin == y.argmin && x.argmax == y.argmax));
}

template <class R, gpu_reduction Which>
struct unchanged_on_gpu {
  static constexpr std::array reductions{Which};
  static index_t device_bytes(piece p) { return R::bytes(p); }
  static void to_host(piece p, std::byte const* from, std::byte* to) {
    std::memcpy(to, from, static_cast<std::size_t>(R::bytes(p)));
  }
  static bool same(piece p, std::byte const* a, std::byte const* b) {
    return same_words(a, b, R::bytes(p), Which <= gpu_reduction::weighted_moments);
  }
};

template <>
struct on_gpu<ordered<plus<double>>> : unchanged_on_gpu<ordered<plus<double>>, gpu_reduction::sum_f64> {};
template <>
struct on_gpu<ordered<multiplies<double>>>
    : unchanged_on_gpu<ordered<multiplies<double>>, gpu_reduction::product_f64> {};
template <>
struct on_gpu<ordered<moments>> : unchanged_on_gpu<ordered<moments>, gpu_reduction::moments> {};
/// Without the sums that GPUs add up beside.
template <>
struct on_gpu<ordered<second_moment>> {
  static constexpr std::array reductions{gpu_reduction::moments};
  static index_t device_bytes(piece p) { return ordered<moments>::bytes(p); }
  static void to_host(piece p, std::byte const* from, std::byte* to) {
    index_t const count = device_bytes(p) / static_cast<index_t>(sizeof(moments_state));
    for (index_t k = 0; k < count; ++k) {
      moments_state both;
      std::memcpy(&both, from + k * static_cast<index_t>(sizeof both), sizeof both);
      second_moment_state const second{both.base, both.rest, both.m2};
      std::memcpy(to + k * static_cast<index_t>(sizeof second), &second, sizeof second);
    }
  }
  static bool same(piece p, std::byte const* a, std::byte const* b) {
    return same_words(a, b, ordered<second_moment>::bytes(p), true);
  }
};
template <class T>
struct on_gpu<integer_moments<T>> : unchanged_on_gpu<integer_moments<T>, gpu_reduction::integer_moments> {};
template <>
struct on_gpu<ordered<weighted_moments>>
    : unchanged_on_gpu<ordered<weighted_moments>, gpu_reduction::weighted_moments> {};

/// Modulo 2^64 there is no sign.
template <class T>
struct on_gpu<order_free<plus<T>>> : unchanged_on_gpu<order_free<plus<T>>, gpu_reduction::sum_i64> {
  static_assert(std::is_integral_v<T> && sizeof(T) == 8);
};
template <class T>
struct on_gpu<order_free<multiplies<T>>>
    : unchanged_on_gpu<order_free<multiplies<T>>, gpu_reduction::product_i64> {
  static_assert(std::is_integral_v<T> && sizeof(T) == 8);
};
template <>
struct on_gpu<order_free<logical_or>> : unchanged_on_gpu<order_free<logical_or>, gpu_reduction::any> {};
template <>
struct on_gpu<order_free<logical_and>> : unchanged_on_gpu<order_free<logical_and>, gpu_reduction::all> {};

template <>
struct on_gpu<exactly<exact_sum<float>>>
    : unchanged_on_gpu<exactly<exact_sum<float>>, gpu_reduction::exact_f32> {};
template <>
struct on_gpu<exactly<exact_sum<double>>>
    : unchanged_on_gpu<exactly<exact_sum<double>>, gpu_reduction::exact_f64> {};
template <>
struct on_gpu<exactly<exact_sum<std::int64_t>>>
    : unchanged_on_gpu<exactly<exact_sum<std::int64_t>>, gpu_reduction::exact_i64> {};
template <>
struct on_gpu<exactly<exact_sum<std::uint64_t>>>
    : unchanged_on_gpu<exactly<exact_sum<std::uint64_t>>, gpu_reduction::exact_u64> {};
template <>
struct on_gpu<exactly<exact_dot<double>>>
    : unchanged_on_gpu<exactly<exact_dot<double>>, gpu_reduction::exact_products> {};

template <>
struct on_gpu<extrema<float>> : unchanged_on_gpu<extrema<float>, gpu_reduction::extrema_f32> {
  static bool same(piece, std::byte const* a, std::byte const* b) { return same_extrema<float>(a, b); }
};
template <>
struct on_gpu<extrema<double>> : unchanged_on_gpu<extrema<double>, gpu_reduction::extrema_f64> {
  static bool same(piece, std::byte const* a, std::byte const* b) { return same_extrema<double>(a, b); }
};

/// Integers are compared as 64 bits of their signedness; what was found fits the narrower type again.
template <class T>
requires std::is_integral_v<T>
struct on_gpu<extrema<T>> {
  using wide = std::conditional_t<std::is_signed_v<T>, std::int64_t, std::uint64_t>;
  static constexpr std::array reductions{std::is_signed_v<T> ? gpu_reduction::extrema_i64
                                                             : gpu_reduction::extrema_u64};
  static index_t device_bytes(piece p) { return extrema<wide>::bytes(p); }
  static void to_host(piece, std::byte const* from, std::byte* to) {
    typename extrema<wide>::found wider;
    std::memcpy(&wider, from, sizeof wider);
    typename extrema<T>::found const found{static_cast<T>(wider.least), static_cast<T>(wider.greatest),
                                           wider.argmin, wider.argmax, wider.nan};
    std::memcpy(to, &found, sizeof found);
  }
  static bool same(piece, std::byte const* a, std::byte const* b) { return same_extrema<T>(a, b); }
};

/// Both partial results lie side by side on either side, the second one where the first's bytes of that side end.
template <class A, class B>
struct on_gpu<both<A, B>> {
  static constexpr auto reductions = [] {
    std::array<gpu_reduction, on_gpu<A>::reductions.size() + on_gpu<B>::reductions.size()> all{};
    auto const next = std::copy(on_gpu<A>::reductions.begin(), on_gpu<A>::reductions.end(), all.begin());
    std::copy(on_gpu<B>::reductions.begin(), on_gpu<B>::reductions.end(), next);
    return all;
  }();
  static constexpr auto aligned = both<A, B>::aligned;
  static index_t device_bytes(piece p) {
    return aligned(on_gpu<A>::device_bytes(p)) + aligned(on_gpu<B>::device_bytes(p));
  }
  static void to_host(piece p, std::byte const* from, std::byte* to) {
    on_gpu<A>::to_host(p, from, to);
    on_gpu<B>::to_host(p, from + aligned(on_gpu<A>::device_bytes(p)), to + aligned(A::bytes(p)));
  }
  static bool same(piece p, std::byte const* a, std::byte const* b) {
    index_t const beside = aligned(A::bytes(p));
    return on_gpu<A>::same(p, a, b) && on_gpu<B>::same(p, a + beside, b + beside);
  }
};

/// A fold of what a load gives. Loads say what GPUs make of their files: `form`, and sources().
template <class R, class Load>
gpu_job gpu_job_of(Load const& load) {
  auto const& list = on_gpu<R>::reductions;
  return {Load::form, load.sources(), {list.begin(), list.end()}};
}

}  // namespace prorata::host
