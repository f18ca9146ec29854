// ips4o: in-place parallel super scalar samplesort.
#include <ips4o.hpp>

#include <bench/peers/sort_peers.hpp>

namespace prorata::bench {
namespace {
bool const known =
    join_sorts("ips4o", []<class T>(T* x, std::int64_t n) { ips4o::parallel::sort(x, x + n); });
}
}  // namespace prorata::bench
