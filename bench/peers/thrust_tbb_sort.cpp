// Thrust's sort over TBB.
#include <thrust/sort.h>
#include <thrust/system/tbb/execution_policy.h>

#include <bench/peers/sort_peers.hpp>

namespace prorata::bench {
namespace {
bool const known =
    join_sorts("Thrust TBB", []<class T>(T* x, std::int64_t n) { thrust::sort(thrust::tbb::par, x, x + n); });
}
}  // namespace prorata::bench
