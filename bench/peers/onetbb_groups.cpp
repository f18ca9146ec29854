// oneTBB: a hash table for each thread, added at the end; or rows sorted by key.
#include <tbb/blocked_range.h>
#include <tbb/enumerable_thread_specific.h>
#include <tbb/parallel_for.h>
#include <tbb/parallel_sort.h>

#include <bench/peers/group_peers.hpp>
#include <unordered_map>

namespace prorata::bench {
namespace {

using range = tbb::blocked_range<std::int64_t>;

template <class T>
sums_by_key<T> hashed(std::int64_t const* keys, T const* values, std::int64_t n) {
  using sum = typename sums_by_key<T>::value_type::second_type;
  tbb::enumerable_thread_specific<std::unordered_map<std::int64_t, sum>> tables;
  tbb::parallel_for(range(0, n, 1 << 14), [&](range const& r) {
    auto& mine = tables.local();
    for (std::int64_t i = r.begin(); i < r.end(); ++i) mine[keys[i]] += static_cast<sum>(values[i]);
  });
  std::unordered_map<std::int64_t, sum> all;
  for (auto& table : tables) {
    if (all.empty()) {
      all.swap(table);
    } else {
      for (auto const& [key, s] : table) all[key] += s;
    }
  }
  sums_by_key<T> out(all.begin(), all.end());
  tbb::parallel_sort(out.begin(), out.end(), [](auto const& a, auto const& b) { return a.first < b.first; });
  return out;
}

template <class T>
sums_by_key<T> sorted(std::int64_t const* keys, T const* values, std::int64_t n) {
  std::vector<std::pair<std::int64_t, T>> rows(static_cast<std::size_t>(n));
  tbb::parallel_for(range(0, n, 1 << 14), [&](range const& r) {
    for (std::int64_t i = r.begin(); i < r.end(); ++i)
      rows[static_cast<std::size_t>(i)] = {keys[i], values[i]};
  });
  tbb::parallel_sort(rows.begin(), rows.end(),
                     [](auto const& a, auto const& b) { return a.first < b.first; });
  sums_by_key<T> out;
  for (auto const& [key, value] : rows) {
    if (out.empty() || out.back().first != key) out.push_back({key, 0});
    out.back().second += value;
  }
  return out;
}

bool const hashing = join_groups([]<class T>(T) { return group_peer<T>{"oneTBB, hash tables", hashed<T>}; });
bool const sorting = join_groups([]<class T>(T) { return group_peer<T>{"oneTBB, sort", sorted<T>}; });

}  // namespace
}  // namespace prorata::bench
