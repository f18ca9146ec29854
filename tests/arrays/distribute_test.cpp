// redistribute, distribute_by_hash and _by_range, deal and collect on any team: the layout of host ranks.
#include <prorata/distribute.hpp>
#include <prorata/redistribute.hpp>
#include <tests/arrays/teams.hpp>

namespace prorata::conformance {
namespace {

struct by_value_and_place {
  int ranks;
  PRORATA_HD int operator()(std::int32_t x, index_t i) const {
    return static_cast<int>(stirred(x + i) % static_cast<std::uint64_t>(ranks));
  }
};

std::vector<double> weights_of(int ranks) {
  std::vector<double> weights;
  for (int r = 0; r < ranks; ++r) weights.push_back(r == 1 ? 0 : r + 1);
  return weights;
}

template <class F>
auto all_ways(F f) {
  return [=](auto const& team, partition const& cuts) {
    auto const x = made(team, cuts, f);
    auto const weights = weights_of(team.ranks());
    answer a;
    auto const add = [&](std::string const& name, auto const& dealt) {
      a.add(name, dealt), a.add(name + ", cuts", dealt.partition());
    };
    for (partition const& to : splits_of(cuts.n, team.ranks())) add("redistribute", redistribute(x, to));
    add("distribute_by_hash", distribute_by_hash(x, slot_table(weights, 99)));
    auto const ranges = range_splitters(x, weights, 5000);
    a.add("splitters", ranges.splitters);
    a.add("owners", ranges.owners);
    auto const by_range = distribute_by_range(x, ranges);
    for (int r = 0; r < team.ranks(); ++r)
      if (weights[static_cast<std::size_t>(r)] == 0) EXPECT_EQ(by_range.partition().size(r), 0);
    add("distribute_by_range over some ranks", by_range);
    auto splitters = ranges.splitters;  // one between every two ranks
    splitters.resize(static_cast<std::size_t>(team.ranks() - 1),
                     splitters.empty() ? decltype(f(0)){} : splitters.back());
    add("distribute_by_range", distribute_by_range(x, splitters));
    for (index_t const block : {1, 1000}) {
      block_cyclic const turns(cuts.n, team.ranks(), block);
      auto const dealt = deal(x, turns);
      add("deal", dealt);
      add("collect", collect(dealt, turns, splits_of(cuts.n, team.ranks())[2]));
    }
    return a;
  };
}

TYPED_TEST(arrays, distribute_floats) { this->has_host_layout(all_ways(repeated<float>{5000})); }
TYPED_TEST(arrays, distribute_integers) { this->has_host_layout(all_ways(scattered<std::uint64_t>{})); }
TYPED_TEST(arrays, distribute_by_a_rule) {
  this->has_host_layout([](auto const& team, partition const& cuts) {
    auto const x = made(team, cuts, scattered<std::int32_t>{});
    answer a;
    auto const dealt = distribute_by(x, by_value_and_place{team.ranks()});
    a.add("distribute_by", dealt), a.add("cuts", dealt.partition());
    return a;
  });
}

}  // namespace
}  // namespace prorata::conformance
