// hash_cache against a cache that does one thing after another.
#include <gtest/gtest.h>
#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <prorata/error.hpp>
#include <prorata/hash_cache.hpp>
#include <random>
#include <tests/sanitizers.hpp>
#include <unordered_map>

namespace prorata {
namespace {

template <class K, class V>
struct played_cache {
  struct place {
    K key{};
    V value{};
    bool taken = false, used = false;
  };
  std::vector<place> places;
  std::vector<std::size_t> free;
  std::size_t hand = 0;

  explicit played_cache(index_t capacity) : places(static_cast<std::size_t>(capacity)) {
    for (std::size_t k = places.size(); k-- > 0;) free.push_back(k);
  }
  place* find(K key) {
    for (auto& p : places)
      if (p.taken && p.key == key) return &p;
    return nullptr;
  }
  std::vector<std::pair<K, V>> insert_or_assign(std::vector<K> const& keys, std::vector<V> const& values) {
    std::vector<K> fresh;
    std::unordered_map<K, V> last;
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (auto* const there = find(keys[i])) {
        there->value = values[i];
        there->used = true;
        continue;
      }
      if (!last.contains(keys[i])) fresh.push_back(keys[i]);
      last[keys[i]] = values[i];
    }
    std::vector<std::pair<K, V>> out;
    for (K const key : fresh) {
      std::size_t at;
      if (!free.empty()) {
        at = free.back();
        free.pop_back();
      } else {
        while (places[hand].used) {
          places[hand].used = false;
          hand = (hand + 1) % places.size();
        }
        at = hand;
        hand = (hand + 1) % places.size();
        out.emplace_back(places[at].key, places[at].value);
      }
      places[at] = {key, last[key], true, false};
    }
    return out;
  }
  index_t erase(std::vector<K> const& keys) {
    index_t gone = 0;
    for (K const key : keys)
      if (auto* const there = find(key)) {
        *there = {};
        free.push_back(static_cast<std::size_t>(there - places.data()));
        ++gone;
      }
    return gone;
  }
};

template <class K, class V>
void expect_as_played(index_t bytes, int threads, unsigned seed) {
  std::mt19937_64 random(seed);
  hash_cache<K, V> cache(bytes, {.seed = seed, .threads = threads});
  ASSERT_LE(cache.bytes(), bytes) << "seed " << seed;
  played_cache<K, V> played(cache.capacity());
  std::uint64_t const range = static_cast<std::uint64_t>(cache.capacity()) * (1 + seed % 3) + 2;
  auto const key = [&] { return static_cast<K>(random() % range - 1); };  // also the largest of all
  typename hash_cache<K, V>::counters counted;
  for (int step = 0; step < 60; ++step) {
    std::vector<K> keys(random() % 70);
    std::vector<V> values;
    for (auto& k : keys) {
      k = key();
      values.push_back(static_cast<V>(random()));
    }
    switch (random() % 4) {
      case 0: {
        std::vector<V> got(keys.size());
        auto const found = std::make_unique<bool[]>(keys.size());
        cache.find(keys, got, {found.get(), keys.size()}, V{77});
        for (std::size_t i = 0; i < keys.size(); ++i) {
          auto* const there = played.find(keys[i]);
          ASSERT_EQ(found[i], there != nullptr) << "seed " << seed << ", step " << step;
          ASSERT_EQ(got[i], there != nullptr ? there->value : V{77}) << "seed " << seed << ", step " << step;
          ++(there != nullptr ? counted.hits : counted.misses);
        }
        for (K const k : keys)
          if (auto* const there = played.find(k)) there->used = true;
        break;
      }
      case 1:
        ASSERT_EQ(cache.erase(keys), played.erase(keys)) << "seed " << seed << ", step " << step;
        break;
      default: {
        auto const out = cache.insert_or_assign(keys, values);
        auto const expected = played.insert_or_assign(keys, values);
        ASSERT_EQ(out.keys.size(), expected.size()) << "seed " << seed << ", step " << step;
        for (std::size_t i = 0; i < expected.size(); ++i)
          ASSERT_EQ(std::pair(out.keys[i], out.values[i]), expected[i])
              << "seed " << seed << ", step " << step;
        counted.evicted += expected.size();
      }
    }
    auto const all = cache.extract();
    std::size_t at = 0;
    for (auto const& p : played.places) {
      if (!p.taken) continue;
      ASSERT_LT(at, all.keys.size()) << "seed " << seed;
      ASSERT_EQ(std::pair(all.keys[at], all.values[at]), std::pair(p.key, p.value)) << "seed " << seed;
      ++at;
    }
    ASSERT_EQ(at, all.keys.size()) << "seed " << seed;
    ASSERT_EQ(cache.size(), std::ssize(all.keys)) << "seed " << seed;
    ASSERT_LE(cache.bytes(), bytes) << "seed " << seed;
  }
  EXPECT_EQ(cache.counted().hits, counted.hits);
  EXPECT_EQ(cache.counted().misses, counted.misses);
  EXPECT_EQ(cache.counted().evicted, counted.evicted);
}

TEST(hash_cache, does_what_a_cache_does_that_takes_one_key_at_a_time) {
  for (unsigned seed = 1; seed <= tests::rounds(150u); ++seed) {
    index_t const bytes = 1200 + static_cast<index_t>(seed % 50) * 97;
    int const threads = 1 + static_cast<int>(seed % 3);
    expect_as_played<std::uint32_t, std::uint32_t>(bytes, threads, seed);
    expect_as_played<std::uint64_t, std::uint32_t>(bytes, threads, seed);
    expect_as_played<std::uint32_t, std::uint64_t>(bytes, threads, seed);
    expect_as_played<std::int64_t, std::int64_t>(bytes, threads, seed);
  }
}

/// Many keys, of which each is asked for the more often the lower it is.
TEST(hash_cache, keeps_what_is_asked_for_often) {
  constexpr index_t bytes = 1 << 20;
  hash_cache<std::uint32_t, std::uint32_t> one(bytes, {.threads = 1}), two(bytes, {.threads = 2});
  index_t const capacity = one.capacity();
  EXPECT_GT(capacity * 32, bytes) << "pairs of 8 bytes, and where they are";
  std::mt19937 random(5);
  std::uniform_real_distribution<double> uniform(0, 1);
  auto const rank = [&] {  // Zipf, about 1
    return static_cast<std::uint32_t>(
        std::exp(uniform(random) * std::log(static_cast<double>(capacity) * 20)));
  };
  std::uint64_t asked = 0;
  for (int round = 0; round < 40; ++round) {
    std::vector<std::uint32_t> keys(20'000), got(keys.size()), other(keys.size());
    std::generate(keys.begin(), keys.end(), rank);
    auto const found = std::make_unique<bool[]>(keys.size()), too = std::make_unique<bool[]>(keys.size());
    one.find(keys, got, {found.get(), keys.size()});
    two.find(keys, other, {too.get(), keys.size()});
    ASSERT_EQ(got, other);
    std::vector<std::uint32_t> missed;
    for (std::size_t i = 0; i < keys.size(); ++i) {
      ASSERT_EQ(found[i], too[i]);
      if (!found[i]) missed.push_back(keys[i]);
      if (found[i]) ASSERT_EQ(got[i], ~keys[i]);
    }
    std::vector<std::uint32_t> values;
    for (auto const k : missed) values.push_back(~k);
    auto const out = one.insert_or_assign(missed, values), same = two.insert_or_assign(missed, values);
    ASSERT_EQ(out.keys, same.keys);
    for (std::size_t i = 0; i < out.keys.size(); ++i) ASSERT_EQ(out.values[i], ~out.keys[i]);
    asked += keys.size();
  }
  // what a cache of this size can hit at most is log(capacity) / log(20 capacity), 0.77
  EXPECT_GT(static_cast<double>(one.counted().hits) / static_cast<double>(asked), 0.6);
  one.clear();
  EXPECT_EQ(one.size(), 0);
  EXPECT_TRUE(one.extract().keys.empty());
}

TEST(hash_cache, refuses_what_cannot_be) {
  using cache = hash_cache<std::uint32_t, std::uint32_t>;
  EXPECT_THROW(cache(0), usage_error);
  EXPECT_THROW(cache(20), usage_error);
  EXPECT_THROW(cache(-1), usage_error);
  EXPECT_THROW(cache(index_t{1} << 50), usage_error);
  EXPECT_THROW(cache(1000, {.max_load = 0}), usage_error);
  cache some(4096);
  std::vector<std::uint32_t> const one{1}, two{1, 2};
  EXPECT_THROW(some.insert_or_assign(one, two), usage_error);
  EXPECT_EQ(some.size(), 0);
}

}  // namespace
}  // namespace prorata
