// Other libraries' sorts, sorts by key and merges, ascending: what their users would write.
#pragma once

#include <cstdint>
#include <vector>

namespace prorata::bench {

/// In place.
template <class T>
struct sort_peer {
  char const* name;
  void (*sort)(T* x, std::int64_t n);
};

/// In place; equal keys keep the order of their values.
struct pair_sort_peer {
  char const* name;
  void (*sort)(std::uint64_t* keys, std::uint64_t* values, std::int64_t n);
};

/// places[0], places[1], … are where the keys lie in ascending order; equal ones in the order of places.
template <class K>
struct argsort_peer {
  char const* name;
  void (*argsort)(std::int64_t* places, K const* keys, std::int64_t n);
};

template <class T>
struct merge_peer {
  char const* name;
  void (*merge)(T* out, T const* a, std::int64_t size_of_a, T const* b, std::int64_t size_of_b);
};

template <class T>
struct is_sorted_peer {
  char const* name;
  bool (*is_sorted)(T const* x, std::int64_t n);
};

template <class T>
std::vector<sort_peer<T>>& sort_peers() {
  static std::vector<sort_peer<T>> all;
  return all;
}
inline std::vector<pair_sort_peer>& pair_sort_peers() {
  static std::vector<pair_sort_peer> all;
  return all;
}
template <class K>
std::vector<argsort_peer<K>>& argsort_peers() {
  static std::vector<argsort_peer<K>> all;
  return all;
}
template <class T>
std::vector<merge_peer<T>>& merge_peers() {
  static std::vector<merge_peer<T>> all;
  return all;
}
template <class T>
std::vector<is_sorted_peer<T>>& is_sorted_peers() {
  static std::vector<is_sorted_peer<T>> all;
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

/// sort(keys, values, n) and argsort(places, keys, n).
template <class Sort, class Argsort>
bool join_pair_sorts(char const* name, Sort, Argsort) {
  pair_sort_peers().push_back(
      {name, [](std::uint64_t* keys, std::uint64_t* values, std::int64_t n) { Sort{}(keys, values, n); }});
  auto const join = [&]<class K>(K) {
    argsort_peers<K>().push_back(
        {name, [](std::int64_t* places, K const* keys, std::int64_t n) { Argsort{}(places, keys, n); }});
  };
  join(std::uint32_t{});
  join(double{});
  return true;
}

/// merge(out, a, size of a, b, size of b) and is_sorted(x, n).
template <class Merge, class IsSorted>
bool join_merges(char const* name, Merge, IsSorted) {
  auto const join = [&]<class T>(T) {
    merge_peers<T>().push_back(
        {name, [](T* out, T const* a, std::int64_t size_of_a, T const* b, std::int64_t size_of_b) {
           Merge{}(out, a, size_of_a, b, size_of_b);
         }});
    is_sorted_peers<T>().push_back({name, [](T const* x, std::int64_t n) { return IsSorted{}(x, n); }});
  };
  join(std::uint64_t{});
  join(float{});
  return true;
}

}  // namespace prorata::bench
