// Any partition to any other: every element keeps its index.
#include <gtest/gtest.h>

#include <prorata/redistribute.hpp>
#include <tests/splits.hpp>

namespace {

using namespace prorata;
using namespace prorata::tests;

TEST(Redistribute, KeepsEveryElementAtItsIndex) {
  for (index_t const n : {0, 1, 31, 1023, 1025, 50021}) {
    auto const x = values<float>(n, 3);
    auto memory = x;
    for (int number = 0; number < split_count; number += apart(n > 10000 ? 7 : 3)) {
      auto const from = split_number(number, n);
      auto const team = make_team(from.ranks, from.threads);
      // another split with as many ranks: team sizes repeat every 8 numbers
      auto const to = split_number((number + 8 * 13) % split_count, n).cuts;
      auto const moved = redistribute(borrow(team, std::span<float>(memory), from.cuts), to);
      ASSERT_EQ(moved.partition(), to);
      std::vector<float> out(x.size());
      copy_out(moved, std::span<float>(out));
      ASSERT_EQ(out, x) << "split " << number << ", n = " << n << ", " << from;
    }
  }
}

TEST(Redistribute, MovesNoMoreThanItMust) {
  auto const counts = movement(partition_by_cuts({0, 6, 10}), partition_by_cuts({0, 3, 10}));
  EXPECT_EQ(counts, (std::vector<index_t>{3, 3, 0, 4}));
}

TEST(Redistribute, RefusesWhatDoesNotFit) {
  auto const team = make_team(2, 1);
  auto const x = make_array<int>(team, 10);
  EXPECT_THROW(redistribute(x, single(10)), usage_error);
  EXPECT_THROW(redistribute(x, partition_by_cuts({0, 4, 9})), usage_error);
}

TEST(Array, TakesOverBuffersThatHoldItsShares) {
  auto const team = make_team(2, 1);
  auto const filled = [&](index_t first, index_t second) {
    std::vector<buffer<int, host::stream>> b;
    b.emplace_back(team.streams()[0], first);
    b.emplace_back(team.streams()[1], second);
    return b;
  };
  using array = distributed_array<int, host::stream>;
  EXPECT_NO_THROW(array(team, partition_by_cuts({0, 4, 9}), filled(4, 7)));
  EXPECT_THROW(array(team, partition_by_cuts({0, 4, 9}), filled(4, 4)), usage_error);
  EXPECT_THROW(array(team, partition_by_cuts({0, 4, 9}), std::vector<buffer<int, host::stream>>{}),
               usage_error);
}

}  // namespace
