// What other libraries offer for adding up the values of equal neighbouring keys, on plain arrays.
#pragma once

#include <cstdint>
#include <type_traits>
#include <vector>

namespace prorata::bench {

/// Keys as wide as their values.
template <class T>
using key_beside = std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>;

/// Writes the key and the sum of every run, in order; returns how many there are.
template <class T>
struct run_sum_peer {
  char const* name;
  std::int64_t (*sums)(key_beside<T>* keys_out, T* sums_out, key_beside<T> const* keys, T const* values,
                       std::int64_t n);
};

template <class T>
std::vector<run_sum_peer<T>>& run_sum_peers() {
  static std::vector<run_sum_peer<T>> all;
  return all;
}

template <class F>
bool join_run_sums(F f) {
  run_sum_peers<float>().push_back(f(float{}));
  run_sum_peers<double>().push_back(f(double{}));
  return true;
}

}  // namespace prorata::bench
