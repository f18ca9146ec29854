// Thrust's sorts and merges over TBB.
#include <thrust/system/tbb/execution_policy.h>

#include <bench/peers/thrust_sorts.hpp>

namespace prorata::bench {
namespace {
bool const known = join_thrust_sorts<thrust::tbb::par>("Thrust TBB");
}
}  // namespace prorata::bench
