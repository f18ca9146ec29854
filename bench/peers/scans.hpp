// What other libraries offer for running sums, as plain functions on plain arrays.
#pragma once

#include <cstdint>
#include <vector>

namespace prorata::bench {

template <class T>
struct scan_peer {
  char const* name;
  void (*sums)(T* out, T const* x, std::int64_t n);       ///< out[i] = x[0] + … + x[i], on every core
  void (*exclusive)(T* out, T const* x, std::int64_t n);  ///< out[i] = x[0] + … + x[i − 1]
};

template <class T>
std::vector<scan_peer<T>>& scan_peers() {
  static std::vector<scan_peer<T>> all;
  return all;
}

/// Makes a library known for every element type, as peers.hpp does.
template <class F>
bool join_scans(F f) {
  scan_peers<float>().push_back(f(float{}));
  scan_peers<double>().push_back(f(double{}));
  scan_peers<std::int32_t>().push_back(f(std::int32_t{}));
  scan_peers<std::int64_t>().push_back(f(std::int64_t{}));
  return true;
}

}  // namespace prorata::bench
