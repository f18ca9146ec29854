// Thrust over TBB for selections.
#include <thrust/system/tbb/execution_policy.h>

#include <bench/peers/selection_thrust.hpp>

namespace prorata::bench {
namespace {
bool const known = join_selection(thrust_selection<thrust::tbb::par>("Thrust TBB"));
}
}  // namespace prorata::bench
