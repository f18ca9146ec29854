// Partitions: the invariants over a grid of lengths, weights, grains and caps; and every refusal.
#include <gtest/gtest.h>

#include <limits>
#include <prorata/canonical.hpp>
#include <prorata/error.hpp>
#include <prorata/partition.hpp>
#include <random>
#include <tests/sanitizers.hpp>

namespace prorata {
namespace {

static_assert(partition_options{}.granularity == tile);

constexpr index_t most = std::numeric_limits<index_t>::max();

void expect_valid(partition const& p, index_t n, int ranks) {
  ASSERT_EQ(p.n, n);
  ASSERT_EQ(p.ranks(), ranks);
  EXPECT_EQ(p.cuts.front(), 0);
  EXPECT_EQ(p.cuts.back(), n);
  for (int r = 0; r < ranks; ++r) {
    EXPECT_LE(p.begin(r), p.end(r));
    EXPECT_EQ(p.size(r), p.end(r) - p.begin(r));
  }
}

template <class Error, class F>
std::string message_of(F f) {
  try {
    f();
  } catch (Error const& e) { return e.what(); }
  return "nothing was thrown";
}

TEST(partition, weights_cut_on_tiles) {
  std::vector<std::vector<double>> const teams = {
      {1}, {1, 1}, {4, 2, 1, 1}, {0, 1, 0}, {1e-300, 1e300, 1}, {.1, .2, .7}};
  for (index_t n :
       {index_t{0}, index_t{1}, index_t{1023}, index_t{1024}, index_t{1025}, index_t{999983}, most})
    for (auto const& weights : teams)
      for (index_t granularity : {1, 2, 1024, 4096}) {
        partition_options const options{granularity, apportionment::hamilton, {}};
        auto const p = partition_by_weights(n, weights, options);
        expect_valid(p, n, static_cast<int>(weights.size()));
        EXPECT_TRUE(p.is_aligned(granularity));
        index_t const grains = n / granularity + (n % granularity != 0);
        auto const shares = apportion(grains, weights);
        for (int r = 0; r < p.ranks(); ++r)
          EXPECT_EQ(p.size(r) / granularity + (p.size(r) % granularity != 0),
                    shares[static_cast<std::size_t>(r)]);
      }
}

TEST(partition, example_of_the_card) {
  double const weights[] = {1, 1};
  EXPECT_EQ(partition_by_weights(2500, weights).cuts, (std::vector<index_t>{0, 2048, 2500}));
}

TEST(partition, finds_the_rank_of_every_element) {
  auto const p = partition_by_cuts({0, 0, 4, 4, 10, 10});
  for (index_t i = 0; i < 10; ++i) {
    int const r = p.rank_of(i);
    EXPECT_LE(p.begin(r), i);
    EXPECT_LT(i, p.end(r));
  }
  EXPECT_THROW(p.rank_of(10), usage_error);
  EXPECT_THROW(p.rank_of(-1), usage_error);
  EXPECT_FALSE(p.is_aligned());
  EXPECT_TRUE(p.is_aligned(2));
  EXPECT_TRUE(partition_by_cuts({0, 1024, 1030, 1030}).is_aligned());
}

TEST(partition, caps_are_kept_to_the_last_element) {
  std::mt19937_64 random(7);
  for (int round = 0; round < tests::rounds(3000); ++round) {
    index_t const granularity = 1 + static_cast<index_t>(random() % 5);
    index_t const n = static_cast<index_t>(random() % 40);
    std::size_t const ranks = 1 + random() % 4;
    std::vector<double> weights(ranks);
    partition_options options{granularity, apportionment::hamilton, std::vector<index_t>(ranks)};
    for (double& w : weights) w = static_cast<double>(random() % 4);
    weights[0] += 1;
    for (index_t& cap : options.caps) cap = static_cast<index_t>(random() % 30);
    // By brute force: is there any way to cut whole grains within the caps?
    index_t const grains = (n + granularity - 1) / granularity;
    auto const fits = [&](auto const& self, std::size_t rank, index_t used) -> bool {
      if (used == grains) return true;
      if (rank == ranks) return false;
      for (index_t take = 0; used + take <= grains; ++take) {
        index_t const size = std::min((used + take) * granularity, n) - used * granularity;
        if (take > 0 && (weights[rank] == 0 || size > options.caps[rank])) break;
        if (self(self, rank + 1, used + take)) return true;
      }
      return false;
    };
    bool const possible = fits(fits, 0, 0);
    try {
      auto const p = partition_by_weights(n, weights, options);
      ASSERT_TRUE(possible) << "round " << round;
      expect_valid(p, n, static_cast<int>(ranks));
      EXPECT_TRUE(p.is_aligned(granularity));
      for (std::size_t r = 0; r < ranks; ++r) {
        EXPECT_LE(p.size(static_cast<int>(r)), options.caps[r]) << "round " << round;
        EXPECT_TRUE(weights[r] > 0 || p.size(static_cast<int>(r)) == 0);
      }
    } catch (infeasible const&) { ASSERT_FALSE(possible) << "round " << round; }
  }
}

TEST(partition, sizes_and_cuts_of_the_caller) {
  index_t const sizes[] = {3, 0, 7};
  expect_valid(partition_by_sizes(sizes), 10, 3);
  EXPECT_EQ(partition_by_sizes(sizes), partition_by_cuts({0, 3, 3, 10}));
  EXPECT_EQ(single(5), partition_by_cuts({0, 5}));
  EXPECT_EQ(partition{}, single(0));
  index_t const huge[] = {most, 0};
  EXPECT_EQ(partition_by_sizes(huge).n, most);
}

TEST(partition, refuses_and_says_why) {
  index_t const negative[] = {3, -1};
  index_t const too_many[] = {most, 1};
  double const weights[] = {1, 2};
  EXPECT_EQ(message_of<usage_error>([&] { partition_by_sizes(negative); }),
            "size 1 is -1; a size must not be negative");
  EXPECT_THROW(partition_by_sizes(too_many), usage_error);
  EXPECT_THROW(partition_by_sizes({}), usage_error);
  EXPECT_THROW(partition_by_cuts({}), usage_error);
  EXPECT_THROW(partition_by_cuts({0}), usage_error);
  EXPECT_THROW(partition_by_cuts({1, 2}), usage_error);
  EXPECT_EQ(message_of<usage_error>([&] {
              partition_by_cuts({0, 5, 4});
            }),
            "cut 2 is 4, below the cut before it, 5");
  EXPECT_THROW(single(-1), usage_error);
  EXPECT_THROW(partition_by_weights(-1, weights), usage_error);
  EXPECT_THROW(partition_by_weights(0, {}), usage_error);
  partition_options options;
  options.granularity = 0;
  EXPECT_THROW(partition_by_weights(1, weights, options), usage_error);
  options = {1, apportionment::hamilton, {1}};
  EXPECT_THROW(partition_by_weights(1, weights, options), usage_error);
  options.caps = {1, -1};
  EXPECT_EQ(message_of<usage_error>([&] { partition_by_weights(1, weights, options); }),
            "cap 1 is -1; it must not be negative");
  options.caps = {2048, 1000};
  options.granularity = tile;
  EXPECT_EQ(
      message_of<infeasible>([&] { partition_by_weights(4000, weights, options); }),
      "the caps hold 2 of the 4 pieces of 1024 elements that 4000 elements are cut into; raise the caps or "
      "lower the granularity");
}

}  // namespace
}  // namespace prorata
