// Thrust over OpenMP for selections.
#include <thrust/system/omp/execution_policy.h>

#include <bench/peers/selection_thrust.hpp>

namespace prorata::bench {
namespace {
bool const known = join_selection(thrust_selection<thrust::omp::par>("Thrust OMP"));
}
}  // namespace prorata::bench
