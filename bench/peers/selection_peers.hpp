// selection_peers: what other libraries offer for keeping, ranking and joining elements, on plain arrays.
#pragma once

#include <cstdint>
#include <vector>

namespace prorata::bench {

struct above {
  float limit;
  constexpr bool operator()(float x) const { return x > limit; }
};

/// One library. Each function is what its users would write, on every core where the library can; null where
/// it offers nothing. `out` has room for n elements.
struct selection_peer {
  char const* name;
  std::int64_t (*copy_if)(float* out, float const* x, std::int64_t n, above keep) = nullptr;
  /// What is kept, and what is not, both in order: how many are kept.
  std::int64_t (*partition)(float* kept, float* rest, float const* x, std::int64_t n, above keep) = nullptr;
  /// The places of what is kept; what lies where a flag is not zero.
  std::int64_t (*places)(std::int64_t* out, float const* x, std::int64_t n, above keep) = nullptr;
  std::int64_t (*flagged)(float* out, float const* x, std::uint8_t const* flags, std::int64_t n) = nullptr;
  std::int64_t (*count_if)(float const* x, std::int64_t n, above keep) = nullptr;
  bool (*any_of)(float const* x, std::int64_t n, above keep) = nullptr;
  std::int64_t (*argmax)(float const* x, std::int64_t n) = nullptr;  // the first of the greatest
  void (*sort)(float* out, float const* x, std::int64_t n) = nullptr;
  std::int64_t (*unique)(float* out, float const* x, std::int64_t n) = nullptr;
  void (*topk)(float* out, float const* x, std::int64_t n, std::int64_t k) = nullptr;  // greatest first
  std::int64_t (*runs)(float* values, std::int64_t* lengths, float const* x, std::int64_t n) = nullptr;
  /// The elements at ascending places of the sorted array.
  void (*at_places)(float* out, float const* x, std::int64_t n, std::vector<std::int64_t> const& places,
                    float* found) = nullptr;
};

inline std::vector<selection_peer>& selection_peers() {
  static std::vector<selection_peer> all;
  return all;
}
inline bool join_selection(selection_peer p) {
  selection_peers().push_back(p);
  return true;
}

}  // namespace prorata::bench
