// hash_map against std::unordered_map: random operations, keys at the ends of their range, and any number of threads.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <fstream>
#include <iterator>
#include <limits>
#include <memory>
#include <numeric>
#include <prorata/error.hpp>
#include <prorata/hash_map.hpp>
#include <random>
#include <tests/temporary_directory.hpp>
#include <unordered_map>

namespace prorata {
namespace {

/// Pairs by key, where bits are compared.
template <class K, class V>
auto sorted(typename hash_map<K, V>::pairs const& all) {
  std::vector<std::pair<K, detail::word_of<V>>> out;
  for (std::size_t i = 0; i < all.keys.size(); ++i)
    out.emplace_back(all.keys[i], std::bit_cast<detail::word_of<V>>(all.values[i]));
  std::sort(out.begin(), out.end());
  return out;
}

/// A map, the same on one thread, and what they should be.
template <class K, class V>
struct trio {
  hash_map<K, V> map, alone;
  std::unordered_map<K, V> model;

  explicit trio(hash_map_options o) : map(o), alone({o.max_load, o.seed, 1}) {}

  void expect_same() const {
    auto const got = map.extract(), one = alone.extract();
    EXPECT_EQ(got.keys, one.keys) << "the order, too, is that of one thread";
    typename hash_map<K, V>::pairs expected;
    for (auto const& [key, value] : model) expected.keys.push_back(key), expected.values.push_back(value);
    EXPECT_EQ((sorted<K, V>(got)), (sorted<K, V>(expected)));
    EXPECT_EQ((sorted<K, V>(one)), (sorted<K, V>(expected)));
    EXPECT_EQ(map.size(), static_cast<index_t>(model.size()));
    EXPECT_LE(map.size(), map.capacity());
  }

  /// Both maps must return the same; it is returned.
  template <class F>
  index_t both(F const& f) {
    index_t const of_map = f(map), of_one = f(alone);
    EXPECT_EQ(of_map, of_one);
    return of_map;
  }

