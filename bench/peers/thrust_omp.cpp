// Thrust over OpenMP.
#include <thrust/system/omp/execution_policy.h>

#include <bench/peers/thrust_peer.hpp>

namespace prorata::bench {
namespace {
bool const known = join([]<class T>(T) { return thrust_peer<T, thrust::omp::par>("Thrust OMP"); });
}
}  // namespace prorata::bench
