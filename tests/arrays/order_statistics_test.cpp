// topk, nth_elements and quantiles on any team: the host's bits.
#include <prorata/quantile.hpp>
#include <prorata/topk.hpp>
#include <tests/arrays/teams.hpp>

namespace prorata::conformance {
namespace {

template <class F>
auto all_statistics(F f) {
  return [=](auto const& team, partition const& cuts) {
    auto const x = made(team, cuts, f);
    answer a;
    for (index_t const k : {index_t{0}, index_t{1}, index_t{100}, cuts.n / 3})
      for (auto const d : {direction::descending, direction::ascending}) {
        auto const top = topk(x, k, d);
        a.add("values", top.values), a.add("indices", top.indices);
      }
    if (cuts.n == 0) return a;
    a.add("nth", nth_elements(x, {0, cuts.n / 7, cuts.n / 2, cuts.n - 1}));
    a.add("quantiles", quantiles(x, {0.0, 0.1, 0.5, 0.987, 1.0}));
    return a;
  };
}

TYPED_TEST(arrays, statistics_of_floats) {
  this->has_host_bits(all_statistics(scattered<float>{}));
  this->has_host_bits(all_statistics(repeated<float>{50}));
}
TYPED_TEST(arrays, statistics_of_integers) {
  this->has_host_bits(all_statistics(scattered<std::uint64_t>{}));
  this->has_host_bits(all_statistics(repeated<std::int32_t>{3}));
}

}  // namespace
}  // namespace prorata::conformance