  void apply(int operation, std::vector<K> const& keys, std::vector<V> const& values) {
    std::size_t const n = keys.size();
    auto const before = static_cast<index_t>(model.size());
    auto const fresh = [&] { return static_cast<index_t>(model.size()) - before; };
    switch (operation) {
      case 0:
        for (std::size_t i = 0; i < n; ++i) model.insert({keys[i], values[i]});
        EXPECT_EQ(both([&](auto& m) { return m.insert(keys, values); }), fresh());
        break;
      case 1:
        for (std::size_t i = 0; i < n; ++i) model.insert_or_assign(keys[i], values[i]);
        EXPECT_EQ(both([&](auto& m) { return m.insert_or_assign(keys, values); }), fresh());
        break;
      case 2: {
        std::vector<V> expected;
        for (std::size_t i = 0; i < n; ++i)
          expected.push_back(model.insert({keys[i], values[i]}).first->second);
        EXPECT_EQ(both([&](auto& m) {
                    auto got = values;
                    index_t const count = m.find_or_insert(keys, got);
                    EXPECT_EQ(got, expected);
                    return count;
                  }),
                  fresh());
        break;
      }
      case 3:
        for (std::size_t i = 0; i < n; ++i)
          if (auto const [at, is_new] = model.insert({keys[i], values[i]}); !is_new) {
            if constexpr (std::is_integral_v<V>) {
              using U = std::make_unsigned_t<V>;
              at->second = static_cast<V>(static_cast<U>(at->second) + static_cast<U>(values[i]));
            } else {
              at->second += values[i];
            }
          }
        EXPECT_EQ(both([&](auto& m) { return m.accumulate(keys, values); }), fresh());
        break;
      case 4:
        for (K const key : keys) model.erase(key);
        EXPECT_EQ(both([&](auto& m) { return m.erase(keys); }), -fresh());
        break;
      case 5: {
        auto const odd = [](K key, V) {
          return (static_cast<std::uint64_t>(key) * 0x9e3779b97f4a7c15u >> 62) == 0;
        };
        std::erase_if(model, [&](auto const& pair) { return odd(pair.first, pair.second); });
        EXPECT_EQ(both([&](auto& m) { return m.erase_if(odd); }), -fresh());
        break;
      }
      case 6: {
        V const missing = static_cast<V>(77);
        auto const found = std::make_unique<bool[]>(n), there = std::make_unique<bool[]>(n);
        std::vector<V> got(n), only(n);
        index_t const wrong = both([&](auto& m) {
          m.find(keys, got, std::span(found.get(), n), missing);
          m.find(keys, only, missing);
          m.contains(keys, std::span(there.get(), n));
          auto const ref = m.ref();
          for (std::size_t i = 0; i < n; ++i) {
            auto const at = model.find(keys[i]);
            bool const is = at != model.end();
            if (found[i] != is || there[i] != is || got[i] != (is ? at->second : missing) ||
                only[i] != got[i] || ref.contains(keys[i]) != is || (is && *ref.find(keys[i]) != got[i]))
              return i + 1;
          }
          return std::size_t{0};
        });
        EXPECT_EQ(wrong, 0) << "key " << keys[wrong > 0 ? static_cast<std::size_t>(wrong) - 1 : 0];
        break;
      }
      case 7:
        both([&](auto& m) {
          m.for_each([](K const&, V& value) { value = static_cast<V>(1) + value; });
          return 0;
        });
        for (auto& [key, value] : model) value = static_cast<V>(1) + value;
        break;
      case 8:
        both([&](auto& m) { return m.reserve(static_cast<index_t>(n)), 0; });
        break;
      default:
        both([&](auto& m) { return m.rehash(static_cast<index_t>(values.size() % 7)), 0; });
    }
  }
};

template <class K, class V>
void run_model(std::uint64_t seed) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  static constexpr double loads[] = {0.5, 0.8, 0.95, 1.0};
  trio<K, V> three({loads[random() % 4], random() % 2 ? random() : 0, 1 + static_cast<int>(random() % 4)});
  // few keys or many, dense or spread, with the ends of the range among them
  std::uint64_t const different = std::uint64_t{1} << (2 + random() % 12);
  int const spread = static_cast<int>(random() % 4);
  auto const key = [&] {
    std::uint64_t const k = random() % different;
    if (random() % 16 == 0) {
      constexpr std::uint64_t ends[] = {
          0,          ~std::uint64_t{0},   1,         std::uint64_t{1} << 63, ~std::uint64_t{0} >> 1,
          0xffffffff, 0xffffffff00000000u, 0x80000000};
      return static_cast<K>(ends[random() % 8]);
    }
    return static_cast<K>(spread == 0   ? k
                          : spread == 1 ? k << (sizeof(K) * 8 - 14)
                          : spread == 2 ? mix(k)
                                        : ~k);
  };
  for (int step = 0; step < 60; ++step) {
    std::size_t const n = random() % 3 == 0 ? random() % 8 : random() % 700;
    std::vector<K> keys(n);
    std::vector<V> values(n);
    for (auto& k : keys) k = key();
    for (auto& v : values) v = static_cast<V>(static_cast<std::int32_t>(random() % 1000) - 500);
    int const operation = static_cast<int>(random() % 10);
    SCOPED_TRACE("step " + std::to_string(step) + ", operation " + std::to_string(operation));
    three.apply(operation, keys, values);
    if (testing::Test::HasFailure()) return;
    if (step % 6 == 5) three.expect_same();
  }
  three.expect_same();
}

TEST(hash_map, agrees_with_the_model_for_every_width) {
  for (std::uint64_t seed = 1; seed <= 25; ++seed) {
    run_model<std::uint32_t, std::int32_t>(seed);
    run_model<std::int32_t, double>(seed);
    run_model<std::int64_t, float>(seed);
    run_model<std::uint64_t, std::int64_t>(seed);
  }
}

/// Batches that are dealt out among threads, and tables of many regions that grow meanwhile.
template <class K, class V>
void run_large(double load) {
  trio<K, V> three({load, 5, 4});
  std::mt19937_64 random(99);
  for (int operation : {1, 0, 2, 6, 4, 3, 5, 1, 4, 6, 7}) {
    SCOPED_TRACE("operation " + std::to_string(operation));
    std::vector<K> keys(150000);
    std::vector<V> values(keys.size());
    for (auto& k : keys)
      k = static_cast<K>(random() % 250000 * (sizeof(K) == 8 ? std::uint64_t{1} << 40 : 4096));
    for (auto& v : values) v = static_cast<V>(random() % 1000);
    three.apply(operation, keys, values);
    ASSERT_FALSE(testing::Test::HasFailure());
  }
  three.expect_same();
}
TEST(hash_map, large_batches_on_any_number_of_threads) {
  run_large<std::uint32_t, std::uint32_t>(0.8);
  run_large<std::uint64_t, double>(0.95);
}

TEST(hash_map, one_index_of_a_key_that_comes_again_counts) {
  hash_map<std::uint64_t, std::uint32_t> map;
  std::vector<std::uint64_t> const keys = {7, 0, 7, ~std::uint64_t{0}, 0, 7};
  std::vector<std::uint32_t> const values = {1, 2, 3, 4, 5, 6};
  auto const of = [&](std::uint64_t key) { return *map.ref().find(key); };
  EXPECT_EQ(map.insert(keys, values), 3);
  EXPECT_EQ(of(7), 1u);
  EXPECT_EQ(of(0), 2u);
  EXPECT_EQ(map.insert_or_assign(keys, values), 0);
  EXPECT_EQ(of(7), 6u);
  EXPECT_EQ(of(0), 5u);
  EXPECT_EQ(of(~std::uint64_t{0}), 4u);
  auto found = values;
  EXPECT_EQ(map.find_or_insert(keys, found), 0);
  EXPECT_EQ(found, (std::vector<std::uint32_t>{6, 5, 6, 4, 5, 6}));
  map.clear();
  EXPECT_TRUE(map.empty());
  EXPECT_EQ(map.accumulate(keys, values), 3);
  EXPECT_EQ(of(7), 10u);
}

TEST(hash_map, sums_of_floats_are_in_the_order_of_the_input) {
  std::mt19937_64 random(3);
  std::vector<std::uint32_t> keys(100000);
  std::vector<float> values(keys.size());
  float sums[10] = {};
  for (std::size_t i = 0; i < keys.size(); ++i) {
    keys[i] = static_cast<std::uint32_t>(random() % 10);
    values[i] = static_cast<float>(random() % 1000000) * 1e-3f;
    sums[keys[i]] += values[i];
  }
  for (std::size_t at_once : {keys.size(), std::size_t{777}}) {
    hash_map<std::uint32_t, float> map({.threads = 3});
    for (std::size_t first = 0; first < keys.size(); first += at_once) {
      std::size_t const n = std::min(at_once, keys.size() - first);
      map.accumulate(std::span(keys).subspan(first, n), std::span(values).subspan(first, n));
    }
    for (std::uint32_t k = 0; k < 10; ++k) EXPECT_EQ(*map.ref().find(k), sums[k]) << k;
  }
}

TEST(hash_map, a_full_table_and_an_empty_one_end_their_searches) {
  hash_map<std::uint64_t, std::uint64_t> map({.max_load = 1});
  map.rehash(30000);
  std::vector<std::uint64_t> keys, absent;
  for (std::uint64_t k = 0; static_cast<index_t>(k) < map.capacity(); ++k)
    keys.push_back(k), absent.push_back(~k);
  index_t const bytes = map.bytes();
  map.insert(keys, keys);
  EXPECT_EQ(map.bytes(), bytes) << "it is as full as it can be";
  auto const found = std::make_unique<bool[]>(keys.size());
  std::span const flags(found.get(), keys.size());
  map.contains(absent, flags);
  EXPECT_EQ(std::count(flags.begin(), flags.end(), true), 0);
  map.contains(keys, flags);
  EXPECT_EQ(std::count(flags.begin(), flags.end(), false), 0);
  EXPECT_EQ(map.erase(keys), static_cast<index_t>(keys.size()));
  map.contains(keys, flags);
  EXPECT_EQ(std::count(flags.begin(), flags.end(), true), 0);
  EXPECT_TRUE(map.extract().keys.empty());
}

/// The key whose hash is h: what mix() does, undone.
std::uint64_t key_of_hash(std::uint64_t h) {
  auto const unshift = [](std::uint64_t x, int s) {
    for (int k = s; k < 64; k *= 2) x ^= x >> k;
    return x;
  };
  auto const inverse = [](std::uint64_t a) {
    std::uint64_t x = a;  // Newton's iteration modulo 2^64
    for (int k = 0; k < 6; ++k) x *= 2 - a * x;
    return x;
  };
  h = std::rotr(h, slot_bits);
  h = unshift(h, 31) * inverse(0x94d049bb133111ebu);
  h = unshift(h, 27) * inverse(0xbf58476d1ce4e5b9u);
  return unshift(h, 30) - 0x9e3779b97f4a7c15u;
}

TEST(hash_map, keys_that_were_chosen_to_meet_get_another_seed) {
  std::vector<std::uint64_t> keys;
  for (std::uint64_t i = 0; i < 20000; ++i) keys.push_back(key_of_hash(i));
  ASSERT_EQ(host::hashing::hash_of(keys[1234], 0), 1234u);
  hash_map<std::uint64_t, std::uint64_t> map;
  map.reserve(40000);
  EXPECT_EQ(map.insert(keys, keys), 20000);
  std::vector<std::uint64_t> values(keys.size());
  map.find(keys, values);
  EXPECT_EQ(values, keys);
  EXPECT_LT(map.bytes(), index_t{8} << 20) << "it did not grow without end";
}

TEST(hash_map, keys_of_the_last_bucket_end_at_the_end_of_the_table) {
  std::vector<std::uint64_t> keys;
  for (std::uint64_t i = 0; i < 300; ++i) keys.push_back(key_of_hash(~i));
  hash_map<std::uint64_t, std::uint64_t> map;
  map.reserve(400);
  index_t const bytes = map.bytes();
  EXPECT_EQ(map.insert(std::span(keys).first(8), std::span(keys).first(8)), 8);
  EXPECT_EQ(map.bytes(), bytes);
  EXPECT_EQ(map.insert(keys, keys), 292);
  std::vector<std::uint64_t> values(keys.size());
  map.find(keys, values);
  EXPECT_EQ(values, keys);
}

TEST(hash_map, takes_the_room_that_it_promises) {
  hash_map<std::uint32_t, std::uint32_t> small;
  hash_map<std::uint64_t, std::uint64_t> large;
  hash_map<std::uint64_t, float> mixed;
  small.reserve(1 << 20), large.reserve(1 << 20), mixed.reserve(1 << 20);
  EXPECT_LT(static_cast<double>(small.bytes()), 1.3 * 8 * (1 << 20));
  EXPECT_LT(static_cast<double>(large.bytes()), 1.3 * 16 * (1 << 20));
  EXPECT_LT(static_cast<double>(mixed.bytes()), 1.38 * 12 * (1 << 20));
}

TEST(hash_map, comes_back_from_a_file) {
  temporary_directory const folder;
  std::string const path = (folder / "map").string();
  hash_map<std::int32_t, double> map({.max_load = 0.7, .seed = 9});
  auto const load = [](std::string const& from) { return hash_map<std::int32_t, double>::load(from, 2); };
  for (int n : {0, 1, 3, 20001}) {
    std::vector<std::int32_t> keys(static_cast<std::size_t>(n));
    std::iota(keys.begin(), keys.end(), -1);
    map.insert_or_assign(keys, std::vector<double>(keys.begin(), keys.end()));
    map.save(path);
    auto const back = load(path);
    EXPECT_EQ((sorted<std::int32_t, double>(back.extract())), (sorted<std::int32_t, double>(map.extract())));
    hash_map<std::int32_t, double> fresh({.max_load = 0.7, .seed = 9});
    fresh.reserve(n);
    EXPECT_EQ(back.bytes(), fresh.bytes()) << "its load came along";
  }
  std::string whole;
  {
    std::ifstream file(path, std::ios::binary);
    whole.assign(std::istreambuf_iterator<char>(file), {});
  }
  auto const refused = [&](std::string const& text) {
    std::ofstream(path, std::ios::binary) << text;
    EXPECT_THROW(load(path), input_error);
  };
  for (std::size_t at :
       {0ul, 17ul, 20ul, 23ul, 24ul, 33ul, 41ul, 50ul, 63ul, 64ul, 80010ul, whole.size() - 1}) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 64);
    SCOPED_TRACE("byte " + std::to_string(at));
    refused(damaged);
  }
  std::string moved = whole;
  std::swap_ranges(moved.begin() + 64, moved.begin() + 72, moved.begin() + 72);
  refused(moved);
  for (std::size_t size : {std::size_t{0}, std::size_t{63}, std::size_t{64}, whole.size() - 1})
    refused(whole.substr(0, size));
  refused(whole + "x");
  EXPECT_THROW(load((folder / "nothing").string()), input_error);
  std::ofstream(path, std::ios::binary) << whole;
  using other_key = hash_map<std::uint32_t, double>;
  using other_value = hash_map<std::int32_t, std::int64_t>;
  EXPECT_THROW(other_key::load(path), input_error);
  EXPECT_THROW(other_value::load(path), input_error);
  EXPECT_EQ(load(path).size(), map.size());
}

TEST(hash_map, refuses_and_stays_as_it_was) {
  using map_type = hash_map<std::int32_t, float>;
  for (double const load : {0.0, -1.0, 1.5, std::numeric_limits<double>::quiet_NaN()})
    EXPECT_THROW(map_type({.max_load = load}), usage_error) << load;
  map_type map;
  std::vector<std::int32_t> const keys = {1, 2};
  std::vector<float> values = {3};
  EXPECT_THROW(map.insert(keys, values), usage_error);
  EXPECT_THROW(map.find(keys, values), usage_error);
  EXPECT_THROW(map.reserve(std::numeric_limits<index_t>::max()), out_of_memory);
  EXPECT_TRUE(map.empty());
  values = {3, 4};
  map.insert(keys, values);
  EXPECT_THROW(map.erase_if([](std::int32_t, float) -> bool { throw input_error("enough"); }), input_error);
  EXPECT_EQ(map.size(), 2);
  EXPECT_EQ(map.extract().keys.size(), 2u);
}

}  // namespace
}  // namespace prorata
