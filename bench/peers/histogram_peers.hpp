// What other libraries offer for histograms over even bins of [low, high), as plain functions on plain
// arrays.
#pragma once

#include <cstdint>
#include <vector>

namespace prorata::bench {

template <class T>
struct histogram_peer {
  char const* name;
  std::vector<std::int64_t> (*count)(T const* x, std::int64_t n, std::int64_t bins, double low, double high);
};

/// Sums of the weights w[i] of the elements in each bin.
template <class T>
struct weighted_histogram_peer {
  char const* name;
  std::vector<double> (*sums)(T const* x, T const* w, std::int64_t n, std::int64_t bins, double low,
                              double high);
};

template <class T>
std::vector<histogram_peer<T>>& histogram_peers() {
  static std::vector<histogram_peer<T>> all;
  return all;
}
template <class T>
std::vector<weighted_histogram_peer<T>>& weighted_histogram_peers() {
  static std::vector<weighted_histogram_peer<T>> all;
  return all;
}

}  // namespace prorata::bench
