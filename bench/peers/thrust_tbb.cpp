// Thrust over TBB.
#include <thrust/system/tbb/execution_policy.h>

#include <bench/peers/thrust_groups.hpp>
#include <bench/peers/thrust_peer.hpp>

namespace prorata::bench {
namespace {
bool const known = join([]<class T>(T) { return thrust_peer<T, thrust::tbb::par>("Thrust TBB"); });
bool const writes = join_writes(thrust_writes<thrust::tbb::par>("Thrust TBB"));
bool const groups = join_groups([]<class T>(T) {
  return group_peer<T>{"Thrust TBB", thrust_sums<T, thrust::tbb::par>};
});
bool const runs = join_run_sums([]<class T>(T) {
  return run_sum_peer<T>{"Thrust TBB", thrust_run_sums<T, thrust::tbb::par>};
});
}  // namespace
}  // namespace prorata::bench
