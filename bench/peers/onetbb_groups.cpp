// oneTBB: a hash table, or bins, for each thread, added at the end.
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

template <class T>
std::vector<std::int64_t> count(T const* x, std::int64_t n, std::int64_t bins, double low, double high) {
  T const from = static_cast<T>(low), scale = static_cast<T>(static_cast<double>(bins) / (high - low));
  auto const last = static_cast<std::uint32_t>(bins);
  tbb::enumerable_thread_specific<std::vector<std::uint32_t>> own(
      [&] { return std::vector<std::uint32_t>(static_cast<std::size_t>(bins) + 1); });
  tbb::parallel_for(range(0, n, 1 << 14), [&](range const& r) {
    auto* const mine = own.local().data();
    for (std::int64_t i = r.begin(); i < r.end(); ++i)
      ++mine[std::min(static_cast<std::uint32_t>(static_cast<std::int32_t>((x[i] - from) * scale)), last)];
  });
  std::vector<std::int64_t> all(static_cast<std::size_t>(bins));
  for (auto const& mine : own)
    for (std::size_t k = 0; k < mine.size(); ++k) all[std::min(k, all.size() - 1)] += mine[k];
  return all;
}

bool const hashing = join_groups([]<class T>(T) { return group_peer<T>{"oneTBB, hash tables", hashed<T>}; });
bool const sorting = join_groups([]<class T>(T) { return group_peer<T>{"oneTBB, sort", sorted<T>}; });
bool const counting = [] {
  histogram_peers<float>().push_back({"oneTBB", count<float>});
  histogram_peers<double>().push_back({"oneTBB", count<double>});
  histogram_peers<std::int32_t>().push_back({"oneTBB", count<std::int32_t>});
  return true;
}();

}  // namespace
}  // namespace prorata::bench
