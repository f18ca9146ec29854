// The standard library's parallel scan.
#include <bench/peers/scans.hpp>
#include <execution>
#include <functional>
#include <numeric>

namespace prorata::bench {
namespace {

constexpr auto policy = std::execution::par_unseq;

bool const known = join_scans([]<class T>(T) {
  return scan_peer<T>{
      "std::par_unseq",
      [](T* out, T const* x, std::int64_t n) { std::inclusive_scan(policy, x, x + n, out, std::plus<T>{}); },
      [](T* out, T const* x, std::int64_t n) { std::exclusive_scan(policy, x, x + n, out, T{}); }};
});

}  // namespace
}  // namespace prorata::bench
