// The standard library's parallel sort (over TBB).
#include <algorithm>
#include <execution>

#include <bench/peers/sort_peers.hpp>

namespace prorata::bench {
namespace {
bool const known = join_sorts(
    "std::execution::par", []<class T>(T* x, std::int64_t n) { std::sort(std::execution::par, x, x + n); });
}
}  // namespace prorata::bench
