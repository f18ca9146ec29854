// Thrust on the CPU for selections, whichever of its systems the policy names.
#pragma once

#include <thrust/copy.h>
#include <thrust/count.h>
#include <thrust/extrema.h>
#include <thrust/functional.h>
#include <thrust/iterator/constant_iterator.h>
#include <thrust/iterator/counting_iterator.h>
#include <thrust/logical.h>
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
      .places = [](std::int64_t* out, float const* x, std::int64_t n, above keep) -> std::int64_t {
        thrust::counting_iterator<std::int64_t> const first(0);
        return thrust::copy_if(Policy, first, first + n, x, out, keep) - out;
      },
      .flagged = [](float* out, float const* x, std::uint8_t const* flags, std::int64_t n) -> std::int64_t {
        return thrust::copy_if(Policy, x, x + n, flags, out, [](std::uint8_t f) { return f != 0; }) - out;
      },
      .count_if = [](float const* x, std::int64_t n, above keep) -> std::int64_t {
        return thrust::count_if(Policy, x, x + n, keep);
      },
      .any_of = [](float const* x, std::int64_t n,
                   above keep) { return thrust::any_of(Policy, x, x + n, keep); },
      .argmax = [](float const* x, std::int64_t n) -> std::int64_t {
        return thrust::max_element(Policy, x, x + n) - x;
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
