// Several devices, counted: how long the longest chain of copies is, how many events order them, and that no verb waits
// more often the more devices there are.
#include <gtest/gtest.h>

#include <functional>
#include <numeric>
#include <prorata/cuda.cuh>
#include <prorata/distribute.hpp>
#include <prorata/exchange.hpp>
#include <prorata/group_by.hpp>
#include <prorata/reduce_by_key.hpp>
#include <prorata/scan.hpp>
#include <prorata/sort.hpp>
#include <prorata/topk.hpp>
#include <prorata/transform.hpp>
#include <prorata/unique.hpp>
#include <string>
#include <vector>

#include "census.hpp"
#include "streams.hpp"

namespace prorata {
namespace {

using S = cuda::stream;

std::vector<S> streams_of(int devices) {
  std::vector<S> streams;
  for (int d = 0; d < devices; ++d) streams.emplace_back(d);
  return streams;
}
long longest_chain(std::span<S> streams) {
  long longest = 0;
  for (S const& s : streams) longest = std::max(longest, s.native()->depth);
  return longest;
}

TEST(several_devices, exchange_all_at_once) {
  for (int const devices : {2, 4, 8}) {
    auto const p = static_cast<std::size_t>(devices);
    team<S> const team(streams_of(devices));
    std::vector<index_t> const counts(p * p, 1000);
    std::vector<buffer<std::uint64_t, S>> sent;
    std::vector<std::uint64_t const*> pointers;
    for (S& s : team.streams()) pointers.push_back(sent.emplace_back(s, devices * 1000).data());
    for (int r = 0; r < devices; ++r)
      transform_index(team.streams()[static_cast<std::size_t>(r)], r * devices * 1000,
                      (r + 1) * devices * 1000, own_index{}, sent[static_cast<std::size_t>(r)].data());
    auto const events = simulated::counts().events;
    auto const received = exchange<std::uint64_t>(team, pointers, counts);
    EXPECT_LE(simulated::counts().events - events, 2 * p);
    EXPECT_EQ(longest_chain(team.streams()), devices);          // P − 1 of others', and one's own
    for (auto& s : sent) s.stream().zero(s.data(), s.bytes());  // behind those who read
    for (std::size_t q = 0; q < p; ++q) {
      std::vector<std::uint64_t> found(p * 1000), expected;
      for (std::size_t r = 0; r < p; ++r)
        for (std::size_t k = 0; k < 1000; ++k) expected.push_back((r * p + q) * 1000 + k);
      team.streams()[q].copy(found.data(), received[q].data(), received[q].bytes());
      team.sync();
      EXPECT_EQ(found, expected) << "rank " << q << " of " << devices;
    }
  }
}

/// What verbs are given: keys in runs of 700, some of which straddle ranks, and values.
struct data {
  explicit data(int devices, index_t n = 64 * 1024)
      : all(streams_of(devices)),
        keys(all, partition_by_weights(n, std::vector<double>(static_cast<std::size_t>(devices), 1.0))),
        values(all, keys.partition()) {
    generate(keys, key{});
    generate(values, value{});
    all.sync();
  }
  struct key {
    PRORATA_HD std::int32_t operator()(index_t i) const { return static_cast<std::int32_t>(i / 700); }
  };
  struct value {
    PRORATA_HD float operator()(index_t i) const { return static_cast<float>(i * 7919 % 1009) * 0.25f; }
  };
  team<S> all;
  distributed_array<std::int32_t, S> keys;
  distributed_array<float, S> values;
};

TEST(several_devices, wait_as_often_as_one_pair) {
  std::vector<std::pair<std::string, std::function<void(data&)>>> const verbs{
      {"copy_out",
       [](data& d) {
         std::vector<float> list(static_cast<std::size_t>(d.values.size()));
         copy_out(d.values, std::span<float>(list));
       }},
      {"copy_in",
       [](data& d) {
         std::vector<float> const list(static_cast<std::size_t>(d.values.size()));
         copy_in(d.values, std::span<float const>(list));
       }},
      {"sum", [](data& d) { sum(d.values); }},
      {"variance", [](data& d) { variance(d.values); }},
      {"exact_sum", [](data& d) { exact_sum_of(d.values); }},
      {"argmin", [](data& d) { argmin(d.values); }},
      {"is_sorted", [](data& d) { EXPECT_TRUE(is_sorted(d.keys)); }},
      {"sort", [](data& d) { sort(d.values); }},
      {"inclusive_scan",
       [](data& d) {
         distributed_array<float, S> out(d.all, d.values.partition());
         inclusive_scan(out, plus<float>{}, d.values);
         d.all.sync();
       }},
      {"group_by", [](data& d) { group_by(d.keys, d.values, aggregate::all); }},
      {"sum_by_key",
       [](data& d) {
         sum_by_key(d.keys, d.values);
         d.all.sync();
       }},
      {"exact_sum_by_key",
       [](data& d) {
         exact_sum_by_key(d.keys, d.values);
         d.all.sync();
       }},
      {"unique", [](data& d) { unique(d.values); }},
      {"topk", [](data& d) { topk(d.values, 10); }},
      {"redistribute",
       [](data& d) {
         redistribute(d.values, partition_by_weights(
                                    d.values.size(),
                                    std::vector<double>(static_cast<std::size_t>(d.all.ranks()), 1.0)));
         d.all.sync();
       }},
      {"deal and collect",
       [](data& d) {
         block_cyclic const turns{d.values.size(), d.all.ranks(), 100};
         auto const dealt = deal(d.values, turns);
         collect(dealt, turns, d.values.partition());
         d.all.sync();
       }},
  };
  std::vector<unsigned long> rounds;
  for (int const devices : {2, 8}) {
    for (std::size_t k = 0; k < verbs.size(); ++k) {
      data d(devices);
      auto const before = simulated::counts().rounds;
      verbs[k].second(d);
      auto const found = simulated::counts().rounds - before;
      if (devices == 2) {
        rounds.push_back(found);
      } else {
        EXPECT_LE(found, rounds[k]) << verbs[k].first;
        std::printf("%-18s %lu rounds of waiting on 2 devices, %lu on 8\n", verbs[k].first.c_str(), rounds[k],
                    found);
      }
    }
  }
}

}  // namespace
}  // namespace prorata
