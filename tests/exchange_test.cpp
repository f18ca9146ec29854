// Numbers told to every process and elements sent between ranks.
#include <gtest/gtest.h>

#include <chrono>
#include <prorata/exchange.hpp>
#include <tests/splits.hpp>
#include <thread>

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
    EXPECT_EQ(all_gather_to_host<index_t>(team, pointers, 3), on_host);
    EXPECT_EQ(all_gather_to_host(team, on_host, 3), on_host);
    EXPECT_TRUE(all_gather_to_host<index_t>(team, pointers, 0).empty());
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

TEST(LocalCommunicator, PutsBlocksInTheirPlaces) {
  auto const team = make_team(2, 1);
  std::string const out[] = {"aBB", "ccc"};  // 0 → 0: a, 0 → 1: BB, 1 → 0: ccc, 1 → 1: nothing
  std::string in[] = {"......", "...."};
  std::vector<std::size_t> const bytes{1, 2, 3, 0}, places{5, 1, 0, 0};
  std::vector<void const*> const send{out[0].data(), out[1].data()};
  std::vector<void*> const receive{in[0].data(), in[1].data()};
  team.bytes().all_to_all(team.streams(), send, receive, bytes, places);
  team.sync();
  EXPECT_EQ(in[0], "ccc..a");
  EXPECT_EQ(in[1], ".BB.");
  EXPECT_EQ(one_after_another(bytes, 2), (std::vector<std::size_t>{0, 0, 1, 2}));
  EXPECT_EQ(one_after_another(std::vector<std::size_t>(9, 1), 3),
            (std::vector<std::size_t>{0, 0, 0, 1, 1, 1, 2, 2, 2}));
}

TEST(LocalCommunicator, BroadcastsFromAnyRankOfTheTeamAndNoOther) {
  auto const team = make_team(3, 1);
  for (int root : {0, 1, 2}) {
    std::vector<int> values{10, 11, 12};
    std::vector<void*> const places{&values[0], &values[1], &values[2]};
    team.bytes().broadcast(team.streams(), places, sizeof(int), root);
    team.sync();
    EXPECT_EQ(values, std::vector<int>(3, 10 + root));
  }
  std::vector<void*> const nowhere(3, nullptr);
  for (int outside : {-1, 3, 4})
    EXPECT_THROW(team.bytes().broadcast(team.streams(), nowhere, 0, outside), usage_error) << outside;
}

TEST(LocalCommunicator, NobodyPassesABarrierBeforeAllHaveComeToIt) {
  auto const team = make_team(3, 1);
  std::vector<int> came(3, 0);
  for (std::size_t r = 0; r < 3; ++r)
    team.streams()[r].enqueue([&came, r] {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      came[r] = 1;
    });
  team.bytes().barrier(team.streams());
  EXPECT_EQ(came, std::vector<int>(3, 1));
}

TEST(Team, WaitsForAllAndReportsWhatFailedOnTheFirstRank) {
  auto const team = make_team(3, 1);
  int done = 0;
  team.streams()[0].enqueue([] { throw device_error("the first"); });
  team.streams()[1].enqueue([] { throw device_error("the second"); });
  team.streams()[2].enqueue([&done] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    done = 1;
  });
  try {
    team.sync();
    ADD_FAILURE() << "nothing was reported";
  } catch (device_error const& e) { EXPECT_STREQ(e.what(), "the first"); }
  EXPECT_EQ(done, 1);
  EXPECT_NO_THROW(team.sync());
}

TEST(Borrow, RefusesCutsOfAnotherSize) {
  auto const team = make_team(2, 1);
  std::vector<int> memory(5);
  EXPECT_THROW(borrow(team, std::span(memory), partition_by_cuts({0, 2, 4})), usage_error);
  EXPECT_THROW(borrow(team, std::span(memory), partition_by_cuts({0, 2, 6})), usage_error);
}

TEST(Team, MeetsItsCouriersOnce) {
  auto const team = make_team(3, 2);
  auto const copy_streams = team.copy_streams();
  ASSERT_EQ(copy_streams.size(), 3u);
  EXPECT_EQ(team.copy_streams().data(), copy_streams.data());
  EXPECT_TRUE(team.shares_memory());
  EXPECT_EQ(copy_streams[1].threads(), 1);
  std::vector<index_t> from{1, 2, 3}, to(3);
  copy_streams[2].copy(to.data(), from.data(), 3 * sizeof(index_t));
  copy_streams[2].sync();
  EXPECT_EQ(to, from);
}

TEST(Exchange, RefusesCountsThatDoNotFitTheTeam) {
  auto const team = make_team(2, 1);
  std::vector<int const*> const nothing(2, nullptr);
  EXPECT_THROW(exchange<int>(team, nothing, {0, 0, 0}), usage_error);
  EXPECT_THROW(exchange<int>(team, std::span(nothing).first(1), {0, 0, 0, 0}), usage_error);
  EXPECT_THROW(all_gather_to_host(team, std::vector<index_t>{1}, 1), usage_error);
}

}  // namespace
