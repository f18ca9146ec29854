// peers: what other libraries offer for the same work, as plain functions on plain arrays.
#pragma once

#include <cstdint>
#include <vector>

namespace prorata::bench {

inline constexpr double triad_factor = 0.75;

/// Six operations an element; also written as text for the interpreters.
inline constexpr char const* six_operations_text = "(x + y) * (x - y) + 0.75 * x * y";
struct six_operations {
  template <class T>
  constexpr T operator()(T x, T y) const {
    return (x + y) * (x - y) + T(triad_factor) * x * y;
  }
};
struct triad {
  template <class T>
  constexpr T operator()(T x, T y) const {
    return x + T(triad_factor) * y;
  }
};

/// One library. Each function is what its users would write; all use every core.
template <class T>
struct peer {
  char const* name;
  T (*sum)(T const* x, std::int64_t n);
  T (*dot)(T const* x, T const* y, std::int64_t n);
  void (*triad)(T* out, T const* x, T const* y, std::int64_t n);
  void (*six)(T* out, T const* x, T const* y, std::int64_t n);
};

/// The peers of this build, in the order they were linked; what is missing was said when it was configured.
template <class T>
std::vector<peer<T>>& peers() {
  static std::vector<peer<T>> all;
  return all;
}

/// Makes a library known for every element type: `bool const known = join(f)` with f(T{}) → peer<T>.
template <class F>
bool join(F f) {
  peers<float>().push_back(f(float{}));
  peers<double>().push_back(f(double{}));
  peers<std::int64_t>().push_back(f(std::int64_t{}));
  return true;
}

}  // namespace prorata::bench
