// The standard library, serial and parallel (libstdc++ runs it on TBB), for selections.
#include <algorithm>
#include <bench/peers/selection_peers.hpp>
#include <execution>
#include <functional>

namespace prorata::bench {
namespace {

constexpr auto policy = std::execution::par_unseq;

bool const serial = join_selection(
    {"std, serial",
     [](float* out, float const* x, std::int64_t n, above keep) {
       return std::copy_if(x, x + n, out, keep) - out;
     },
     nullptr,
     [](float* out, float const* x, std::int64_t n, std::int64_t k) {
       std::partial_sort_copy(x, x + n, out, out + k, std::greater<>{});
     },
     [](float* values, std::int64_t* lengths, float const* x, std::int64_t n) {
       std::int64_t count = 0;
       for (std::int64_t i = 0; i < n; ++i) {
         if (i == 0 || x[i] != x[i - 1]) {
           values[count] = x[i];
           lengths[count++] = 0;
         }
         ++lengths[count - 1];
       }
       return count;
     },
     [](float* out, float const* x, std::int64_t n, std::vector<std::int64_t> const& places, float* found) {
       std::copy(x, x + n, out);
       std::int64_t begin = 0;  // what lies before is no greater
       for (std::int64_t const place : places) {
         std::nth_element(out + begin, out + place, out + n);
         *found++ = out[place];
         begin = place;
       }
     }});

bool const parallel =
    join_selection({"std::par_unseq",
                    [](float* out, float const* x, std::int64_t n, above keep) {
                      return std::copy_if(policy, x, x + n, out, keep) - out;
                    },
                    [](float* out, float const* x, std::int64_t n) {
                      std::copy(policy, x, x + n, out);
                      std::sort(policy, out, out + n);
                      return std::unique(policy, out, out + n) - out;
                    },
                    [](float* out, float const* x, std::int64_t n, std::int64_t k) {
                      std::partial_sort_copy(policy, x, x + n, out, out + k, std::greater<>{});
                    },
                    nullptr});

}  // namespace
}  // namespace prorata::bench
