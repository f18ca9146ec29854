// Shares of a sort: what devices get, and how much fits them together. Two GPUs are told of, with as much
// free memory as a test says.
#include <gtest/gtest.h>

#include <algorithm>
#include <host/algorithms/team_sorter_on.hpp>
#include <host/jobs/gpu/gpus.hpp>
#include <host/jobs/sorters.hpp>
#include <host/run/gpu/rank.hpp>
#include <numeric>
#include <prorata/error.hpp>
#include <prorata/host.hpp>
#include <random>

namespace prorata::jobs {

namespace {
index_t free_bytes[2] = {};
}

int gpu_count() { return 2; }
std::string gpu_absence() { return "there are two"; }
index_t gpu_free_bytes(int number) { return free_bytes[number]; }
double gpu_speed(int) { return 1; }

template <class U>
std::unique_ptr<team_sorter<U>> open_gpu_sorter(std::vector<device_spec> const& devices,
                                                sorting_shares shares, int) {
  std::vector<host::stream> streams(devices.size());
  return std::make_unique<host::team_sorter_on<host::stream, U>>(
      std::move(shares), team<host::stream>(std::move(streams)), nullptr);
}
template std::unique_ptr<team_sorter<std::uint32_t>> open_gpu_sorter(std::vector<device_spec> const&,
                                                                     sorting_shares, int);
template std::unique_ptr<team_sorter<std::uint64_t>> open_gpu_sorter(std::vector<device_spec> const&,
                                                                     sorting_shares, int);

namespace {

constexpr index_t million = 1000000, plenty = index_t{1} << 40;

sorting_shares shares_of(char const* devices, std::vector<double> const& weights, job_options const& o = {}) {
  return jobs::shares_of(parse_devices(devices), weights, o);
}

/// Free memory of which three quarters hold n elements, each twice and a byte.
index_t free_for(index_t n, index_t element_bytes) { return (n * (2 * element_bytes + 1) + 2) / 3 * 4; }

TEST(sorting_shares, the_hosts_memory_is_for_keys_values_and_scratch) {
  EXPECT_EQ(shares_of("cpu", {1}).most(plenty, 184 * million, 8, 0), 10 * million);
  EXPECT_EQ(shares_of("cpu*2", {1, 1}).most(plenty, 272 * million, 8, 0), 10 * million);
  EXPECT_EQ(shares_of("cpu", {1}).most(plenty, 36 * million, 8, 8), million);
  EXPECT_EQ(shares_of("cpu*2", {1, 1}).most(plenty, 52 * million, 8, 8), million);
  EXPECT_EQ(shares_of("cpu", {1}).most(plenty, 46 * million, 8, 8, 10), million);
  EXPECT_EQ(shares_of("cpu", {1}).most(1000, plenty, 8, 8), 1000);
  EXPECT_EQ(shares_of("cpu", {1}).most(plenty, 1, 8, 8), 65536);
  free_bytes[0] = plenty;
  EXPECT_EQ(shares_of("gpu:0", {1}).most(plenty, 16 * million, 8, 8), million);  // it has no scratch there
}

TEST(sorting_shares, gpus_hold_what_is_free_together) {
  free_bytes[0] = free_for(6 * million, 8), free_bytes[1] = free_for(million, 8);
  EXPECT_EQ(shares_of("gpu:0", {1}).most(plenty, plenty, 8, 0), 6 * million);
  EXPECT_EQ(shares_of("gpu:0*3", {9, 1, 1}).most(plenty, plenty, 8, 0), 6 * million);
  EXPECT_EQ(shares_of("gpu", {1, 1}).most(plenty, plenty, 8, 0), 7 * million);
  EXPECT_EQ(shares_of("gpu", {0, 1}).most(plenty, plenty, 8, 0), million);
  EXPECT_EQ(shares_of("gpu", {1, 1}).most(3 * million, plenty, 8, 0), 3 * million);
  EXPECT_EQ(shares_of("gpu,cpu", {1, 1, 1}).most(20 * million, plenty, 8, 0), 20 * million);
  EXPECT_EQ(shares_of("gpu,cpu", {1, 1, 0}).most(20 * million, plenty, 8, 0), 7 * million);
  job_options capped;
  capped.cap = "2000000";
  EXPECT_EQ(shares_of("gpu", {1, 1}, capped).most(4 * million, plenty, 8, 0), 3 * million);
  capped.costs = "costs.npy";  // then the cap is of costs
  EXPECT_EQ(shares_of("gpu", {1, 1}, capped).most(4 * million, plenty, 8, 0), 4 * million);
}

TEST(sorting_shares, too_little_room_is_refused) {
  free_bytes[0] = free_for(60000, 16);
  auto const shares = shares_of("gpu:0", {1});
  EXPECT_EQ(shares.most(60000, plenty, 8, 8), 60000);
  EXPECT_THROW(shares.most(60001, plenty, 8, 8), out_of_memory);
}

TEST(sorting_shares, what_does_not_fit_goes_to_others) {
  free_bytes[0] = free_for(1000, 8), free_bytes[1] = free_for(5000, 8);
  auto const cuts = shares_of("gpu:0,cpu,gpu:1", {1, 1, 1}).cuts(30001, 8);
  EXPECT_EQ(cuts.size(0), 1000);
  EXPECT_EQ(cuts.size(2), 5000);
  EXPECT_EQ(cuts.n, 30001);
  EXPECT_THROW(shares_of("gpu", {1, 1}).cuts(6001, 8), infeasible);
}

TEST(team_sorter, copies_and_borrowed_shares_make_one_order) {
  free_bytes[0] = free_bytes[1] = 1 << 20;
  std::mt19937_64 random(1);
  for (index_t const n : {0, 1, 2, 33, 1025, 20011})
    for (char const* devices : {"gpu:0", "gpu:0,cpu,gpu:1", "cpu,gpu:1*2"}) {
      std::vector<double> weights(parse_devices(devices).size());
      for (auto& w : weights) w = static_cast<double>(random() % 4);
      weights.back() = 1;
      std::vector<std::uint32_t> keys(static_cast<std::size_t>(n));
      for (auto& k : keys) k = static_cast<std::uint32_t>(random() % 500);
      std::vector<index_t> values(keys.size()), expected(keys.size());
      std::iota(values.begin(), values.end(), 0);
      std::iota(expected.begin(), expected.end(), 0);
      std::stable_sort(expected.begin(), expected.end(), [&](index_t a, index_t b) {
        return keys[static_cast<std::size_t>(a)] < keys[static_cast<std::size_t>(b)];
      });
      auto ordered = keys, alone = keys;
      std::sort(ordered.begin(), ordered.end());
      auto const sorter = open_sorter<std::uint32_t>(parse_devices(devices), weights, {});
      sorter->sort(alone);
      EXPECT_EQ(alone, ordered) << devices << " of " << n;
      sorter->sort_by_key(keys, values);
      EXPECT_EQ(keys, ordered) << devices << " of " << n;
      EXPECT_EQ(values, expected) << devices << " of " << n;
    }
}

TEST(team_sorter, a_device_without_memory_fails_and_the_team_goes_on) {
  free_bytes[0] = free_bytes[1] = index_t{1} << 62;  // it is not there
  std::vector<std::uint64_t> keys{3, 1, 2};
  auto const sorter = open_sorter<std::uint64_t>(parse_devices("gpu:0*2"), {1e-15, 1}, {});
  EXPECT_THROW(sorter->sort({keys.data(), std::size_t{1} << 50}), out_of_memory);
  sorter->sort(keys);
  EXPECT_EQ(keys, (std::vector<std::uint64_t>{1, 2, 3}));
}

}  // namespace
}  // namespace prorata::jobs

std::vector<std::unique_ptr<prorata::host::gpu_rank>> prorata::host::open_gpu_ranks(
    std::vector<std::optional<int>> const& gpus, index_t) {
  return std::vector<std::unique_ptr<gpu_rank>>(gpus.size());  // nothing here runs on them
}
