// The standard library's parallel algorithms (libstdc++ runs them on TBB).
#include <algorithm>
#include <bench/peers/peers.hpp>
#include <bench/peers/write_peers.hpp>
#include <execution>
#include <functional>
#include <numeric>

namespace prorata::bench {
namespace {

constexpr auto policy = std::execution::par_unseq;

bool const known = join([]<class T>(T) {
  return peer<T>{
      "std::par_unseq", [](T const* x, std::int64_t n) { return std::reduce(policy, x, x + n, T{}); },
      [](T const* x, T const* y, std::int64_t n) { return std::transform_reduce(policy, x, x + n, y, T{}); },
      [](T* out, T const* x, T const* y, std::int64_t n) {
        std::transform(policy, x, x + n, y, out, triad{});
      },
      [](T* out, T const* x, T const* y, std::int64_t n) {
        std::transform(policy, x, x + n, y, out, six_operations{});
      }};
});

bool const writes =
    join_writes({"std::par_unseq",
                 [](float* out, std::int64_t n, float value) { std::fill(policy, out, out + n, value); },
                 [](float* out, std::int64_t n, wave f) {
                   std::for_each(policy, out, out + n, [=](float& v) { v = f(&v - out); });
                 },
                 [](float* x, std::int64_t n, turned f) { std::for_each(policy, x, x + n, f); }});

}  // namespace
}  // namespace prorata::bench
