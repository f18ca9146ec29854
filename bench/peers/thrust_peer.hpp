// Thrust on the CPU, whichever of its systems the policy names.
#pragma once

#include <thrust/functional.h>
#include <thrust/inner_product.h>
#include <thrust/reduce.h>
#include <thrust/transform.h>

#include <bench/peers/peers.hpp>

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

}  // namespace prorata::bench
