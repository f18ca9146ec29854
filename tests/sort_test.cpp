// Sorting over every split: the result that std::stable_sort would give, bit for bit.
#include <gtest/gtest.h>

#include <cstring>
#include <limits>
#include <numeric>
#include <prorata/sort.hpp>
#include <tests/contents.hpp>
#include <tests/element_types.hpp>
#include <tests/splits.hpp>

namespace {

using namespace prorata;
using namespace prorata::tests;

/// Kinds of data that sorts have trouble with.
enum class pattern { random, few, equal, sorted, reversed, one_heavy, narrow, specials };
constexpr pattern patterns[] = {pattern::random,   pattern::few,       pattern::equal,  pattern::sorted,
                                pattern::reversed, pattern::one_heavy, pattern::narrow, pattern::specials};

template <class T>
T from_bits(std::uint64_t bits) {
  return std::bit_cast<T>(static_cast<typename total_order<T>::key_type>(bits));
}

template <class T>
std::vector<T> made(pattern p, index_t n, unsigned seed) {
  std::mt19937_64 random(seed);
  auto const any = [&] { return from_bits<T>(random()); };
  std::vector<T> x(static_cast<std::size_t>(n));
  T const some[] = {any(), any(), any(), any(), any()};
  for (auto& v : x) {
    switch (p) {
      case pattern::few:
        v = some[random() % 5];
        break;
      case pattern::equal:
        v = some[0];
        break;
      case pattern::one_heavy:
        v = random() % 16 == 0 ? any() : some[0];
        break;
      case pattern::narrow:
        v = from_bits<T>(random() % 16 == 0 ? random() : (random() & 0x3f) + 5);
        break;
      case pattern::specials: {
        std::uint64_t const sign = random() % 2 << (sizeof(T) * 8 - 1);
        std::uint64_t const ones = (~std::uint64_t{0} >> (65 - sizeof(T) * 8)) << (sizeof(T) * 4 - 1);
        v = from_bits<T>(sign | (random() % 3 == 0   ? ones
                                 : random() % 3 == 0 ? ones + random() % 3
                                                     : random() % 2));
        break;
      }
      default:
        v = any();
    }
  }
  total_order<T> const order;
  if (p == pattern::sorted) std::sort(x.begin(), x.end(), order);
  if (p == pattern::reversed) std::sort(x.rbegin(), x.rend(), order);
  return x;
}

template <class T>
std::vector<index_t> order_of(std::vector<T> const& x, direction d) {
  total_order<T> const order(d);
  std::vector<index_t> indices(x.size());
  std::iota(indices.begin(), indices.end(), index_t{0});
  std::stable_sort(indices.begin(), indices.end(), [&](index_t a, index_t b) {
    return order(x[static_cast<std::size_t>(a)], x[static_cast<std::size_t>(b)]);
  });
  return indices;
}

template <class T>
std::vector<T> picked(std::vector<T> const& x, std::vector<index_t> const& indices) {
  std::vector<T> y;
  for (index_t const i : indices) y.push_back(x[static_cast<std::size_t>(i)]);
  return y;
}

template <class T>
bool same_bits(std::vector<T> const& a, std::vector<T> const& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0);
}

/// What a sorted array of x holds: booleans come back as 0 and 1.
template <class T>
std::vector<T> sealed_all(std::vector<T> x) {
  if constexpr (std::is_same_v<T, boolean8>)
    for (auto& v : x) v.byte = v.byte != 0;
  return x;
}

template <class T>
distributed_array<T, host::stream> placed(host_team const& team, partition const& cuts,
                                          std::vector<T> const& x) {
  distributed_array<T, host::stream> array(team, cuts);
  copy_in(array, std::span<T const>(x));
  return array;
}

