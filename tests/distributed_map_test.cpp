// distributed_map against std::unordered_map: random operations on teams of every size, while weights change.
#include <gtest/gtest.h>

#include <algorithm>
#include <prorata/distributed_map.hpp>
#include <random>
#include <tests/splits.hpp>
#include <unordered_map>

namespace prorata {
namespace {

using tests::host_team;
using tests::make_team;

partition random_cuts(std::mt19937_64& random, index_t n, int ranks) {
  std::vector<index_t> cuts{0, n};
  for (int r = 1; r < ranks; ++r)
    cuts.push_back(static_cast<index_t>(random() % static_cast<std::uint64_t>(n + 1)));
  std::sort(cuts.begin(), cuts.end());
  return partition_by_cuts(cuts);
}

std::vector<double> random_weights(std::mt19937_64& random, int ranks) {
  std::vector<double> weights;
  for (int r = 0; r < ranks; ++r) weights.push_back(static_cast<double>(random() % 5));
  weights[random() % weights.size()] += 1;
  return weights;
}

template <class K, class V>
class model_test {
 public:
  model_test(std::uint64_t seed, int ranks)
      : random_(seed),
        ranks_(ranks),
        team_(make_team(ranks, 1 + static_cast<int>(random_() % 2))),
        weights_(random_weights(random_, ranks)),
        map_(team_, {weights_, 0.8, random_() % 3}) {}

  void run(int steps) {
    for (int step = 0; step < steps; ++step) {
      SCOPED_TRACE("step " + std::to_string(step));
      std::size_t const n = random_() % 4 == 0 ? random_() % 3 : random_() % 900;
      std::vector<K> keys(n);
      std::vector<V> values(n);
      for (K& k : keys)
        k = random_() % 20 == 0 ? static_cast<K>(random_() % 2 == 0 ? 0 : ~std::uint64_t{0})
                                : static_cast<K>(random_() % 700 * 0x10001);
      for (V& v : values) v = static_cast<V>(random_() % 1000);
      one(static_cast<int>(random_() % 8), keys, values);
      if (testing::Test::HasFailure()) return;
    }
    compare();
  }

 private:
  void one(int operation, std::vector<K> keys, std::vector<V> values) {
    SCOPED_TRACE("operation " + std::to_string(operation));
    std::size_t const n = keys.size();
    auto const cuts = random_cuts(random_, static_cast<index_t>(n), ranks_);
    auto const k = borrow(team_, std::span<K>(keys), cuts);
    auto v = borrow(team_, std::span<V>(values), cuts);
    auto const before = static_cast<index_t>(model_.size());
    auto const fresh = [&] { return static_cast<index_t>(model_.size()) - before; };
    switch (operation) {
      case 0:
        for (std::size_t i = 0; i < n; ++i) model_.insert({keys[i], values[i]});
        EXPECT_EQ(map_.insert(k, v), fresh());
        break;
      case 1:
        for (std::size_t i = 0; i < n; ++i) model_.insert_or_assign(keys[i], values[i]);
        EXPECT_EQ(map_.insert_or_assign(k, v), fresh());
        break;
      case 2:
        for (std::size_t i = 0; i < n; ++i)
          if (auto const [at, is_new] = model_.insert({keys[i], values[i]}); !is_new) at->second += values[i];
        EXPECT_EQ(map_.accumulate(k, v), fresh());
        break;
      case 3: {
        std::vector<V> expected;
        for (std::size_t i = 0; i < n; ++i)
          expected.push_back(model_.insert({keys[i], values[i]}).first->second);
        EXPECT_EQ(map_.find_or_insert(k, v), fresh());
        EXPECT_EQ(values, expected);
        break;
      }
      case 4: {
        auto const memory = std::make_unique<bool[]>(n), again = std::make_unique<bool[]>(n);
        auto found = borrow(team_, std::span<bool>(memory.get(), n), cuts);
        auto there = borrow(team_, std::span<bool>(again.get(), n), cuts);
        std::vector<V> only(n);
        auto alone = borrow(team_, std::span<V>(only), cuts);
        map_.find(k, v, found, V{7});
        map_.find(k, alone, V{7});
        map_.contains(k, there);
        for (std::size_t i = 0; i < n; ++i) {
          auto const at = model_.find(keys[i]);
          bool const is = at != model_.end();
          ASSERT_EQ(memory[i], is) << keys[i];
          ASSERT_EQ(again[i], is);
          ASSERT_EQ(values[i], is ? at->second : V{7});
        }
        EXPECT_EQ(only, values);
        break;
      }
      case 5:
        for (K const key : keys) model_.erase(key);
        EXPECT_EQ(map_.erase(k), -fresh());
        break;
      case 6: {
        auto const few = [](K key, V) { return static_cast<std::uint64_t>(key) % 5 == 1; };
        std::erase_if(model_, [&](auto const& pair) { return few(pair.first, pair.second); });
        EXPECT_EQ(map_.erase_if(few), -fresh());
        map_.for_each([](K, V& value) { value += 1; });
        for (auto& [key, value] : model_) value += 1;
        break;
      }
      default:
        change_weights();
    }
  }

