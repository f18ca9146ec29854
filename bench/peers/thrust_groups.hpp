// Thrust on the CPU: reduce_by_key, of keys that are sorted first and of runs as they are.
#pragma once

#include <thrust/copy.h>
#include <thrust/reduce.h>
#include <thrust/sort.h>

#include <bench/peers/group_peers.hpp>
#include <bench/peers/run_sum_peers.hpp>

namespace prorata::bench {

template <class T, auto const& Policy>
sums_by_key<T> thrust_sums(std::int64_t const* keys, T const* values, std::int64_t n) {
  using sum = typename sums_by_key<T>::value_type::second_type;
  std::vector<std::int64_t> k(keys, keys + n), unique(static_cast<std::size_t>(n));
  std::vector<sum> v(values, values + n), sums(static_cast<std::size_t>(n));
  thrust::sort_by_key(Policy, k.data(), k.data() + n, v.data());
  auto const ends =
      thrust::reduce_by_key(Policy, k.data(), k.data() + n, v.data(), unique.data(), sums.data());
  auto const groups = static_cast<std::size_t>(ends.first - unique.data());
  sums_by_key<T> out(groups);
  for (std::size_t g = 0; g < groups; ++g) out[g] = {unique[g], sums[g]};
  return out;
}

template <class T, auto const& Policy>
std::int64_t thrust_run_sums(key_beside<T>* keys_out, T* sums_out, key_beside<T> const* keys, T const* values,
                             std::int64_t n) {
  return thrust::reduce_by_key(Policy, keys, keys + n, values, keys_out, sums_out).first - keys_out;
}

}  // namespace prorata::bench
