// Thrust over OpenMP.
#include <thrust/system/omp/execution_policy.h>

#include <bench/peers/thrust_groups.hpp>
#include <bench/peers/thrust_peer.hpp>

namespace prorata::bench {
namespace {
bool const known = join([]<class T>(T) { return thrust_peer<T, thrust::omp::par>("Thrust OMP"); });
bool const writes = join_writes(thrust_writes<thrust::omp::par>("Thrust OMP"));
bool const groups = join_groups([]<class T>(T) {
  return group_peer<T>{"Thrust OMP", thrust_sums<T, thrust::omp::par>};
});
bool const runs = join_run_sums([]<class T>(T) {
  return run_sum_peer<T>{"Thrust OMP", thrust_run_sums<T, thrust::omp::par>};
});
}  // namespace
}  // namespace prorata::bench
