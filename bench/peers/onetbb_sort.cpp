// oneTBB's parallel_sort, of elements and of rows.
#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>
#include <tbb/parallel_sort.h>

#include <bench/peers/rows.hpp>
#include <bench/peers/sort_peers.hpp>

namespace prorata::bench {
namespace {

constexpr auto each = [](std::int64_t n, auto const& f) {
  tbb::parallel_for(tbb::blocked_range<std::int64_t>(0, n, 1 << 14), [&](auto const& range) {
    for (std::int64_t i = range.begin(); i < range.end(); ++i) f(i);
  });
};
constexpr auto sort = [](auto* begin, auto* end) { tbb::parallel_sort(begin, end); };

bool const known = join_sorts("oneTBB", []<class T>(T* x, std::int64_t n) { sort(x, x + n); });
bool const pairs = join_pair_sorts(
    "oneTBB", [](auto* keys, auto* values, std::int64_t n) { sort_rows(keys, values, n, each, sort); },
    [](std::int64_t* places, auto const* keys, std::int64_t n) {
      argsort_rows(places, keys, n, each, sort);
    });

}  // namespace
}  // namespace prorata::bench
