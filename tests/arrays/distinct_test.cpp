// unique, with counts, first indices and the inverse, on any team: what a sort and a
// walk over it find.
#include <prorata/unique.hpp>
#include <tests/arrays/teams.hpp>

namespace prorata::conformance {
namespace {

template <class F>
auto all_distinct(F f) {
  return [=](auto const& team, partition const& cuts) {
    auto const x = made(team, cuts, f);
    answer a;
    a.add("unique", unique(x));
    auto const counted = unique_counts(x);
    a.add("counted", counted.values), a.add("lengths", counted.lengths);
    auto const all = unique_all(x);
    a.add("values", all.values), a.add("counts", all.counts);
    a.add("first", all.first), a.add("inverse", all.inverse);
    return a;
  };
}

template <class F>
auto modelled_distinct(F f) {
  return [=](index_t n) {
    auto x = model::list(f, n);
    for (auto& v : x) v = model::as_key(v);
    auto const at = model::places(x, model::in_order<decltype(f(0))>{});
    auto const sorted = model::picked(x, at);
    auto const begins = model::run_begins(sorted);
    std::vector<index_t> lengths, inverse(at.size());
    for (std::size_t k = 0; k < begins.size(); ++k) {
      index_t const end = k + 1 < begins.size() ? begins[k + 1] : n;
      lengths.push_back(end - begins[k]);
      for (index_t i = begins[k]; i < end; ++i)
        inverse[static_cast<std::size_t>(at[static_cast<std::size_t>(i)])] = static_cast<index_t>(k);
    }
    auto const values = model::picked(sorted, begins);
    answer a;
    a.add("unique", values), a.add("counted", values), a.add("lengths", lengths);
    a.add("values", values), a.add("counts", lengths);
    a.add("first", model::picked(at, begins)), a.add("inverse", inverse);
    return a;
  };
}

TYPED_TEST(arrays, distinct_floats) {
  this->is_as(modelled_distinct(repeated<float>{5000}), all_distinct(repeated<float>{5000}));
  this->is_as(modelled_distinct(repeated<float>{6}), all_distinct(repeated<float>{6}));
}
#ifndef PRORATA_TEST_ONE_TYPE
TYPED_TEST(arrays, distinct_integers) {
  this->is_as(modelled_distinct(scattered<std::uint64_t>{}), all_distinct(scattered<std::uint64_t>{}));
}
#endif

}  // namespace
}  // namespace prorata::conformance
