// Thrust on the CPU for selections, whichever of its systems the policy names.
#pragma once

#include <thrust/copy.h>
#include <thrust/functional.h>
#include <thrust/iterator/constant_iterator.h>
#include <thrust/partition.h>
#include <thrust/reduce.h>
#include <thrust/sort.h>
#include <thrust/unique.h>

#include <bench/peers/selection_peers.hpp>

namespace prorata::bench {

template <auto const& Policy>
void thrust_sort(float* out, float const* x, std::int64_t n) {
  thrust::copy(Policy, x, x + n, out);
  thrust::sort(Policy, out, out + n);
}

template <auto const& Policy>
selection_peer thrust_selection(char const* name) {
  return {
      .name = name,
      .copy_if = [](float* out, float const* x, std::int64_t n, above keep) -> std::int64_t {
        return thrust::copy_if(Policy, x, x + n, out, keep) - out;
      },
      .partition = [](float* kept, float* rest, float const* x, std::int64_t n, above keep) -> std::int64_t {
        return thrust::stable_partition_copy(Policy, x, x + n, kept, rest, keep).first - kept;
      },
      .sort = thrust_sort<Policy>,
      .unique = [](float* out, float const* x, std::int64_t n) -> std::int64_t {
        thrust_sort<Policy>(out, x, n);
        return thrust::unique(Policy, out, out + n) - out;
      },
      .topk =
          [](float* out, float const* x, std::int64_t n, std::int64_t) {
            thrust::copy(Policy, x, x + n, out);
            thrust::sort(Policy, out, out + n, thrust::greater<float>{});
          },
      .runs = [](float* values, std::int64_t* lengths, float const* x, std::int64_t n) -> std::int64_t {
        auto const ends = thrust::reduce_by_key(Policy, x, x + n, thrust::constant_iterator<std::int64_t>(1),
                                                values, lengths);
        return ends.first - values;
      }};
}

}  // namespace prorata::bench
