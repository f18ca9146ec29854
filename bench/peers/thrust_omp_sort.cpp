// Thrust's sorts and merges over OpenMP.
#include <thrust/system/omp/execution_policy.h>

#include <bench/peers/thrust_sorts.hpp>

namespace prorata::bench {
namespace {
bool const known = join_thrust_sorts<thrust::omp::par>("Thrust OMP");
}
}  // namespace prorata::bench
