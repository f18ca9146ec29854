// oneTBB for selections: counts, then places; heaps of the greatest, then the greatest of the heaps.
#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>
#include <tbb/parallel_reduce.h>
#include <tbb/parallel_sort.h>

#include <algorithm>
#include <bench/peers/selection_peers.hpp>
#include <functional>
#include <numeric>

namespace prorata::bench {
namespace {

constexpr std::int64_t grain = 1 << 16;

/// f(block, first, last) for blocks of `grain` elements.
template <class F>
void blocks_of(std::int64_t n, F const& f) {
  tbb::parallel_for(std::int64_t{0}, (n + grain - 1) / grain,
                    [&](std::int64_t b) { f(b, b * grain, std::min(n, (b + 1) * grain)); });
}

/// How many elements are kept before each block, and in all.
std::vector<std::int64_t> kept_before(float const* x, std::int64_t n, above keep) {
  std::vector<std::int64_t> places(static_cast<std::size_t>((n + grain - 1) / grain) + 1, 0);
  blocks_of(n, [&](std::int64_t b, std::int64_t first, std::int64_t last) {
    places[static_cast<std::size_t>(b) + 1] = std::count_if(x + first, x + last, keep);
  });
  std::partial_sum(places.begin(), places.end(), places.begin());
  return places;
}

std::int64_t places(std::int64_t* out, float const* x, std::int64_t n, above keep) {
  auto const before = kept_before(x, n, keep);
  blocks_of(n, [&](std::int64_t b, std::int64_t first, std::int64_t last) {
    auto* to = out + before[static_cast<std::size_t>(b)];
    for (std::int64_t i = first; i < last; ++i)
      if (keep(x[i])) *to++ = i;
  });
  return before.back();
}

std::int64_t count_if(float const* x, std::int64_t n, above keep) {
  return tbb::parallel_reduce(
      tbb::blocked_range<std::int64_t>(0, n, grain), std::int64_t{0},
      [=](auto const& r, std::int64_t before) {
        return before + std::count_if(x + r.begin(), x + r.end(), keep);
      },
      std::plus<>{});
}

std::int64_t argmax(float const* x, std::int64_t n) {
  return tbb::parallel_reduce(
      tbb::blocked_range<std::int64_t>(0, n, grain), std::int64_t{0},
      [=](auto const& r, std::int64_t best) {
        for (std::int64_t i = r.begin(); i < r.end(); ++i)
          if (x[i] > x[best]) best = i;
        return best;
      },
      [=](std::int64_t a, std::int64_t b) { return x[b] > x[a] || (x[b] == x[a] && b < a) ? b : a; });
}

std::int64_t copy_if(float* out, float const* x, std::int64_t n, above keep) {
  auto const places = kept_before(x, n, keep);
  blocks_of(n, [&](std::int64_t b, std::int64_t first, std::int64_t last) {
    std::copy_if(x + first, x + last, out + places[static_cast<std::size_t>(b)], keep);
  });
  return places.back();
}

std::int64_t partition(float* kept, float* rest, float const* x, std::int64_t n, above keep) {
  auto const places = kept_before(x, n, keep);
  blocks_of(n, [&](std::int64_t b, std::int64_t first, std::int64_t last) {
    std::int64_t const before = places[static_cast<std::size_t>(b)];
    std::partition_copy(x + first, x + last, kept + before, rest + (first - before), keep);
  });
  return places.back();
}

void sort(float* out, float const* x, std::int64_t n) {
  blocks_of(n, [&](std::int64_t, std::int64_t first, std::int64_t last) {
    std::copy(x + first, x + last, out + first);
  });
  tbb::parallel_sort(out, out + n);
}

std::int64_t unique(float* out, float const* x, std::int64_t n) {
  sort(out, x, n);
  return std::unique(out, out + n) - out;
}

void topk(float* out, float const* x, std::int64_t n, std::int64_t k) {
  std::int64_t const pieces = 2 * std::max(1, tbb::this_task_arena::max_concurrency());
  std::vector<std::vector<float>> best(static_cast<std::size_t>(pieces));
  tbb::parallel_for(std::int64_t{0}, pieces, [&](std::int64_t p) {
    std::int64_t const first = n * p / pieces, last = n * (p + 1) / pieces;
    auto& mine = best[static_cast<std::size_t>(p)];
    mine.resize(static_cast<std::size_t>(std::min(k, last - first)));
    std::partial_sort_copy(x + first, x + last, mine.begin(), mine.end(), std::greater<>{});
  });
  std::vector<float> all;
  for (auto const& mine : best) all.insert(all.end(), mine.begin(), mine.end());
  std::partial_sort_copy(all.begin(), all.end(), out, out + k, std::greater<>{});
}

std::int64_t runs(float* values, std::int64_t* lengths, float const* x, std::int64_t n) {
  std::vector<std::int64_t> places(static_cast<std::size_t>((n + grain - 1) / grain) + 1, 0);
  auto const begins = [=](std::int64_t i) { return i == 0 || x[i] != x[i - 1]; };
  blocks_of(n, [&](std::int64_t b, std::int64_t first, std::int64_t last) {
    std::int64_t count = 0;
    for (std::int64_t i = first; i < last; ++i) count += begins(i);
    places[static_cast<std::size_t>(b) + 1] = count;
  });
  std::partial_sum(places.begin(), places.end(), places.begin());
  std::int64_t const count = places.back();
  std::vector<std::int64_t> at(static_cast<std::size_t>(count) + 1, n);
  blocks_of(n, [&](std::int64_t b, std::int64_t first, std::int64_t last) {
    auto k = places[static_cast<std::size_t>(b)];
    for (std::int64_t i = first; i < last; ++i)
      if (begins(i)) values[k] = x[i], at[static_cast<std::size_t>(k++)] = i;
  });
  blocks_of(count, [&](std::int64_t, std::int64_t first, std::int64_t last) {
    for (std::int64_t k = first; k < last; ++k)
      lengths[k] = at[static_cast<std::size_t>(k) + 1] - at[static_cast<std::size_t>(k)];
  });
  return count;
}

bool const known = join_selection({.name = "oneTBB",
                                   .copy_if = copy_if,
                                   .partition = partition,
                                   .places = places,
                                   .count_if = count_if,
                                   .argmax = argmax,
                                   .sort = sort,
                                   .unique = unique,
                                   .topk = topk,
                                   .runs = runs});

}  // namespace
}  // namespace prorata::bench
