// Thrust's sorts and merges on the CPU, whichever of its systems the policy names.
#pragma once

#include <thrust/copy.h>
#include <thrust/merge.h>
#include <thrust/sequence.h>
#include <thrust/sort.h>

#include <bench/peers/sort_peers.hpp>
#include <memory>

namespace prorata::bench {

template <auto const& Policy>
bool join_thrust_sorts(char const* name) {
  join_sorts(name, []<class T>(T* x, std::int64_t n) { thrust::sort(Policy, x, x + n); });
  join_pair_sorts(
      name,
      [](auto* keys, auto* values, std::int64_t n) {
        thrust::stable_sort_by_key(Policy, keys, keys + n, values);
      },
      []<class K>(std::int64_t* places, K const* keys, std::int64_t n) {
        auto const sorted = std::make_unique_for_overwrite<K[]>(static_cast<std::size_t>(n));
        thrust::copy(Policy, keys, keys + n, sorted.get());
        thrust::sequence(Policy, places, places + n);
        thrust::stable_sort_by_key(Policy, sorted.get(), sorted.get() + n, places);
      });
  return join_merges(
      name,
      []<class T>(T* out, T const* a, std::int64_t m, T const* b, std::int64_t n) {
        thrust::merge(Policy, a, a + m, b, b + n, out);
      },
      []<class T>(T const* x, std::int64_t n) { return thrust::is_sorted(Policy, x, x + n); });
}

}  // namespace prorata::bench
