// sort, argsort and merge on any team: what std::stable_sort and std::merge give.
#include <prorata/sort.hpp>
#include <tests/arrays/teams.hpp>

namespace prorata::conformance {
namespace {

template <class F>
auto all_orders(F f) {
  return [=](auto const& team, partition const& cuts) {
    answer a;
    for (auto const d : {direction::ascending, direction::descending}) {
      auto x = made(team, cuts, f);
      auto keys = made(team, cuts, f);
      auto values = made(team, cuts, scattered<std::int32_t>{});
      a.add("argsort", argsort(x, d));
      sort(x, d);
      a.add("sort", x);
      a.add("in order", std::vector<int>{is_sorted(x, d)});
      sort_by_key(keys, values, d);
      a.add("keys", keys), a.add("values", values);
    }
    return a;
  };
}

template <class F>
auto modelled_orders(F f) {
  return [=](index_t n) {
    auto const x = model::list(f, n);
    auto const values = model::list(scattered<std::int32_t>{}, n);
    answer a;
    for (bool const descending : {false, true}) {
      auto const at = model::places(x, model::in_order<decltype(f(0))>{descending});
      a.add("argsort", at);
      a.add("sort", model::picked(x, at));
      a.add("in order", std::vector<int>{true});
      a.add("keys", model::picked(x, at)), a.add("values", model::picked(values, at));
    }
    return a;
  };
}

TYPED_TEST(arrays, sort_floats) {
  this->is_as(modelled_orders(repeated<float>{500}), all_orders(repeated<float>{500}));
}
#ifndef PRORATA_TEST_ONE_TYPE
TYPED_TEST(arrays, sort_doubles) {
  this->is_as(modelled_orders(scattered<double>{}), all_orders(scattered<double>{}));
}
TYPED_TEST(arrays, sort_integers) {
  this->is_as(modelled_orders(repeated<std::int32_t>{70000}), all_orders(repeated<std::int32_t>{70000}));
}
#endif

TYPED_TEST(arrays, merge) {
  auto const expected = [](index_t n) {
    auto const a = model::sorted(model::list(repeated<float>{300}, n));
    auto const b = model::sorted(model::list(scattered<float>{}, 1000));
    std::vector<float> merged;
    std::merge(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(merged), model::in_order<float>{});
    answer both;
    both.add("merged", merged);
    return both;
  };
  this->is_as(expected, [](auto const& team, partition const& cuts) {
    auto a = made(team, cuts, repeated<float>{300});
    auto b = made(team, splits_of(1000, team.ranks()).back(), scattered<float>{});
    sort(a), sort(b);
    answer both;
    both.add("merged", merge(a, b));
    return both;
  });
}

}  // namespace
}  // namespace prorata::conformance