/// Sorts, argsorts and sorts pairs over one split; every result must be the oracle's.
template <class T>
void expect_sorted(std::vector<T> const& x, direction d, split const& s) {
  auto const team = make_team(s.ranks, s.threads);
  auto const indices = order_of(x, d);
  auto const sorted = sealed_all(picked(x, indices));
  hostile_caller const caller(s);

  auto array = placed(team, s.cuts, x);
  sort(array, d);
  ASSERT_EQ(array.partition(), s.cuts);
  ASSERT_TRUE(same_bits(everything(array), sorted)) << "sort of " << x.size() << ", " << s;
  ASSERT_TRUE(is_sorted(array, d));

  auto const found = argsort(placed(team, s.cuts, x), d);
  ASSERT_EQ(found.partition(), s.cuts);
  ASSERT_EQ(everything(found), indices) << "argsort of " << x.size() << ", " << s;

  auto keys = placed(team, s.cuts, x);
  std::vector<float> numbers(x.size());
  std::iota(numbers.begin(), numbers.end(), 0.0f);
  auto values = placed(team, s.cuts, numbers);
  sort_by_key(keys, values, d);
  ASSERT_TRUE(same_bits(everything(keys), sorted)) << "keys of " << x.size() << ", " << s;
  ASSERT_EQ(everything(values), picked(numbers, indices)) << "values of " << x.size() << ", " << s;
}

template <class T>
struct sorting : testing::Test {};
using types = tests::types<boolean8, std::int8_t, std::uint8_t, std::int16_t, std::uint16_t, std::int32_t,
                           std::uint32_t, std::int64_t, std::uint64_t, half, float, double>;
TYPED_TEST_SUITE(sorting, types);

TYPED_TEST(sorting, is_the_same_over_every_split) {
  unsigned seed = 1;
  for (index_t const n : {0, 1, 2, 31, 32, 33, 1023, 1024, 1025, 5003})
    for (auto const p : patterns) {
      auto const x = made<TypeParam>(p, n, ++seed);
      for (int number = static_cast<int>(seed % 41); number < split_count; number += apart(193)) {
        auto const d =
            (number + static_cast<int>(seed)) % 2 == 0 ? direction::ascending : direction::descending;
        SCOPED_TRACE("seed " + std::to_string(seed) + ", pattern " + std::to_string(static_cast<int>(p)));
        expect_sorted(x, d, split_number(number, n));
        if (this->HasFatalFailure()) return;
      }
    }
}

TYPED_TEST(sorting, deals_large_arrays_into_buckets) {
  index_t const n = 300007;
  unsigned seed = 100;
  for (auto const p : patterns) {
    ++seed;
    if (!is_tried(static_cast<int>(seed) / 2)) continue;
    auto const x = made<TypeParam>(p, n, seed);
    auto const d = seed % 2 == 0 ? direction::ascending : direction::descending;
    SCOPED_TRACE("seed " + std::to_string(seed) + ", pattern " + std::to_string(static_cast<int>(p)));
    expect_sorted(x, d, split{1, static_cast<int>(1 + seed % 3), single(n), false, false});
    if (p == pattern::random || p == pattern::one_heavy)
      expect_sorted(x, d, split{3, 2, partition_by_cuts({0, n / 10, n / 2, n}), false, false});
    if (this->HasFatalFailure()) return;
  }
}

/// Whether an array is in order already is asked in grains of 32768 elements, on all threads.
TYPED_TEST(sorting, sees_two_neighbours_of_different_grains_exchanged) {
  if (sizeof(TypeParam) < 4) return;  // these are counted
  index_t const n = 1000000, grain = 32768;
  auto const sorted = made<TypeParam>(pattern::sorted, n, 9);
  auto const team = make_team(1, 3);
  for (index_t k = grain; k < n; k += apart(grain)) {
    auto x = sorted;
    auto const at = x.begin() + static_cast<std::ptrdiff_t>(k);
    std::iter_swap(at - 1, at);
    auto array = placed(team, single(n), x);
    sort(array);
    ASSERT_TRUE(same_bits(everything(array), sorted)) << "exchanged at " << k;
  }
}

