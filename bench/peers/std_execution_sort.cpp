// The standard library's sorts and merges: parallel (over TBB), and merging on one core.
#include <algorithm>
#include <bench/peers/sort_peers.hpp>
#include <execution>
#include <numeric>
#include <utility>

namespace prorata::bench {
namespace {

constexpr auto policy = std::execution::par;
constexpr char const* name = "std::execution::par";

template <class K, class V>
void sort_by_key(K* keys, V* values, std::int64_t n) {
  std::vector<std::pair<K, V>> rows(static_cast<std::size_t>(n));
  std::transform(policy, keys, keys + n, values, rows.begin(), [](K key, V value) {
    return std::pair{key, value};
  });
  std::stable_sort(policy, rows.begin(), rows.end(),
                   [](auto const& a, auto const& b) { return a.first < b.first; });
  std::transform(policy, rows.begin(), rows.end(), keys, [](auto const& row) { return row.first; });
  std::transform(policy, rows.begin(), rows.end(), values, [](auto const& row) { return row.second; });
}

template <class K>
void argsort(std::int64_t* places, K const* keys, std::int64_t n) {
  std::iota(places, places + n, std::int64_t{0});
  std::stable_sort(policy, places, places + n,
                   [=](std::int64_t a, std::int64_t b) { return keys[a] < keys[b]; });
}

bool const sorts = join_sorts(name, []<class T>(T* x, std::int64_t n) { std::sort(policy, x, x + n); });
bool const pairs = join_pair_sorts(
    name, [](auto* keys, auto* values, std::int64_t n) { sort_by_key(keys, values, n); },
    [](std::int64_t* places, auto const* keys, std::int64_t n) { argsort(places, keys, n); });
bool const merges = join_merges(
    name,
    []<class T>(T* out, T const* a, std::int64_t m, T const* b, std::int64_t n) {
      std::merge(policy, a, a + m, b, b + n, out);
    },
    // Not std::is_sorted: on what is not sorted, libstdc++'s cancels its reduction, and oneTBB then joins no
    // more partial results; about one answer of twenty came out wrong. The same work on what is sorted.
    []<class T>(T const* x, std::int64_t n) { return std::is_sorted_until(policy, x, x + n) == x + n; });
bool const serial_merges = join_merges(
    "std, serial",
    []<class T>(T* out, T const* a, std::int64_t m, T const* b, std::int64_t n) {
      std::merge(a, a + m, b, b + n, out);
    },
    []<class T>(T const* x, std::int64_t n) { return std::is_sorted(x, x + n); });

}  // namespace
}  // namespace prorata::bench
