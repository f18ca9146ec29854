// sort, argsort and merge on any team: the host's bits.
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

TYPED_TEST(arrays, sort_floats) { this->has_host_bits(all_orders(repeated<float>{500})); }
TYPED_TEST(arrays, sort_doubles) { this->has_host_bits(all_orders(scattered<double>{})); }
TYPED_TEST(arrays, sort_integers) { this->has_host_bits(all_orders(repeated<std::int32_t>{70000})); }

TYPED_TEST(arrays, merge) {
  this->has_host_bits([](auto const& team, partition const& cuts) {
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