  void change_weights() {
    auto const old = map_.slots();
    weights_ = random_weights(random_, ranks_);
    index_t moved = 0;
    auto next = old;
    next.rebalance(weights_);
    for (auto const& [key, value] : model_) {
      auto const word = std::bit_cast<detail::word_of<K>>(key);
      moved += old.rank_of(word) != next.rank_of(word);
    }
    EXPECT_EQ(map_.rebalance(weights_), moved) << "what is moved is what changed hands";
    EXPECT_EQ(map_.slots(), next);
    compare();
  }

  void compare() {
    EXPECT_EQ(map_.size(), static_cast<index_t>(model_.size()));
    auto const all = map_.extract();
    std::vector<K> keys(static_cast<std::size_t>(all.keys.size()));
    std::vector<V> values(keys.size());
    copy_out(all.keys, std::span<K>(keys));
    copy_out(all.values, std::span<V>(values));
    ASSERT_EQ(keys.size(), model_.size());
    for (std::size_t i = 0; i < keys.size(); ++i) {
      auto const at = model_.find(keys[i]);
      ASSERT_NE(at, model_.end());
      ASSERT_EQ(at->second, values[i]) << "of key " << keys[i];
    }
    for (int r = 0; r < ranks_; ++r)
      for (K const key : map_.local(r).extract().keys)
        ASSERT_EQ(map_.slots().rank_of(std::bit_cast<detail::word_of<K>>(key)), r);
  }

  std::mt19937_64 random_;
  int ranks_;
  host_team team_;
  std::vector<double> weights_;
  distributed_map<K, V> map_;
  std::unordered_map<K, V> model_;
};

TEST(distributed_map, agrees_with_the_model_on_teams_of_every_size_while_weights_change) {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    int const ranks = 1 + static_cast<int>(seed % 7);
    SCOPED_TRACE("seed " + std::to_string(seed) + ", " + std::to_string(ranks) + " ranks");
    model_test<std::uint64_t, std::int32_t>(seed, ranks).run(40);
    model_test<std::int32_t, double>(seed, ranks).run(40);
  }
}

/// Batches of several grains, and the same contents whatever the team.
TEST(distributed_map, sums_of_large_batches_are_the_same_on_any_team) {
  std::mt19937_64 random(5);
  std::vector<std::uint32_t> keys(300000);
  std::vector<float> values(keys.size());
  for (auto& k : keys) k = static_cast<std::uint32_t>(random() % 50000);
  for (auto& v : values) v = static_cast<float>(random() % 1000) * 1e-3f;
  std::unordered_map<std::uint32_t, float> model;
  for (std::size_t i = 0; i < keys.size(); ++i)
    if (auto const [at, is_new] = model.insert({keys[i], values[i]}); !is_new) at->second += values[i];
  for (int const ranks : {1, 2, 5}) {
    SCOPED_TRACE(ranks);
    auto const team = make_team(ranks, 2);
    distributed_map<std::uint32_t, float> map(team, {random_weights(random, ranks)});
    map.reserve(50000);
    auto const cuts = random_cuts(random, std::ssize(keys), ranks);
    auto const k = borrow(team, std::span(keys), cuts);
    map.accumulate(k, borrow(team, std::span(values), cuts));
    std::vector<float> got(keys.size());
    auto to = borrow(team, std::span(got), cuts);
    map.find(k, to);
    for (std::size_t i = 0; i < keys.size(); ++i) ASSERT_EQ(got[i], model[keys[i]]) << keys[i];
  }
}

TEST(distributed_map, refuses_and_stays_as_it_was) {
  auto const team = make_team(2, 1), other = make_team(2, 1);
  using map_type = distributed_map<int, float>;
  EXPECT_THROW(map_type(team, {{1, 2, 3}}), usage_error);
  EXPECT_THROW(map_type(team, {{0, 0}}), usage_error);
  map_type map(team);
  std::vector<int> keys = {1, 2, 3};
  std::vector<float> values = {1, 2, 3};
  auto const cuts = partition_by_cuts({0, 1, 3});
  auto const k = borrow(team, std::span(keys), cuts);
  EXPECT_THROW(map.insert(k, borrow(team, std::span(values), partition_by_cuts({0, 2, 3}))), usage_error);
  EXPECT_THROW(map.insert(borrow(other, std::span(keys), cuts), borrow(other, std::span(values), cuts)),
               usage_error);
  EXPECT_EQ(map.size(), 0);
  EXPECT_EQ(map.insert(k, borrow(team, std::span(values), cuts)), 3);
  auto const before = map.slots();
  EXPECT_THROW(map.rebalance(std::vector<double>{1}), usage_error);
  EXPECT_THROW(map.rebalance(std::vector<double>{0, 0}), usage_error);
  EXPECT_EQ(map.slots(), before);
  EXPECT_THROW(map.local(2), usage_error);
  EXPECT_EQ(map.size(), 3);
}

}  // namespace
}  // namespace prorata
