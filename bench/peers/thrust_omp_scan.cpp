// Thrust's scan over OpenMP.
#include <thrust/scan.h>
#include <thrust/system/omp/execution_policy.h>

#include <bench/peers/scans.hpp>

namespace prorata::bench {
namespace {
bool const known = join_scans([]<class T>(T) {
  return scan_peer<T>{
      "Thrust OMP",
      [](T* out, T const* x, std::int64_t n) { thrust::inclusive_scan(thrust::omp::par, x, x + n, out); },
      [](T* out, T const* x, std::int64_t n) { thrust::exclusive_scan(thrust::omp::par, x, x + n, out); }};
});
}  // namespace
}  // namespace prorata::bench
