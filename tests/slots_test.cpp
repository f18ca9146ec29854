// Slots: published values of the hash, targets by Webster, and changes that move exactly the lower bound.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <prorata/apportion.hpp>
#include <prorata/error.hpp>
#include <prorata/slots.hpp>
#include <random>
#include <tests/sanitizers.hpp>

namespace prorata {
namespace {

using reals = std::vector<double>;

TEST(slots, mix_is_splitmix64) {
  // The first five outputs of SplitMix64 seeded with 1234567.
  std::uint64_t state = 1234567;
  for (std::uint64_t const expected : {6457827717110365317u, 3203168211198807973u, 9817491932198370423u,
                                       4593380528125082431u, 16408922859458223821u}) {
    EXPECT_EQ(mix(state), expected);
    state += 0x9e3779b97f4a7c15u;
  }
  static_assert(slot_of(1234567) == static_cast<int>(6457827717110365317u >> 48));
  EXPECT_NE(slot_of(1234567, 1), slot_of(1234567));
}

void expect_consistent(slot_table const& slots, reals const& weights) {
  ASSERT_EQ(slots.ranks(), static_cast<int>(weights.size()));
  ASSERT_EQ(slots.table().size(), static_cast<std::size_t>(slot_count));
  auto const shares = apportion(slot_count, weights, apportionment::webster);
  for (int r = 0; r < slots.ranks(); ++r) {
    EXPECT_EQ(slots.slots(r), shares[static_cast<std::size_t>(r)]);
    EXPECT_EQ(std::count(slots.table().begin(), slots.table().end(), r), slots.slots(r));
  }
}

TEST(slots, a_change_moves_the_lower_bound) {
  for (std::uint64_t seed = 0; seed < tests::rounds(60u); ++seed) {
    std::mt19937_64 random(seed);
    reals weights(1 + random() % 9);
    for (double& w : weights) w = static_cast<double>(random() % 10);
    weights[0] += 1;
    slot_table slots(weights), twin(weights);
    for (std::uint64_t step = 1; step < 12; ++step) {
      SCOPED_TRACE("seed " + std::to_string(seed) + ", step " + std::to_string(step));
      std::vector<index_t> before(32, 0);
      for (int r = 0; r < slots.ranks(); ++r) before[static_cast<std::size_t>(r)] = slots.slots(r);
      std::vector<std::uint16_t> table(slots.table().begin(), slots.table().end());
      if (random() % 3 == 0) weights.resize(1 + random() % 12, 2.5);  // ranks join, or leave from the end
      weights[random() % weights.size()] = static_cast<double>(random() % 10);
      weights[random() % weights.size()] += .5;
      auto const moves = slots.rebalance(weights);
      expect_consistent(slots, weights);
      EXPECT_EQ(slots.epoch(), step);
      index_t bound = 0;
      for (int r = 0; r < slots.ranks(); ++r)
        bound += std::max(index_t{0}, slots.slots(r) - before[static_cast<std::size_t>(r)]);
      EXPECT_EQ(static_cast<index_t>(moves.size()), bound);
      for (auto const [slot, from, to] : moves) {
        EXPECT_EQ(table[static_cast<std::size_t>(slot)], from);
        EXPECT_NE(from, to);
        table[static_cast<std::size_t>(slot)] = static_cast<std::uint16_t>(to);
      }
      EXPECT_TRUE(std::equal(table.begin(), table.end(), slots.table().begin())) << "the moves tell all";
      EXPECT_FALSE(twin == slots) << "an epoch behind";
      EXPECT_EQ(twin.rebalance(weights), moves);
      EXPECT_TRUE(twin == slots);
    }
  }
}

TEST(slots, one_weight_touches_one_rank) {
  reals weights = {79, 23, 19, 37, 61, 6};
  slot_table slots(weights);
  weights[0] = 75;
  for (auto const [slot, from, to] : slots.rebalance(weights)) EXPECT_EQ(from, 0);
  EXPECT_TRUE(slots.rebalance(weights).empty());
}

TEST(slots, keys_follow_the_weights) {
  reals const weights = {4, 2, 1, 1};
  slot_table const slots(weights, 42);
  index_t counts[4] = {};
  slot_ref const ref = slots.ref();
  for (std::uint64_t key = 0; key < 800000; ++key) {
    int const rank = ref.rank_of(key);
    ASSERT_EQ(rank, slots.table()[static_cast<std::size_t>(slot_of(key, 42))]);
    ASSERT_EQ(rank, slots.rank_of(key));
    ++counts[rank];
  }
  for (int r = 0; r < 4; ++r)  // five standard deviations
    EXPECT_NEAR(static_cast<double>(counts[r]), weights[static_cast<std::size_t>(r)] * 100000,
                5 * std::sqrt(weights[static_cast<std::size_t>(r)] * 100000));
}

TEST(slots, refuses_and_stays_as_it_was) {
  EXPECT_THROW(slot_table(reals{}), usage_error);
  EXPECT_THROW(slot_table(reals(65537, 1)), usage_error);
  EXPECT_EQ(slot_table(reals(65536, 1)).slots(65535), 1);
  slot_table slots(reals{1, 1});
  slot_table const before = slots;
  EXPECT_THROW(slots.rebalance(reals{0, 0}), usage_error);
  EXPECT_THROW(slots.rebalance(reals{1, std::nan("")}), usage_error);
  EXPECT_TRUE(slots == before);
}

}  // namespace
}  // namespace prorata
