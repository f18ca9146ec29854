// Numbers told to every process and elements sent between ranks.
#include <gtest/gtest.h>

#include <prorata/exchange.hpp>
#include <tests/splits.hpp>

namespace {

using namespace prorata;
using namespace prorata::tests;

TEST(ToldByAll, IsInRankOrder) {
  for (int ranks : {1, 2, 3, 7}) {
    auto const team = make_team(ranks, 1);
    std::vector<index_t> mine, on_host;
    for (int r = 0; r < ranks; ++r)
      for (int k = 0; k < 3; ++k) on_host.push_back(100 * r + k);
    std::vector<index_t const*> pointers;
    for (int r = 0; r < ranks; ++r) pointers.push_back(on_host.data() + 3 * r);
    EXPECT_EQ(told_by_all<index_t>(team, pointers, 3), on_host);
    EXPECT_EQ(told_by_all(team, on_host, 3), on_host);
    EXPECT_TRUE(told_by_all<index_t>(team, pointers, 0).empty());
  }
}

TEST(Exchange, BringsBlocksInTheOrderOfTheirSenders) {
  std::mt19937_64 random(11);
  for (int ranks : {1, 2, 3, 7})
    for (int trial = 0; trial < 20; ++trial) {
      auto const team = make_team(ranks, 1);
      auto const p = static_cast<std::size_t>(ranks);
      std::vector<index_t> counts(p * p);
      for (auto& c : counts) c = random() % 3 == 0 ? 0 : static_cast<index_t>(random() % 1000);
      std::vector<std::vector<std::uint64_t>> sent(p), expected(p);
      for (std::size_t r = 0; r < p; ++r)
        for (std::size_t q = 0; q < p; ++q)
          for (index_t k = 0; k < counts[r * p + q]; ++k) {
            sent[r].push_back(random());
            expected[q].push_back(sent[r].back());
          }
      std::vector<std::uint64_t const*> pointers;
      for (auto const& s : sent) pointers.push_back(s.data());
      auto const received = exchange<std::uint64_t>(team, pointers, counts);
      team.sync();
      auto const after = partition_after(counts, ranks);
      for (std::size_t q = 0; q < p; ++q) {
        ASSERT_EQ(received[q].size(), after.size(static_cast<int>(q)));
        ASSERT_EQ(std::vector<std::uint64_t>(received[q].data(), received[q].data() + received[q].size()),
                  expected[q])
            << "rank " << q << " of " << ranks << ", trial " << trial;
      }
    }
}

TEST(Exchange, RefusesCountsThatDoNotFitTheTeam) {
  auto const team = make_team(2, 1);
  std::vector<int const*> const nothing(2, nullptr);
  EXPECT_THROW(exchange<int>(team, nothing, {0, 0, 0}), usage_error);
  EXPECT_THROW(exchange<int>(team, std::span(nothing).first(1), {0, 0, 0, 0}), usage_error);
  EXPECT_THROW(told_by_all(team, std::vector<index_t>{1}, 1), usage_error);
}

}  // namespace
