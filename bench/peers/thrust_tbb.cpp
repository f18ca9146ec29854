// Thrust over TBB.
#include <thrust/system/tbb/execution_policy.h>

#include <bench/peers/thrust_peer.hpp>

namespace prorata::bench {
namespace {
bool const known = join([]<class T>(T) { return thrust_peer<T, thrust::tbb::par>("Thrust TBB"); });
}
}  // namespace prorata::bench
