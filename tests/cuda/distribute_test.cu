// Dealing to ranks on GPUs, written directly and in travelling chunks: what the host deals.
#include <gtest/gtest.h>

#include <prorata/distribute.hpp>
#include <prorata/mixed.cuh>
#include <prorata/transform.hpp>
#include <tests/scattered.hpp>
#include <vector>

namespace prorata {
namespace {

/// What lies on each rank after three ways to deal; chunk as scatter_to_ranks has it.
template <class S>
std::vector<std::vector<std::uint64_t>> dealt(team<S> const& team, index_t n, std::vector<index_t> chunks) {
  auto x = make_array<std::uint64_t>(team, n);
  generate(x, tests::scattered<std::uint64_t>{});
  slot_table const slots(std::vector<double>(static_cast<std::size_t>(team.ranks()), 1.0), 5);
  auto const tables = detail::on_every_rank(team, slots.table());
  std::vector<std::uint64_t> splitters;
  for (int r = 1; r < team.ranks(); ++r)
    splitters.push_back(static_cast<std::uint64_t>(r) * 0x1000000000000000u);
  std::vector<std::vector<std::uint64_t>> ranks;
  auto const keep = [&](auto const& y) {
    std::vector<std::uint64_t> out(static_cast<std::size_t>(n));
    copy_out(y, std::span<std::uint64_t>(out));
    for (int r = 0; r < team.ranks(); ++r)
      ranks.emplace_back(out.begin() + y.partition().begin(r), out.begin() + y.partition().end(r));
  };
  keep(distribute_by_hash(x, slots));
  keep(distribute_by_range(x, splitters));
  keep(deal(x, block_cyclic(n, team.ranks(), 100)));
  for (index_t const chunk : chunks)
    keep(detail::scatter_to_ranks(
        x,
        [&](std::size_t k) {
          return detail::by_slot{{tables[k].data(), slots.seed()}};
        },
        chunk));
  return ranks;
}

TEST(scatter_to_ranks, has_the_elements_of_the_host) {
  for (int const ranks : {1, 2, 3, 5}) {
    std::vector<host::stream> hosts;
    for (int r = 0; r < ranks; ++r) hosts.emplace_back();
    team<host::stream> const host(std::move(hosts));
    for (int const gpus : {2, 9}) {  // some GPUs among CPUs, and GPUs alone
      std::vector<mixed::stream> streams;
      for (int r = 0; r < ranks; ++r) {
        if (cuda::device_count() > 0 && r < gpus) {
          streams.emplace_back(cuda::stream(r % cuda::device_count()));
        } else {
          streams.emplace_back(host::stream());
        }
      }
      team<mixed::stream> const mixed(std::move(streams));
      for (index_t const n : {0, 1, 1025, 100003, 1000003}) {
        index_t const chunk = std::max<index_t>(1024, n / 9);
        EXPECT_EQ(dealt(mixed, n, {chunk, n + 1}), dealt(host, n, {0, 0})) << n << " on " << ranks;
      }
    }
  }
}

}  // namespace
}  // namespace prorata
