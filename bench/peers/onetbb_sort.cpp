// oneTBB's parallel_sort.
#include <tbb/parallel_sort.h>

#include <bench/peers/sort_peers.hpp>

namespace prorata::bench {
namespace {
bool const known = join_sorts("oneTBB", []<class T>(T* x, std::int64_t n) { tbb::parallel_sort(x, x + n); });
}
}  // namespace prorata::bench