/// Nothing moves between most ranks then, and between some only in one direction at each border.
TEST(sorting_again, two_elements_exchanged_anywhere) {
  for (auto const& cuts : std::vector<std::vector<index_t>>{{0, 24}, {0, 5, 9, 9, 20, 24}, {0, 8, 16, 24}}) {
    auto const team = make_team(static_cast<int>(cuts.size()) - 1, 1);
    std::vector<double> sorted(24);
    std::iota(sorted.begin(), sorted.end(), -7.0);
    for (auto i = sorted.begin(); i != sorted.end(); ++i)
      for (auto j = i + 1; j != sorted.end(); ++j) {
        std::iter_swap(i, j);
        auto array = placed(team, partition_by_cuts(cuts), sorted);
        std::iter_swap(i, j);
        sort(array);
        ASSERT_EQ(everything(array), sorted) << i - sorted.begin() << " and " << j - sorted.begin();
      }
  }
  index_t const n = fewer(300007);
  auto const sorted = made<std::int64_t>(pattern::sorted, n, 11);
  std::mt19937_64 random(12);
  auto const somewhere = [&] { return static_cast<std::size_t>(random() % static_cast<std::uint64_t>(n)); };
  for (int turn = 0; turn < 20; ++turn) {
    auto x = sorted;
    std::swap(x[somewhere()], x[somewhere()]);
    int const ranks = 1 + turn % 4;
    auto const team = make_team(ranks, 2);
    auto array = placed(team, make_array<char>(team, n).partition(), x);
    sort(array);
    ASSERT_TRUE(same_bits(everything(array), sorted)) << turn;
  }
}

TEST(sorting_again, what_one_bucket_holds_too_much_of) {
  index_t const n = watched ? 800009 : 2000003;  // of 8 bytes: still more than a large bucket
  int number = 0;
  for (auto const p : {pattern::one_heavy, pattern::narrow, pattern::few})
    for (auto const d : {direction::ascending, direction::descending}) {
      if (!is_tried(number++ + static_cast<int>(p))) continue;
      SCOPED_TRACE("pattern " + std::to_string(static_cast<int>(p)));
      expect_sorted(made<std::uint64_t>(p, n, 7), d, split{1, 2, single(n), false, false});
      expect_sorted(made<double>(p, n, 8), d, split{2, 3, partition_by_cuts({0, n / 3, n}), false, false});
      if (HasFatalFailure()) return;
    }
}

struct odd_value {
  unsigned char bytes[5];
  bool operator==(odd_value const&) const = default;
};

TEST(sort_by_key, moves_values_of_any_size) {
  index_t const n = 70001;  // more than one thread moves at a time
  auto const x = made<std::int32_t>(pattern::few, n, 5);
  auto const indices = order_of(x, direction::ascending);
  auto const check = [&]<class V>(V (*value)(index_t)) {
    std::vector<V> values;
    for (index_t i = 0; i < n; ++i) values.push_back(value(i));
    for (int const ranks : {1, 2, 3, 7}) {
      auto const team = make_team(ranks, 2);
      auto const cuts = make_array<char>(team, n).partition();
      auto keys = placed(team, cuts, x);
      auto moved = placed(team, cuts, values);
      sort_by_key(keys, moved);
      ASSERT_EQ(everything(moved), picked(values, indices)) << sizeof(V) << " bytes, " << ranks << " ranks";
    }
  };
  check(+[](index_t i) { return static_cast<std::uint8_t>(i * 7); });
  check(+[](index_t i) { return static_cast<std::int16_t>(i * 7); });
  check(+[](index_t i) { return static_cast<double>(i); });
  check(+[](index_t i) {
    return odd_value{{static_cast<unsigned char>(i), static_cast<unsigned char>(i >> 8), 1, 2, 3}};
  });
}

