// Thrust on the CPU, whichever of its systems the policy names.
#pragma once

#include <thrust/fill.h>
#include <thrust/for_each.h>
#include <thrust/functional.h>
#include <thrust/inner_product.h>
#include <thrust/reduce.h>
#include <thrust/tabulate.h>
#include <thrust/transform.h>

#include <bench/peers/peers.hpp>
#include <bench/peers/write_peers.hpp>

namespace prorata::bench {

template <class T, auto const& Policy>
peer<T> thrust_peer(char const* name) {
  return {
      name, [](T const* x, std::int64_t n) { return thrust::reduce(Policy, x, x + n, T{}); },
      [](T const* x, T const* y, std::int64_t n) { return thrust::inner_product(Policy, x, x + n, y, T{}); },
      [](T* out, T const* x, T const* y, std::int64_t n) {
        thrust::transform(Policy, x, x + n, y, out, triad{});
      },
      [](T* out, T const* x, T const* y, std::int64_t n) {
        thrust::transform(Policy, x, x + n, y, out, six_operations{});
      }};
}

template <auto const& Policy>
write_peer thrust_writes(char const* name) {
  return {name, [](float* out, std::int64_t n, float value) { thrust::fill(Policy, out, out + n, value); },
          [](float* out, std::int64_t n, wave f) { thrust::tabulate(Policy, out, out + n, f); },
          [](float* x, std::int64_t n, turned f) { thrust::for_each(Policy, x, x + n, f); }};
}

}  // namespace prorata::bench
