// Which reduction each kernel is, and what elements it reads: once for every backend.
#pragma once

#include <host/run/gpu/kernels.hpp>
#include <prorata/elements.hpp>
#include <prorata/exactly.hpp>
#include <prorata/extrema.hpp>
#include <prorata/integer_moments.hpp>
#include <prorata/reductions.hpp>

namespace prorata::host {

/// The kernel that folds elements of X with R. The backend's reduce_piece is in sight where this is used.
template <class R, class X, class Stream>
kernel_on<Stream> kernel_for(gpu_value value) {
  return {value, [](piece p) -> index_t { return R::bytes(p); },
          [](Stream& s, piece p, void const* elements, std::byte* out) {
            reduce_piece(s, R{}, p,
                         element_load<identity, X>(identity{}, p.begin, static_cast<X const*>(elements)),
                         out);
          }};
}

/// Folds in the canonical order.
template <class Stream>
kernel_on<Stream> ordered_kernel_on(gpu_reduction r) {
  switch (r) {
    case gpu_reduction::sum_f64:
      return kernel_for<ordered<plus<double>>, double, Stream>(gpu_value::f64);
    case gpu_reduction::product_f64:
      return kernel_for<ordered<multiplies<double>>, double, Stream>(gpu_value::f64);
    case gpu_reduction::moments:
      return kernel_for<ordered<moments>, double, Stream>(gpu_value::f64);
    case gpu_reduction::weighted_moments:
      return kernel_for<ordered<weighted_moments>, weighted_value, Stream>(gpu_value::weighted);
    default:
      return {};
  }
}

/// Folds in any order: integers modulo 2^64, small ones and their squares, truth, extremes.
template <class Stream>
kernel_on<Stream> unordered_kernel_on(gpu_reduction r) {
  using std::int64_t, std::uint64_t;
  switch (r) {
    case gpu_reduction::sum_i64:
      return kernel_for<order_free<plus<int64_t>>, int64_t, Stream>(gpu_value::i64);
    case gpu_reduction::product_i64:
      return kernel_for<order_free<multiplies<int64_t>>, int64_t, Stream>(gpu_value::i64);
    case gpu_reduction::integer_moments:
      return kernel_for<integer_moments<int64_t>, int64_t, Stream>(gpu_value::i64);
    case gpu_reduction::any:
      return kernel_for<order_free<logical_or>, int64_t, Stream>(gpu_value::i64);
    case gpu_reduction::all:
      return kernel_for<order_free<logical_and>, int64_t, Stream>(gpu_value::i64);
    case gpu_reduction::extrema_f32:
      return kernel_for<extrema<float>, float, Stream>(gpu_value::f32);
    case gpu_reduction::extrema_f64:
      return kernel_for<extrema<double>, double, Stream>(gpu_value::f64);
    case gpu_reduction::extrema_i64:
      return kernel_for<extrema<int64_t>, int64_t, Stream>(gpu_value::i64);
    case gpu_reduction::extrema_u64:
      return kernel_for<extrema<uint64_t>, uint64_t, Stream>(gpu_value::i64);
    default:
      return {};
  }
}

/// Exact sums, and exact sums of products.
template <class Stream>
kernel_on<Stream> exact_kernel_on(gpu_reduction r) {
  using std::int64_t, std::uint64_t;
  switch (r) {
    case gpu_reduction::exact_f32:
      return kernel_for<exactly<exact_sum<float>>, float, Stream>(gpu_value::f32);
    case gpu_reduction::exact_f64:
      return kernel_for<exactly<exact_sum<double>>, double, Stream>(gpu_value::f64);
    case gpu_reduction::exact_i64:
      return kernel_for<exactly<exact_sum<int64_t>>, int64_t, Stream>(gpu_value::i64);
    case gpu_reduction::exact_u64:
      return kernel_for<exactly<exact_sum<uint64_t>>, uint64_t, Stream>(gpu_value::i64);
    case gpu_reduction::exact_products:
      return kernel_for<exactly<exact_dot<double>>, factors<double>, Stream>(gpu_value::factors);
    default:
      return {};
  }
}

}  // namespace prorata::host
