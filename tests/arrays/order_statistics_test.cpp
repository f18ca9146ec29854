// topk, nth_elements and quantiles on any team: what a sort finds there.
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

template <class F>
auto modelled_statistics(F f) {
  return [=](index_t n) {
    using T = decltype(f(0));
    auto const x = model::list(f, n);
    answer a;
    for (index_t const k : {index_t{0}, index_t{1}, index_t{100}, n / 3})
      for (bool const descending : {true, false}) {
        auto at = model::places(x, model::in_order<T>{descending});
        at.resize(static_cast<std::size_t>(std::min(k, n)));
        a.add("values", model::picked(x, at)), a.add("indices", at);
      }
    if (n == 0) return a;
    auto const sorted = model::sorted(x);
    a.add("nth", model::picked(sorted, {0, n / 7, n / 2, n - 1}));
    std::vector<double> quantiles;  // numpy.quantile's linear interpolation
    for (double const q : {0.0, 0.1, 0.5, 0.987, 1.0}) {
      double const place = q * static_cast<double>(n - 1), below = std::floor(place), t = place - below;
      auto const k = static_cast<std::size_t>(below);
      auto const low = static_cast<double>(sorted[k]);
      auto const high = static_cast<double>(sorted[std::min(k + 1, sorted.size() - 1)]);
      double const between = t == 0 || low == high ? low
                             : t < 0.5             ? low + (high - low) * t
                                                   : high - (high - low) * (1 - t);
      quantiles.push_back(model::sealed(sorted.back() != sorted.back() ? NAN : between));
    }
    a.add("quantiles", quantiles);
    return a;
  };
}

TYPED_TEST(arrays, statistics_of_floats) {
  this->is_as(modelled_statistics(scattered<float>{}), all_statistics(scattered<float>{}));
  this->is_as(modelled_statistics(repeated<float>{50}), all_statistics(repeated<float>{50}));
}
#ifndef PRORATA_TEST_ONE_TYPE
TYPED_TEST(arrays, statistics_of_integers) {
  this->is_as(modelled_statistics(scattered<std::uint64_t>{}), all_statistics(scattered<std::uint64_t>{}));
  this->is_as(modelled_statistics(repeated<std::int32_t>{3}), all_statistics(repeated<std::int32_t>{3}));
}
#endif

}  // namespace
}  // namespace prorata::conformance
