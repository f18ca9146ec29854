// The communicator of MPI, by itself: run by mpirun, and alone as a job of one process.
#include <gtest/gtest.h>

#include <cstdlib>
#include <numeric>
#include <prorata/distributed_map.hpp>
#include <prorata/exchange.hpp>
#include <prorata/mpi.hpp>
#include <prorata/sort.hpp>
#include <prorata/transform.hpp>
#include <random>
#include <thread>
#include <unordered_map>

namespace {

using namespace prorata;

int process() {
  char const* const number = std::getenv("OMPI_COMM_WORLD_RANK");
  return number == nullptr ? 0 : std::atoi(number);
}

/// One to three ranks in each process.
team<host::stream> uneven_team(mpi_options const& options = {}) {
  std::vector<host::stream> streams;
  for (int k = 0; k <= process() % 3; ++k) streams.emplace_back(host::stream_options{.threads = 1});
  return mpi_team(std::move(streams), options);
}

struct from_to {
  int from, to;
  std::byte at(std::size_t k) const {
    return static_cast<std::byte>(17 * from + 31 * to + 7 * static_cast<int>(k));
  }
};

TEST(mpi, numbers_the_ranks_of_all_processes) {
  auto const team = uneven_team();
  int before = 0;
  for (int p = 0; p < process(); ++p) before += p % 3 + 1;
  EXPECT_EQ(team.first_local_rank(), before);
  EXPECT_EQ(team.local_ranks(), process() % 3 + 1);
  EXPECT_GE(team.ranks(), before + team.local_ranks());
  EXPECT_EQ(team.shares_memory(), team.ranks() == team.local_ranks());
}

/// Sizes of blocks, the same on every process; some are nothing, and some take several messages.
std::vector<std::size_t> sizes(std::size_t count, std::mt19937_64& random) {
  std::vector<std::size_t> all(count);
  for (auto& n : all) n = random() % 3 == 0 ? 0 : random() % 1000;
  return all;
}

TEST(mpi, gathers_blocks_at_the_ranks_that_want_them) {
  auto const team = uneven_team({.most_bytes = 100});
  std::mt19937_64 random(5);
  for (int trial = 0; trial < 30; ++trial) {
    SCOPED_TRACE(trial);
    auto const block = sizes(static_cast<std::size_t>(team.ranks()), random);
    std::vector<std::size_t> offsets{0};
    for (std::size_t const n : block) offsets.push_back(offsets.back() + n);
    std::vector<std::vector<std::byte>> mine, got;
    std::vector<void const*> send;
    std::vector<void*> receive;
    int const wanted = static_cast<int>(random() % 4);  // local ranks from this one on; none of most at 3
    for (int k = 0; k < team.local_ranks(); ++k) {
      int const rank = team.first_local_rank() + k;
      for (mine.emplace_back(); mine.back().size() < block[static_cast<std::size_t>(rank)];)
        mine.back().push_back(from_to{rank, 0}.at(mine.back().size()));
      got.emplace_back(offsets.back());
      receive.push_back(k >= wanted ? got.back().data() : nullptr);
    }
    for (auto const& m : mine) send.push_back(m.data());
    team.bytes().all_gather(team.streams(), send, receive, offsets);
    team.sync();
    for (std::size_t k = 0; k < got.size(); ++k)
      for (int r = 0; r < team.ranks(); ++r)
        for (std::size_t i = 0; i < block[static_cast<std::size_t>(r)]; ++i)
          ASSERT_EQ(got[k][offsets[static_cast<std::size_t>(r)] + i],
                    receive[k] == nullptr ? std::byte{} : (from_to{r, 0}.at(i)))
              << "local rank " << k << ", of rank " << r << ", byte " << i;
  }
}

TEST(mpi, brings_every_rank_what_every_rank_sends_it) {
  auto const team = uneven_team({.most_bytes = 300});
  auto const ranks = static_cast<std::size_t>(team.ranks());
  std::mt19937_64 random(6);
  for (int trial = 0; trial < 30; ++trial) {
    SCOPED_TRACE(trial);
    auto const bytes = sizes(ranks * ranks, random);
    auto const places = one_after_another(bytes, team.ranks());
    std::vector<std::vector<std::byte>> out, in;
    std::vector<void const*> send;
    std::vector<void*> receive;
    for (int k = 0; k < team.local_ranks(); ++k) {
      int const rank = team.first_local_rank() + k;
      out.emplace_back();
      std::size_t arriving = 0;
      for (int q = 0; q < team.ranks(); ++q) {
        std::size_t const n = bytes[static_cast<std::size_t>(rank) * ranks + static_cast<std::size_t>(q)];
        for (std::size_t i = 0; i < n; ++i) out.back().push_back(from_to{rank, q}.at(i));
        arriving += bytes[static_cast<std::size_t>(q) * ranks + static_cast<std::size_t>(rank)];
      }
      in.emplace_back(arriving);
    }
    for (std::size_t k = 0; k < in.size(); ++k)
      send.push_back(out[k].data()), receive.push_back(in[k].data());
    team.bytes().all_to_all(team.streams(), send, receive, bytes, places);
    team.sync();
    for (std::size_t k = 0; k < in.size(); ++k) {
      int const rank = team.first_local_rank() + static_cast<int>(k);
      for (int r = 0; r < team.ranks(); ++r) {
        std::size_t const pair = static_cast<std::size_t>(r) * ranks + static_cast<std::size_t>(rank);
        for (std::size_t i = 0; i < bytes[pair]; ++i)
          ASSERT_EQ(in[k][places[pair] + i], (from_to{r, rank}.at(i)))
              << r << " → " << rank << ", byte " << i;
      }
    }
  }
}

TEST(mpi, broadcasts_from_any_rank) {
  auto const team = uneven_team({.most_bytes = 1000});
  for (int root = 0; root < team.ranks(); ++root) {
    std::vector<std::vector<int>> data;
    std::vector<void*> places;
    for (int k = 0; k < team.local_ranks(); ++k) data.emplace_back(3000, team.first_local_rank() + k);
    for (auto& d : data) places.push_back(d.data());
    team.bytes().broadcast(team.streams(), places, 3000 * sizeof(int), root);
    team.sync();
    for (auto const& d : data) EXPECT_EQ(d, std::vector<int>(3000, root));
  }
  team.bytes().barrier(team.streams());
}

/// The array that owns its memory sorts it in the queue, and its elements come from everywhere.
TEST(mpi, queues_operations_behind_work_and_work_behind_operations) {
  auto const team = uneven_team();
  for (int trial = 0; trial < 10; ++trial) {
    auto x = make_array<double>(team, 10'007);
    if (process() == trial % 2)
      for (auto& s : team.streams())
        s.enqueue([] { std::this_thread::sleep_for(std::chrono::milliseconds(20)); });
    generate(x, [](index_t i) { return static_cast<double>((i * 7919) % 10'007); });
    sort(x);
    std::vector<double> mine(10'007, -1);
    copy_out(x, std::span(mine));
    for (auto const& p : x.parts())
      for (index_t i = p.begin; i < p.end(); ++i)
        ASSERT_EQ(mine[static_cast<std::size_t>(i)], static_cast<double>(i));
  }
}

TEST(mpi, a_rank_that_fails_fails_the_operation_everywhere_and_the_next_one_takes_place) {
  auto const team = uneven_team();
  for (int trial = 0; trial < 4; ++trial) {
    std::vector<int> const mine(static_cast<std::size_t>(team.local_ranks()), 7);
    if (process() == 0) team.streams().back().enqueue([] { throw input_error("the last rank's"); });
    try {
      team.bytes().barrier(team.streams());
      team.sync();
      FAIL() << "the barrier of a team with a failed rank";
    } catch (input_error const& e) {
      EXPECT_EQ(process(), 0);
      EXPECT_STREQ(e.what(), "the last rank's");
    } catch (communication_error const& e) {
      EXPECT_NE(std::string(e.what()).find("barrier did not take place: a rank of the job has failed before"),
                std::string::npos)
          << e.what();
    }
    team.abandon();
    EXPECT_EQ(all_gather_to_host(team, mine, 1), std::vector<int>(static_cast<std::size_t>(team.ranks()), 7));
  }
}

TEST(mpi, processes_that_call_different_operations_are_told) {
  auto const team = uneven_team();
  bool const alone = team.ranks() == team.local_ranks();
  std::vector<char> data(100);
  std::vector<void*> const places(static_cast<std::size_t>(team.local_ranks()), data.data());
  auto const said = [&](std::size_t bytes) {
    try {
      team.bytes().broadcast(team.streams(), std::vector<void*>(places), bytes, 0);
      team.sync();
    } catch (communication_error const& e) { return std::string(e.what()); }
    return std::string();
  };
  std::string const found = said(process() == 0 ? 50 : 49);
  EXPECT_EQ(found.find("other sizes") != std::string::npos, !alone) << found;
  team.abandon();
  EXPECT_EQ(said(1), "");
}

/// What one process cannot do, it refuses before a byte moves, and none does it.
TEST(mpi, too_many_messages_fail_the_operation_everywhere_and_the_next_one_takes_place) {
  auto const team = uneven_team({.most_bytes = 1});
  auto const ranks = static_cast<std::size_t>(team.ranks());
  bool const alone = team.ranks() == team.local_ranks();
  std::vector<char> data(1);
  std::vector<void const*> const send(static_cast<std::size_t>(team.local_ranks()), data.data());
  std::vector<void*> const receive(send.size(), data.data());
  std::vector<std::size_t> bytes(ranks * ranks, 0);
  if (!alone) bytes[ranks - 1] = std::size_t{1} << 32;  // from the first rank to the last
  bool const takes_part =
      team.first_local_rank() == 0 || team.first_local_rank() + team.local_ranks() == team.ranks();
  std::string found;
  try {
    team.bytes().all_to_all(team.streams(), send, receive, bytes, one_after_another(bytes, team.ranks()));
    team.sync();
  } catch (communication_error const& e) { found = e.what(); }
  EXPECT_NE(found.find(alone        ? ""
                       : takes_part ? "raise mpi_options::most_bytes"
                                    : "a rank of the job has failed before"),
            std::string::npos)
      << found;
  EXPECT_EQ(found.empty(), alone);
  team.abandon();
  team.bytes().barrier(team.streams());
}

TEST(mpi, a_map_over_all_processes_is_that_of_one) {
  auto const team = uneven_team();
  constexpr index_t n = 5000;
  auto const key_of = [](index_t i) { return mix(static_cast<std::uint64_t>(i)) % 1500; };
  auto const weights = [&](int step) {
    std::vector<double> w;
    for (int r = 0; r < team.ranks(); ++r) w.push_back(static_cast<double>((r * 7 + step) % 4 + (r == 0)));
    return w;
  };
  distributed_map<std::uint64_t, std::int32_t> map(team, {weights(0)});
  std::unordered_map<std::uint64_t, std::int32_t> model;
  auto const array = [&]<class T>(T, int step) { return make_array<T>(team, n, weights(step)); };
  for (int step = 1; step < 8; ++step) {
    SCOPED_TRACE(step);
    auto const keys = array(std::uint64_t{}, step + 1);
    auto values = array(std::int32_t{}, step + 1);
    auto found = array(bool{}, step + 1);
    auto const index = [&](index_t i) { return i * step % 3000; };
    for (std::size_t k = 0; k < keys.parts().size(); ++k)
      for (index_t i = keys.parts()[k].begin; i < keys.parts()[k].end(); ++i) {
        keys.parts()[k].data[i - keys.parts()[k].begin] = key_of(index(i));
        values.parts()[k].data[i - keys.parts()[k].begin] = static_cast<std::int32_t>(i);
      }
    auto const before = static_cast<index_t>(model.size());
    if (step % 3 == 2) {
      for (index_t i = 0; i < n; ++i) model.erase(key_of(index(i)));
      EXPECT_EQ(map.erase(keys), before - static_cast<index_t>(model.size()));
    } else {
      for (index_t i = 0; i < n; ++i) model.insert_or_assign(key_of(index(i)), static_cast<std::int32_t>(i));
      EXPECT_EQ(map.insert_or_assign(keys, values), static_cast<index_t>(model.size()) - before);
    }
    map.rebalance(weights(step));
    EXPECT_EQ(map.size(), static_cast<index_t>(model.size()));
    EXPECT_EQ(map.extract().keys.size(), map.size());
    map.find(keys, values, found, -1);
    for (std::size_t k = 0; k < keys.parts().size(); ++k)
      for (index_t i = keys.parts()[k].begin; i < keys.parts()[k].end(); ++i) {
        auto const at = model.find(key_of(index(i)));
        index_t const place = i - keys.parts()[k].begin;
        ASSERT_EQ(found.parts()[k].data[place], at != model.end()) << i;
        ASSERT_EQ(values.parts()[k].data[place], at != model.end() ? at->second : -1) << i;
      }
  }
}

TEST(mpi, refuses_what_makes_no_team) {
  EXPECT_THROW(mpi_team({}), usage_error);
  std::vector<host::stream> streams(1);
  EXPECT_THROW(mpi_team(std::move(streams), {.most_bytes = 0}), usage_error);
}

}  // namespace
