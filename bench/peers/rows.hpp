// rows: keys beside their places and values, for sorts that know neither pairs nor stability.
#pragma once

#include <cstdint>
#include <memory>

namespace prorata::bench {

template <class K>
struct placed {
  K key;
  std::int64_t place;
  friend bool operator<(placed const& a, placed const& b) {
    return a.key < b.key || (a.key == b.key && a.place < b.place);
  }
};

template <class K, class V>
struct row : placed<K> {
  V value;
};

/// Sorts keys and values as rows: each(n, f) calls f(i) for every i, and sort(begin, end) sorts.
template <class K, class V, class Each, class Sort>
void sort_rows(K* keys, V* values, std::int64_t n, Each const& each, Sort const& sort) {
  auto const memory = std::make_unique_for_overwrite<row<K, V>[]>(static_cast<std::size_t>(n));
  auto* const rows = memory.get();
  each(n, [=](std::int64_t i) { rows[i] = {{keys[i], i}, values[i]}; });
  sort(rows, rows + n);
  each(n, [=](std::int64_t i) {
    keys[i] = rows[i].key;
    values[i] = rows[i].value;
  });
}

/// The places that would sort the keys, found in the same way.
template <class K, class Each, class Sort>
void argsort_rows(std::int64_t* places, K const* keys, std::int64_t n, Each const& each, Sort const& sort) {
  auto const memory = std::make_unique_for_overwrite<placed<K>[]>(static_cast<std::size_t>(n));
  auto* const rows = memory.get();
  each(n, [=](std::int64_t i) { rows[i] = {keys[i], i}; });
  sort(rows, rows + n);
  each(n, [=](std::int64_t i) { places[i] = rows[i].place; });
}

}  // namespace prorata::bench
