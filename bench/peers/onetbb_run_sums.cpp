// Sums of runs: one loop; and oneTBB, where each block counts the runs that begin in it, then adds them up.
#include <tbb/parallel_for.h>

#include <algorithm>
#include <bench/peers/run_sum_peers.hpp>
#include <numeric>

namespace prorata::bench {
namespace {

/// Adds up runs from the beginning of one on, until one begins at or behind `last`.
template <class K, class T>
std::int64_t add_runs(K* keys_out, T* sums_out, K const* keys, T const* values, std::int64_t first,
                      std::int64_t last, std::int64_t n) {
  std::int64_t runs = 0;
  for (std::int64_t i = first; i < last; ++runs) {
    K const key = keys[i];
    T sum = values[i];
    for (++i; i < n && keys[i] == key; ++i) sum += values[i];
    keys_out[runs] = key;
    sums_out[runs] = sum;
  }
  return runs;
}

template <class T>
std::int64_t in_one_loop(key_beside<T>* keys_out, T* sums_out, key_beside<T> const* keys, T const* values,
                         std::int64_t n) {
  return add_runs(keys_out, sums_out, keys, values, 0, n, n);
}

template <class T>
std::int64_t in_blocks(key_beside<T>* keys_out, T* sums_out, key_beside<T> const* keys, T const* values,
                       std::int64_t n) {
  constexpr std::int64_t grain = 1 << 16;
  std::int64_t const blocks = (n + grain - 1) / grain;
  std::vector<std::int64_t> places(static_cast<std::size_t>(blocks) + 1, 0);
  auto const begins = [=](std::int64_t i) { return i == 0 || keys[i] != keys[i - 1]; };
  tbb::parallel_for(std::int64_t{0}, blocks, [&](std::int64_t b) {
    std::int64_t count = 0;
    for (std::int64_t i = b * grain; i < std::min(n, (b + 1) * grain); ++i) count += begins(i);
    places[static_cast<std::size_t>(b) + 1] = count;
  });
  std::partial_sum(places.begin(), places.end(), places.begin());
  tbb::parallel_for(std::int64_t{0}, blocks, [&](std::int64_t b) {
    std::int64_t first = b * grain;
    std::int64_t const last = std::min(n, first + grain), place = places[static_cast<std::size_t>(b)];
    while (first < last && !begins(first)) ++first;
    add_runs(keys_out + place, sums_out + place, keys, values, first, last, n);
  });
  return places.back();
}

bool const serial = join_run_sums([]<class T>(T) {
  return run_sum_peer<T>{"a loop, serial", in_one_loop<T>};
});
bool const parallel = join_run_sums([]<class T>(T) { return run_sum_peer<T>{"oneTBB", in_blocks<T>}; });

}  // namespace
}  // namespace prorata::bench
