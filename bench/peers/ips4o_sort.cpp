// ips4o: in-place parallel super scalar samplesort, of elements and of rows.
#include <ips4o.hpp>

#include <bench/peers/rows.hpp>
#include <bench/peers/sort_peers.hpp>

namespace prorata::bench {
namespace {

constexpr auto each = [](std::int64_t n, auto const& f) {
#pragma omp parallel for
  for (std::int64_t i = 0; i < n; ++i) f(i);
};
constexpr auto sort = [](auto* begin, auto* end) { ips4o::parallel::sort(begin, end); };

bool const known = join_sorts("ips4o", []<class T>(T* x, std::int64_t n) { sort(x, x + n); });
bool const pairs = join_pair_sorts(
    "ips4o", [](auto* keys, auto* values, std::int64_t n) { sort_rows(keys, values, n, each, sort); },
    [](std::int64_t* places, auto const* keys, std::int64_t n) {
      argsort_rows(places, keys, n, each, sort);
    });

}  // namespace
}  // namespace prorata::bench
