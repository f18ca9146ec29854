// Other libraries' sorts of an array in place, ascending: what their users would write.
#pragma once

#include <cstdint>
#include <vector>

namespace prorata::bench {

template <class T>
struct sort_peer {
  char const* name;
  void (*sort)(T* x, std::int64_t n);
};

template <class T>
std::vector<sort_peer<T>>& sort_peers() {
  static std::vector<sort_peer<T>> all;
  return all;
}

/// Makes a library known for every element type: `bool const known = join_sorts(name, f)` with f(x, n).
template <class F>
bool join_sorts(char const* name, F) {
  auto const join = [&]<class T>(T) {
    sort_peers<T>().push_back({name, [](T* x, std::int64_t n) { F{}(x, n); }});
  };
  join(std::uint32_t{});
  join(std::uint64_t{});
  join(float{});
  join(double{});
  return true;
}

}  // namespace prorata::bench
