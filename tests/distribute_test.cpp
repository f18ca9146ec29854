// Every element to the rank that a rule names, whatever the split it came from.
#include <gtest/gtest.h>

#include <map>
#include <numeric>
#include <prorata/distribute.hpp>
#include <prorata/redistribute.hpp>
#include <tests/splits.hpp>

namespace {

using namespace prorata;
using namespace prorata::tests;

template <class T>
std::vector<std::vector<T>> by_rank(distributed_array<T, host::stream> const& x) {
  std::vector<T> all(static_cast<std::size_t>(x.size()));
  copy_out(x, std::span<T>(all));
  std::vector<std::vector<T>> ranks;
  for (int r = 0; r < x.partition().ranks(); ++r)
    ranks.emplace_back(all.begin() + x.partition().begin(r), all.begin() + x.partition().end(r));
  return ranks;
}

TEST(DistributeBy, FollowsTheRuleAndKeepsTheOrder) {
  for (index_t const n : {0, 1, 33, 1025, 20011}) {
    auto x = values<std::int64_t>(n, 9);
    for (int number = 0; number < split_count; number += apart(n > 10000 ? 29 : 5)) {
      auto const s = split_number(number, n);
      auto const team = make_team(s.ranks, s.threads);
      auto const rule = [ranks = s.ranks](std::int64_t v, index_t i) {
        return static_cast<int>((static_cast<std::uint64_t>(v) >> 7) + static_cast<std::uint64_t>(i)) % ranks;
      };
      auto const rank = [&](std::int64_t v, index_t i) {
        int const r = rule(v, i);
        return r < 0 ? r + s.ranks : r;
      };
      std::vector<std::vector<std::int64_t>> expected(static_cast<std::size_t>(s.ranks));
      for (std::size_t i = 0; i < x.size(); ++i)
        expected[static_cast<std::size_t>(rank(x[i], static_cast<index_t>(i)))].push_back(x[i]);
      ASSERT_EQ(by_rank(distribute_by(borrow(team, std::span<std::int64_t>(x), s.cuts), rank)), expected)
          << "split " << number << ", n = " << n << ", " << s;
    }
  }
}

TEST(DistributeByHash, BringsEqualElementsTogetherByWeight) {
  index_t const n = 200003;
  auto x = values<float>(n, 4);
  for (std::size_t i = 0; i < x.size(); i += 3) x[i] = static_cast<float>(i % 1000);
  std::vector<double> const weights{4, 0, 1, 3};
  slot_table const slots(weights, 99);
  std::vector<std::vector<float>> first;
  for (int number = 3; number < split_count; number += 8 * 11) {  // teams of four
    auto const s = split_number(number, n);
    auto const dealt =
        distribute_by_hash(borrow(make_team(4, s.threads), std::span<float>(x), s.cuts), slots);
    auto const ranks = by_rank(dealt);
    if (first.empty()) first = ranks;
    ASSERT_EQ(ranks, first) << s;
  }
  std::map<float, std::size_t> home;
  for (std::size_t r = 0; r < 4; ++r)
    for (float const v : first[r]) ASSERT_EQ(home.emplace(v, r).first->second, r);
  EXPECT_TRUE(first[1].empty());
  for (std::size_t const r : {0, 2, 3})
    EXPECT_NEAR(static_cast<double>(first[r].size()), weights[r] / 8 * n, 0.03 * n) << r;
  EXPECT_THROW(distribute_by_hash(make_array<float>(make_team(2, 1), 10), slots), usage_error);
}

TEST(DistributeByRange, CutsAtItsSplitters) {
  float const nan = std::numeric_limits<float>::quiet_NaN();
  std::vector<float> x{3, -0.0f, nan, 0.0f, -5, 7, 3, 2, -1};
  auto const team = make_team(3, 1);
  auto const dealt = distribute_by_range(borrow(team, std::span<float>(x)), {0.0f, 3.0f});
  auto const ranks = by_rank(dealt);
  EXPECT_EQ(ranks[0], (std::vector<float>{-0.0f, -5, -1}));
  EXPECT_EQ(ranks[1], (std::vector<float>{0.0f, 2}));
  ASSERT_EQ(ranks[2].size(), 4u);  // 3 NaN 7 3
  EXPECT_TRUE(std::isnan(ranks[2][1]));
  EXPECT_THROW(distribute_by_range(borrow(team, std::span<float>(x)), {0.0f}), usage_error);
  EXPECT_THROW(distribute_by_range(borrow(team, std::span<float>(x)), {1.0f, 0.0f}), usage_error);
}

TEST(RangeSplitters, FollowTheWeightsAndIgnoreTheSplit) {
  index_t const n = 300007;
  auto x = values<double>(n, 6);
  std::vector<double> const weights{1, 5, 0, 2};
  std::vector<double> first;
  for (int number = 3; number < split_count; number += apart(8 * 7)) {
    auto const s = split_number(number, n);
    auto const a = borrow(make_team(4, s.threads), std::span<double>(x), s.cuts);
    auto const splitters = range_splitters(a, weights, 5000);
    if (first.empty()) first = splitters;
    ASSERT_EQ(splitters, first) << s;
  }
  auto const dealt = distribute_by_range(borrow(make_team(4, 2), std::span<double>(x)), first);
  for (int r = 0; r < 4; ++r)
    EXPECT_NEAR(static_cast<double>(dealt.partition().size(r)), weights[static_cast<std::size_t>(r)] / 8 * n,
                0.05 * n)
        << r;
  std::vector<double> none;
  EXPECT_EQ(range_splitters(borrow(make_team(4, 1), std::span<double>(none)), weights).size(), 3u);
}

TEST(Deal, TakesTurnsAndCollectIsItsInverse) {
  for (index_t const n : {0, 1, 10, 1025, 10007}) {
    std::vector<index_t> x(static_cast<std::size_t>(n));
    std::iota(x.begin(), x.end(), 0);
    for (int number = 0; number < split_count; number += apart(n > 5000 ? 37 : 7))
      for (index_t const block : {1, 3, 1000}) {
        auto const s = split_number(number, n);
        auto const team = make_team(s.ranks, s.threads);
        block_cyclic const turns(n, s.ranks, block);
        auto const dealt = deal(borrow(team, std::span<index_t>(x), s.cuts), turns);
        auto const ranks = by_rank(dealt);
        for (int r = 0; r < s.ranks; ++r) {
          auto const& mine = ranks[static_cast<std::size_t>(r)];
          ASSERT_EQ(static_cast<index_t>(mine.size()), turns.size(r));
          for (std::size_t j = 0; j < mine.size(); ++j)
            ASSERT_EQ(mine[j], turns.global_index(r, static_cast<index_t>(j)));
        }
        std::vector<index_t> back(x.size());
        auto const to = split_number((number + 8 * 5) % split_count, n).cuts;
        copy_out(collect(dealt, turns, to), std::span<index_t>(back));
        ASSERT_EQ(back, x) << "split " << number << ", n = " << n << ", block " << block;
      }
  }
  auto const team = make_team(2, 1);
  auto const x = make_array<int>(team, 10);
  EXPECT_THROW(deal(x, block_cyclic(9, 2)), usage_error);
  EXPECT_THROW(collect(x, block_cyclic(10, 2, 4), single(10)), usage_error);
}

}  // namespace