TEST(sort_by_key, refuses_arrays_that_are_cut_otherwise) {
  auto const team = make_team(2, 1);
  distributed_array<int, host::stream> keys(team, partition_by_cuts({0, 4, 9}));
  distributed_array<int, host::stream> values(team, partition_by_cuts({0, 5, 9}));
  EXPECT_THROW(sort_by_key(keys, values), usage_error);
}

template <class T>
void expect_merged(index_t n, index_t m, direction d, int ranks, unsigned seed) {
  SCOPED_TRACE(std::to_string(n) + " and " + std::to_string(m) + " over " + std::to_string(ranks) + " ranks");
  auto const p = patterns[seed % std::size(patterns)];
  auto a = made<T>(p, n, seed), b = made<T>(p, m, seed + 1);
  total_order<T> const order(d);
  std::sort(a.begin(), a.end(), order);
  std::sort(b.begin(), b.end(), order);
  std::vector<T> merged;
  std::merge(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(merged), order);
  auto const team = make_team(ranks, 2);
  std::mt19937 random(seed);
  auto const cut = [&](index_t size) {
    std::vector<index_t> cuts{0, size};
    while (static_cast<int>(cuts.size()) <= ranks)
      cuts.push_back(static_cast<index_t>(random()) % (size + 1));
    std::sort(cuts.begin(), cuts.end());
    return partition_by_cuts(cuts);
  };
  auto const found = merge(placed(team, cut(n), a), placed(team, cut(m), b), d);
  ASSERT_TRUE(same_bits(everything(found), merged));
}

TEST(merge, makes_one_sorted_array_of_two) {
  unsigned seed = 1;
  for (int const ranks : {1, 2, 3, 7})
    for (index_t const n : {0, 1, 33, 5000, 70001})
      for (index_t const m : {0, 1, 1025, 40000}) {
        expect_merged<float>(n, m, direction::ascending, ranks, ++seed);
        expect_merged<std::int16_t>(n, m, direction::descending, ranks, ++seed);
        expect_merged<std::uint64_t>(n, m, direction::ascending, ranks, ++seed);
      }
}

TEST(is_sorted, sees_one_element_out_of_place_wherever_it_is) {
  index_t const n = 3000;
  std::vector<double> x(n);
  std::iota(x.begin(), x.end(), -5.0);
  x.back() = std::numeric_limits<double>::quiet_NaN();
  for (int number = 0; number < split_count; number += apart(37)) {
    auto const s = split_number(number, n);
    auto const team = make_team(s.ranks, s.threads);
    EXPECT_TRUE(is_sorted(placed(team, s.cuts, x)));
    EXPECT_FALSE(is_sorted(placed(team, s.cuts, x), direction::descending));
    std::vector<index_t> places{1, n / 2, n - 1};
    for (index_t const cut : s.cuts.cuts)
      if (0 < cut && cut < n) places.push_back(cut);
    for (index_t const k : places) {
      auto y = x;
      std::swap(y[static_cast<std::size_t>(k)], y[static_cast<std::size_t>(k - 1)]);
      EXPECT_FALSE(is_sorted(placed(team, s.cuts, y))) << k << " of " << s;
    }
  }
  auto const team = make_team(3, 1);
  EXPECT_TRUE(is_sorted(make_array<float>(team, 0)));
}

TEST(split_runs, cuts_where_a_merge_would) {
  auto const team = make_team(3, 1);
  std::vector<std::int32_t> const a{1, 3, 3, 5}, b{2, 3, 4}, c{};
  std::vector<sorted_run<std::int32_t>> const runs{{a.data(), 4}, {b.data(), 3}, {c.data(), 0}};
  auto const before = split_runs(team, total_order<std::int32_t>{}, runs, 1, {0, 3, 4, 5, 7});
  EXPECT_EQ(before, (std::vector<index_t>{0, 0, 0, 2, 1, 0, 3, 1, 0, 3, 2, 0, 4, 3, 0}));
}

}  // namespace
