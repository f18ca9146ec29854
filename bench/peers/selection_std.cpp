// The standard library, serial and parallel (libstdc++ runs it on TBB), for selections.
#include <algorithm>
#include <bench/peers/selection_peers.hpp>
#include <execution>
#include <functional>

namespace prorata::bench {
namespace {

constexpr auto policy = std::execution::par_unseq;

void sort(float* out, float const* x, std::int64_t n) {
  std::copy(policy, x, x + n, out);
  std::sort(policy, out, out + n);
}

bool const serial = join_selection(
    {.name = "std, serial",
     .copy_if = [](float* out, float const* x, std::int64_t n, above keep) -> std::int64_t {
       return std::copy_if(x, x + n, out, keep) - out;
     },
     .partition = [](float* kept, float* rest, float const* x, std::int64_t n, above keep) -> std::int64_t {
       return std::partition_copy(x, x + n, kept, rest, keep).first - kept;
     },
     .places = [](std::int64_t* out, float const* x, std::int64_t n, above keep) -> std::int64_t {
       std::int64_t count = 0;
       for (std::int64_t i = 0; i < n; ++i) {
         out[count] = i;
         count += keep(x[i]);
       }
       return count;
     },
     .flagged = [](float* out, float const* x, std::uint8_t const* flags, std::int64_t n) -> std::int64_t {
       std::int64_t count = 0;
       for (std::int64_t i = 0; i < n; ++i) {
         out[count] = x[i];
         count += flags[i] != 0;
       }
       return count;
     },
     .count_if = [](float const* x, std::int64_t n, above keep) -> std::int64_t {
       return std::count_if(x, x + n, keep);
     },
     .argmax = [](float const* x, std::int64_t n) -> std::int64_t { return std::max_element(x, x + n) - x; },
     .topk = [](float* out, float const* x, std::int64_t n,
                std::int64_t k) { std::partial_sort_copy(x, x + n, out, out + k, std::greater<>{}); },
     .runs =
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
     .at_places =
         [](float* out, float const* x, std::int64_t n, std::vector<std::int64_t> const& places,
            float* found) {
           std::copy(x, x + n, out);
           std::int64_t begin = 0;  // what lies before is no greater
           for (std::int64_t const place : places) {
             std::nth_element(out + begin, out + place, out + n);
             *found++ = out[place];
             begin = place;
           }
         }});

bool const parallel = join_selection(
    {.name = "std::par_unseq",
     .copy_if = [](float* out, float const* x, std::int64_t n, above keep) -> std::int64_t {
       return std::copy_if(policy, x, x + n, out, keep) - out;
     },
     .partition = [](float* kept, float* rest, float const* x, std::int64_t n, above keep) -> std::int64_t {
       return std::partition_copy(policy, x, x + n, kept, rest, keep).first - kept;
     },
     .count_if = [](float const* x, std::int64_t n, above keep) -> std::int64_t {
       return std::count_if(policy, x, x + n, keep);
     },
     .any_of = [](float const* x, std::int64_t n, above keep) { return std::any_of(policy, x, x + n, keep); },
     .argmax = [](float const* x, std::int64_t n) -> std::int64_t {
       return std::max_element(policy, x, x + n) - x;
     },
     .sort = sort,
     .unique = [](float* out, float const* x, std::int64_t n) -> std::int64_t {
       sort(out, x, n);
       return std::unique(policy, out, out + n) - out;
     },
     .topk =
         [](float* out, float const* x, std::int64_t n, std::int64_t k) {
           std::partial_sort_copy(policy, x, x + n, out, out + k, std::greater<>{});
         }});

}  // namespace
}  // namespace prorata::bench
