// redistribute, distribute_by_hash and _by_range, deal and collect on any team: every rank's elements, picked one
// after the other.
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
    for (int r = 0; r < team.ranks(); ++r) {
      if (weights[static_cast<std::size_t>(r)] == 0) { EXPECT_EQ(by_range.partition().size(r), 0); }
    }
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

/// Elements by rank, in the order they had; and where each rank's begin.
template <class T, class Rule>
void add_model(answer& a, std::string const& name, std::vector<T> const& x, int ranks, Rule const& rank_of) {
  std::vector<T> moved;
  partition cuts{static_cast<index_t>(x.size()), {0}};
  for (int r = 0; r < ranks; ++r) {
    for (std::size_t i = 0; i < x.size(); ++i)
      if (rank_of(x[i], static_cast<index_t>(i)) == r) moved.push_back(x[i]);
    cuts.cuts.push_back(static_cast<index_t>(moved.size()));
  }
  a.add(name, moved), a.add(name + ", cuts", cuts);
}
/// Element x as bits; floats in their order, −0 below +0, NaNs last.
template <class T>
std::uint64_t key_of(T x) {
  if constexpr (std::is_same_v<T, float>) {
    auto const bits = std::bit_cast<std::uint32_t>(x);
    return static_cast<std::uint32_t>((bits >> 31 != 0 ? ~bits : bits | 0x80000000u) - 0x7fffffu);
  }
  return static_cast<std::uint64_t>(x);
}
std::uint64_t splitmix(std::uint64_t z) {
  z += 0x9e3779b97f4a7c15u;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return z ^ z >> 31;
}

template <class F>
auto modelled_ways(F f) {
  return [=](index_t n, int ranks) {
    using T = decltype(f(0));
    auto const x = model::list(f, n);
    model::in_order<T> const less;
    answer a;
    auto const add = [&](std::string const& name, partition const& cuts) {
      a.add(name, x), a.add(name + ", cuts", cuts);
    };
    for (partition const& to : splits_of(n, ranks)) add("redistribute", to);
    slot_table const slots(weights_of(ranks), 99);
    add_model(a, "distribute_by_hash", x, ranks,
              [&](T v, index_t) { return slots.table()[splitmix(key_of(v) ^ 99) >> 48]; });

    std::vector<T> sample, splitters;
    for (index_t i = 0; i < n; i += std::max<index_t>(1, (n + 4999) / 5000)) sample.push_back(f(i));
    sample = model::sorted(sample);
    std::vector<index_t> weights;
    for (double const w : weights_of(ranks)) weights.push_back(static_cast<index_t>(w));
    auto const shares = model::shares(static_cast<index_t>(sample.size()), weights);
    std::vector<int> owners;  // ranks with a weight; a splitter between every two of them
    std::size_t place = 0;
    for (int r = 0; r < ranks; ++r) {
      if (weights[static_cast<std::size_t>(r)] == 0) continue;
      if (!owners.empty()) splitters.push_back(n == 0 ? T{} : sample[std::min(place, sample.size() - 1)]);
      owners.push_back(r);
      place += static_cast<std::size_t>(shares[static_cast<std::size_t>(r)]);
    }
    a.add("splitters", splitters);
    a.add("owners", owners);
    auto const range_of = [&](T v) {
      return std::count_if(splitters.begin(), splitters.end(), [&](T s) { return !less(v, s); });
    };
    add_model(a, "distribute_by_range over some ranks", x, ranks,
              [&](T v, index_t) { return owners[static_cast<std::size_t>(range_of(v))]; });
    splitters.resize(static_cast<std::size_t>(ranks - 1), splitters.empty() ? T{} : splitters.back());
    add_model(a, "distribute_by_range", x, ranks, [&](T v, index_t) { return range_of(v); });
    for (index_t const block : {1, 1000}) {
      add_model(a, "deal", x, ranks, [&](T, index_t i) { return i / block % ranks; });
      add("collect", splits_of(n, ranks)[2]);
    }
    return a;
  };
}

TYPED_TEST(arrays, distribute_floats) {
  this->is_laid_out_as(modelled_ways(repeated<float>{5000}), all_ways(repeated<float>{5000}));
}
#ifndef PRORATA_TEST_ONE_TYPE
TYPED_TEST(arrays, distribute_integers) {
  this->is_laid_out_as(modelled_ways(scattered<std::uint64_t>{}), all_ways(scattered<std::uint64_t>{}));
}
#endif
TYPED_TEST(arrays, distribute_by_a_rule) {
  auto const expected = [](index_t n, int ranks) {
    answer a;
    add_model(a, "distribute_by", model::list(scattered<std::int32_t>{}, n), ranks,
              by_value_and_place{ranks});
    return a;
  };
  this->is_laid_out_as(expected, [](auto const& team, partition const& cuts) {
    auto const x = made(team, cuts, scattered<std::int32_t>{});
    answer a;
    auto const dealt = distribute_by(x, by_value_and_place{team.ranks()});
    a.add("distribute_by", dealt), a.add("distribute_by, cuts", dealt.partition());
    return a;
  });
}

}  // namespace
}  // namespace prorata::conformance
