// Thrust's sort over OpenMP.
#include <thrust/sort.h>
#include <thrust/system/omp/execution_policy.h>

#include <bench/peers/sort_peers.hpp>

namespace prorata::bench {
namespace {
bool const known =
    join_sorts("Thrust OMP", []<class T>(T* x, std::int64_t n) { thrust::sort(thrust::omp::par, x, x + n); });
}
}  // namespace prorata::bench
