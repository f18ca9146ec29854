// What other libraries offer for writing arrays and changing them in place, as plain functions on plain
// arrays.
#pragma once

#include <cstdint>
#include <vector>

namespace prorata::bench {

/// A number for every place.
struct wave {
  std::uint32_t shift;
  constexpr float operator()(std::int64_t i) const {
    return static_cast<float>((static_cast<std::uint32_t>(i) + shift) * 0x9e3779b1u >> 8);
  }
};
struct turned {
  constexpr void operator()(float& x) const { x *= -0.5f; }
};

/// One library, on every core.
struct write_peer {
  char const* name;
  void (*fill)(float* out, std::int64_t n, float value);
  void (*generate)(float* out, std::int64_t n, wave f);  ///< out[i] = f(i)
  void (*for_each)(float* x, std::int64_t n, turned f);  ///< f(x[i])
};

inline std::vector<write_peer>& write_peers() {
  static std::vector<write_peer> all;
  return all;
}
inline bool join_writes(write_peer p) {
  write_peers().push_back(p);
  return true;
}

}  // namespace prorata::bench
