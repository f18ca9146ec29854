// group_by against rational arithmetic, key by key, over keys and values of every type and kind.
#include <gtest/gtest.h>

#include <cmath>
#include <host/grouping/rows.hpp>
#include <host/grouping/table.hpp>
#include <map>
#include <numeric>
#include <prorata/group_by.hpp>
#include <set>
#include <tests/contents.hpp>
#include <tests/element_types.hpp>
#include <tests/gmp_oracle.hpp>
#include <tests/scattered.hpp>
#include <tests/splits.hpp>

namespace {

using namespace prorata;
using namespace prorata::tests;

/// Compares as bits, with every NaN one.
template <class T>
bool same(T a, T b) {
  return std::memcmp(&a, &b, sizeof a) == 0;
}

/// The aggregates of one key's values, from the definition.
template <class V>
struct oracle_of {
  using sum_type = group_sum_type<V>;
  std::vector<V> values;

  static mpq_class rational(V v) {
    auto const x = detail::plain(v);
    if constexpr (std::is_floating_point_v<decltype(x)>) return oracle::value_of(static_cast<double>(x));
    if constexpr (std::is_signed_v<decltype(x)>)
      return mpq_class(std::to_string(static_cast<std::int64_t>(x)));
    return mpq_class(std::to_string(static_cast<std::uint64_t>(x)));
  }
  mpq_class total() const {
    mpq_class t = 0;
    for (V const v : values) t += rational(v);
    return t;
  }
  /// What a sum, or mean, is where rationals say nothing; else no value.
  std::optional<double> special(bool zero) const {
    if constexpr (addend_of<V> != addend::real) {
      return {};
    } else {
      bool nan = false, plus = false, minus = false, only_minus_zero = true;
      for (V const v : values) {
        double const x = static_cast<double>(detail::plain(v));
        nan = nan || std::isnan(x);
        plus = plus || x == INFINITY;
        minus = minus || x == -INFINITY;
        only_minus_zero = only_minus_zero && x == 0 && std::signbit(x);
      }
      if (nan || (plus && minus)) return std::bit_cast<double>(nan_bits<double>);
      if (plus || minus) return plus ? INFINITY : -INFINITY;
      if (zero) return only_minus_zero ? -0.0 : 0.0;
      return {};
    }
  }
  sum_type sum() const {
    if constexpr (addend_of<V> == addend::real) {
      if (auto const s = special(false)) return *s;
      auto const t = total();
      if (t == 0) return *special(true);
      return oracle::nearest<double>(t);
    } else {
      std::uint64_t t = 0;
      for (V const v : values) t += static_cast<std::uint64_t>(static_cast<sum_type>(detail::plain(v)));
      return static_cast<sum_type>(t);
    }
  }
  double mean() const {
    if (auto const s = special(false)) return *s;
    auto const t = total();
    if (t == 0) return special(true).value_or(0.0);
    return oracle::nearest<double>(t / mpq_class(std::to_string(values.size())));
  }
  double variance(std::int64_t ddof) const {
    double const nan = std::bit_cast<double>(nan_bits<double>);
    auto const n = static_cast<std::int64_t>(values.size());
    auto const s = special(false);
    if (n <= ddof || s) return nan;
    mpq_class const mean = total() / mpq_class(std::to_string(n));
    mpq_class squares = 0;
    for (V const v : values) squares += (rational(v) - mean) * (rational(v) - mean);
    if (squares == 0) return 0.0;
    return oracle::nearest<double>(squares / mpq_class(std::to_string(n - ddof)));
  }
  template <class Op>
  V extreme() const {
    using X = detail::plain_type<V>;
    X x = detail::plain(values.front());
    if constexpr (std::is_floating_point_v<X>) {
      x = canonical_nan(x);
      for (V const v : values) x = Op{}(x, canonical_nan(detail::plain(v)));
    } else {
      for (V const v : values) x = Op{}(x, detail::plain(v));
    }
    if constexpr (std::is_same_v<V, half>) return to_half(x);
    if constexpr (std::is_same_v<V, boolean8>) return boolean8{x};
    if constexpr (!std::is_same_v<V, half> && !std::is_same_v<V, boolean8>) return static_cast<V>(x);
  }
};

template <class K>
bool key_less(K a, K b) {  // NumPy's order: NaN last
  auto const x = detail::plain(a);
  auto const y = detail::plain(b);
  if (x != x || y != y) return x == x && y != y;
  return x < y;
}

template <class K, class V>
void expect_oracle(std::span<K> keys, std::span<V> values, host_team const& team, partition const& cuts,
                   std::int64_t ddof) {
  auto const less = [](K a, K b) { return key_less(a, b); };
  std::map<K, oracle_of<V>, decltype(less)> expected(less);
  for (std::size_t i = 0; i < keys.size(); ++i) expected[keys[i]].values.push_back(values[i]);
  auto const g = group_by(borrow(team, keys, cuts), borrow(team, values, cuts), aggregate::all, ddof);
  ASSERT_EQ(g.size(), static_cast<index_t>(expected.size()));
  auto const key = everything(g.keys);
  auto const count = everything(g.counts);
  auto const sum = everything(g.sums);
  auto const mean = everything(g.means), variance = everything(g.variances);
  auto const least = everything(g.minima), greatest = everything(g.maxima);
  std::size_t k = 0;
  for (auto const& [at, of] : expected) {
    ASSERT_FALSE(key_less(key[k], at) || key_less(at, key[k])) << "key " << k;
    ASSERT_FALSE(detail::plain(at) == 0 && std::signbit(static_cast<double>(detail::plain(key[k]))));
    ASSERT_EQ(count[k], static_cast<index_t>(of.values.size()));
    ASSERT_TRUE(same(sum[k], of.sum())) << sum[k] << " for " << of.sum() << ", key " << k;
    ASSERT_TRUE(same(mean[k], of.mean())) << mean[k] << " for " << of.mean() << ", key " << k;
    ASSERT_TRUE(same(variance[k], of.variance(ddof)))
        << variance[k] << " for " << of.variance(ddof) << ", key " << k << " of " << of.values.size()
        << " values";
    ASSERT_TRUE(same(least[k], of.template extreme<minimum<detail::plain_type<V>>>())) << "key " << k;
    ASSERT_TRUE(same(greatest[k], of.template extreme<maximum<detail::plain_type<V>>>())) << "key " << k;
    ++k;
  }
}

/// Numbers of one kind: 0 tame, 1 of all magnitudes, 2 with what is no number, 3 all the same, 4 cancelling.
template <class T>
std::vector<T> numbers(index_t n, int kind, unsigned seed) {
  std::mt19937_64 random(seed);
  std::vector<T> x;
  for (index_t i = 0; i < n; ++i) {
    std::uint64_t const h = random();
    using X = detail::plain_type<T>;
    X v{};
    if constexpr (std::is_floating_point_v<X>) {
      using bits = std::conditional_t<sizeof(X) == 4, std::uint32_t, std::uint64_t>;
      X const any = std::bit_cast<X>(static_cast<bits>(h >> (64 - 8 * sizeof(X))));
      X const tame = static_cast<X>(static_cast<double>(static_cast<std::int64_t>(h)) * 0x1p-60);
      v = kind == 0   ? tame
          : kind == 1 ? (std::isfinite(any) ? any : tame)
          : kind == 2 ? (h % 11 == 0   ? any
                         : h % 13 == 0 ? X(NAN)
                         : h % 17 == 0 ? X(-INFINITY)
                         : h % 7 == 0  ? -X{0}
                                       : tame)
          : kind == 3 ? X(0.1)
                      : static_cast<X>(i % 3 == 0   ? 1e16
                                       : i % 3 == 1 ? 1.0
                                                    : -1e16);
    } else {
      v = kind == 0 || kind == 4 ? static_cast<X>(h % 100) : kind == 3 ? X{1} : static_cast<X>(h);
    }
    if constexpr (std::is_same_v<T, half>) {
      x.push_back(to_half(v));
    } else if constexpr (std::is_same_v<T, boolean8>) {
      x.push_back(boolean8{static_cast<unsigned char>(v & 1)});
    } else {
      x.push_back(v);
    }
  }
  return x;
}

/// Keys out of `groups`, among them the extremes and, for floats, both zeros and NaNs of several payloads.
template <class K>
std::vector<K> some_keys(index_t n, index_t groups, unsigned seed) {
  auto pool = numbers<K>(groups, 1, seed);
  if constexpr (std::is_floating_point_v<K>) {
    for (K const v :
         {K{0}, -K{0}, K(NAN), -K(NAN), K(INFINITY), -K(INFINITY), std::numeric_limits<K>::denorm_min()})
      pool.push_back(v);
  } else if constexpr (std::is_integral_v<K>) {
    for (K const v : {std::numeric_limits<K>::min(), std::numeric_limits<K>::max(), K{0}, K{1}})
      pool.push_back(v);
  }
  std::mt19937_64 random(seed + 1);
  std::vector<K> keys;
  for (index_t i = 0; i < n; ++i) keys.push_back(pool[random() % pool.size()]);
  return keys;
}

template <class T>
class GroupBy : public testing::Test {};
using element_types = tests::types<boolean8, std::int8_t, std::uint16_t, std::int32_t, std::uint32_t,
                                   std::int64_t, std::uint64_t, half, float, double>;
TYPED_TEST_SUITE(GroupBy, element_types);

TYPED_TEST(GroupBy, MatchesRationalsForValuesOfEveryKind) {
  for (int kind = 0; kind < 5; ++kind)
    for (index_t const n : {0, 1, 2, 33, 1025}) {
      auto keys = some_keys<std::int32_t>(n, 40, 3);
      auto values = numbers<TypeParam>(n, kind, 5);
      auto const team = make_team(n == 33 ? 7 : 3, 2);
      expect_oracle<std::int32_t, TypeParam>(keys, values, team, split_number(n == 33 ? 6 : 2, n).cuts,
                                             kind % 3);
      if (this->HasFatalFailure()) FAIL() << "kind " << kind << ", n = " << n;
    }
}

TYPED_TEST(GroupBy, MatchesRationalsForKeysOfEveryType) {
  for (index_t const n : {0, 1, 31, 32, 1023, 2003})
    for (int const ranks : {1, 2, 7}) {
      auto keys = some_keys<TypeParam>(n, 50, 9);
      auto values = numbers<double>(n, 0, 6);
      auto const team = make_team(ranks, 2);
      expect_oracle<TypeParam, double>(keys, values, team, split_number(32 + ranks - 1, n).cuts, 1);
      if (this->HasFatalFailure()) FAIL() << "n = " << n << ", " << ranks << " ranks";
    }
}

TYPED_TEST(GroupBy, SortsKeysAsWords) {
  auto keys = some_keys<TypeParam>(3000, 2000, 4);
  for (std::size_t i = 0; i + 1 < keys.size(); ++i) {
    ASSERT_EQ(encoded_key(keys[i]) < encoded_key(keys[i + 1]), key_less(keys[i], keys[i + 1]));
    auto const back = decoded_key<TypeParam>(encoded_key(keys[i]));
    ASSERT_FALSE(key_less(back, keys[i]) || key_less(keys[i], back));
  }
}

/// Everything that group_by gives, as bytes.
std::string all_bytes(host_team const& team, partition const& cuts, std::span<std::int64_t> keys,
                      std::span<double> values) {
  auto const g = group_by(borrow(team, keys, cuts), borrow(team, values, cuts), aggregate::all, 1);
  std::string out;
  auto const put = [&](auto const& column) {
    for (auto const v : everything(column)) out.append(reinterpret_cast<char const*>(&v), sizeof v);
  };
  put(g.keys), put(g.counts), put(g.sums), put(g.means), put(g.variances), put(g.minima), put(g.maxima);
  return out;
}

TEST(GroupBySplits, GiveTheSameBits) {
  for (index_t const n : {index_t{1}, index_t{33}, index_t{4097}, index_t{30011}}) {
    for (index_t const groups : {index_t{3}, n / 2 + 1}) {
      auto keys = some_keys<std::int64_t>(n, groups, 17);
      auto values = numbers<double>(n, n == 4097 ? 2 : 1, 18);
      auto const expected = all_bytes(make_team(1, 1), single(n), keys, values);
      for (int number = 0; number < split_count; number += apart(n > 10000 ? 41 : 13)) {
        auto const s = split_number(number, n);
        auto const team = make_team(s.ranks, s.threads);
        hostile_caller const caller(s);
        ASSERT_EQ(all_bytes(team, s.cuts, keys, values), expected)
            << "split " << number << ", n = " << n << ", " << s;
      }
    }
  }
}

/// How keys are made of a row's number, each way meant for one path of the host.
struct key_shape {
  char const* name;
  std::int64_t (*key)(index_t row, std::uint64_t hash);
};
constexpr key_shape shapes[] = {
    {"few, close", [](index_t, std::uint64_t h) { return static_cast<std::int64_t>(h % 16); }},
    {"few, far",
     [](index_t, std::uint64_t h) { return static_cast<std::int64_t>(h % 1000 * 0x9e3779b97f4a7c15u); }},
    {"many, close", [](index_t, std::uint64_t h) { return static_cast<std::int64_t>(h % 100000) - 50000; }},
    {"many, far",
     [](index_t, std::uint64_t h) { return static_cast<std::int64_t>(h % 100000 * 0x9e3779b97f4a7c15u); }},
    {"every row its own", [](index_t row, std::uint64_t) { return static_cast<std::int64_t>(row * 7919); }},
    {"one key", [](index_t, std::uint64_t) { return std::int64_t{-5}; }},
    {"one heavy among many",
     [](index_t, std::uint64_t h) { return static_cast<std::int64_t>(h % 10 ? 42 : (h >> 8) * 3); }},
    {"clumps far apart",
     [](index_t, std::uint64_t h) { return static_cast<std::int64_t>((h % 3 << 60) + (h >> 8) % 40000); }},
    {"the last key heavy among many",
     [](index_t, std::uint64_t h) {
       return h % 10 < 3 ? std::numeric_limits<std::int64_t>::max() - 1 : static_cast<std::int64_t>(h) >> 2;
     }},
    {"the first key heavy among many",
     [](index_t, std::uint64_t h) {
       return h % 10 < 3 ? std::numeric_limits<std::int64_t>::min() + 1 : static_cast<std::int64_t>(h) >> 2;
     }},
    {"a misleading sample",
     [](index_t row, std::uint64_t h) {
       index_t const step = (400009 - 64) / 255;
       return row % step < 64 ? std::int64_t{7} : static_cast<std::int64_t>(h);
     }},
};

TEST(KeyRanges, AscendAndHoldTheKeysBetweenTheirEnds) {
  constexpr std::uint64_t last = std::numeric_limits<std::uint64_t>::max();
  std::mt19937_64 random(21);
  for (int round = 0; round < tests::rounds(400); ++round) {
    // a band of keys of any width anywhere, and a heavy key at, or next to, either end of all words
    int const width = static_cast<int>(random() % 64);
    std::uint64_t const heavy[] = {last,    last - 1, 0, 1, encoded_key(std::nan("")), encoded_key(INFINITY),
                                   random()};
    std::uint64_t const often = heavy[random() % 7], share = random() % 10;
    std::uint64_t const low = round % 3 == 0 ? last - (last >> width) : random();
    std::vector<std::uint64_t> sample;
    for (int i = 0; i < 3000; ++i)
      sample.push_back(random() % 10 < share ? often : low + (random() >> width));
    std::sort(sample.begin(), sample.end());
    index_t const wanted = 1 + static_cast<index_t>(random() % 200);
    host::key_ranges const ranges(sample, wanted);
    ASSERT_LE(ranges.count(), wanted + 1);  // one more behind the last sampled key
    for (index_t k = 1; k < ranges.count(); ++k) ASSERT_LT(ranges.begin(k - 1), ranges.begin(k)) << round;
    auto const check = [&](std::uint64_t key) {
      index_t const range = ranges.of(key);
      ASSERT_LE(ranges.begin(range), key) << round;
      if (range + 1 < ranges.count()) { ASSERT_LT(key, ranges.begin(range + 1)) << round; }
    };
    for (std::uint64_t const key : sample) check(key);
    for (std::uint64_t const key : heavy) check(key);
    for (index_t k = 1; k < ranges.count(); ++k) check(ranges.begin(k)), check(ranges.begin(k) - 1);
  }
}

TEST(GroupByPaths, AllAddUpTheSameIntegers) {
  index_t const n = 400009;
  std::mt19937_64 random(11);
  int number = 0;
  for (auto const& shape : shapes) {
    ++number;
    std::vector<std::int64_t> keys, values;
    for (index_t i = 0; i < n; ++i) {
      keys.push_back(shape.key(i, random()));
      values.push_back(static_cast<std::int64_t>(random()));
    }
    std::map<std::int64_t, std::pair<index_t, std::uint64_t>> expected;
    for (std::size_t i = 0; i < keys.size(); ++i) {
      auto& e = expected[keys[i]];
      ++e.first;
      e.second += static_cast<std::uint64_t>(values[i]);
    }
    for (int const ranks : {1, 2, 3})
      for (int const threads : {1, 4}) {
        if (smaller > 1 && (ranks == 2 || threads == 1)) continue;  // what is left has every path
        if (!is_tried(number + ranks / 2)) continue;
        auto const team = make_team(ranks, threads);
        auto const g = group_by(borrow(team, std::span<std::int64_t>(keys)),
                                borrow(team, std::span<std::int64_t>(values)), aggregate::sum);
        ASSERT_EQ(g.size(), static_cast<index_t>(expected.size())) << shape.name;
        auto const key = everything(g.keys), sum = everything(g.sums);
        auto const count = everything(g.counts);
        std::size_t k = 0;
        for (auto const& [at, e] : expected) {
          ASSERT_EQ(key[k], at) << shape.name;
          ASSERT_EQ(count[k], e.first) << shape.name;
          ASSERT_EQ(static_cast<std::uint64_t>(sum[k]), e.second) << shape.name;
          ++k;
        }
      }
  }
}

/// Sums and means of groups, against the exact sum of each.
void expect_exact_sums(host_team const& team, std::span<std::int64_t> keys, std::span<double> values,
                       std::string const& what) {
  std::map<std::int64_t, std::pair<exact_sum<double>, index_t>> expected;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    auto& [exact, count] = expected[keys[i]];
    exact.deposit(values[i]);
    ++count;
  }
  auto const g = group_by(borrow(team, keys), borrow(team, values), aggregate::sum | aggregate::mean);
  ASSERT_EQ(g.size(), static_cast<index_t>(expected.size())) << what;
  auto const sum = everything(g.sums), mean = everything(g.means);
  auto const count = everything(g.counts);
  std::size_t k = 0;
  for (auto& [at, of] : expected) {
    ASSERT_EQ(count[k], of.second) << what << ", key " << at;
    ASSERT_TRUE(same(sum[k], of.first.round())) << what << ", key " << at;
    ASSERT_TRUE(same(mean[k], of.first.mean(of.second))) << what << ", key " << at;
    ++k;
  }
}

TEST(GroupByPaths, AllAddUpTheSameReals) {
  index_t const n = 400009;
  std::mt19937_64 random(12);
  for (auto const& shape : shapes) {
    std::vector<std::int64_t> keys;
    for (index_t i = 0; i < n; ++i) keys.push_back(shape.key(i, random()));
    auto values = numbers<double>(n, 2, 13);
    for (std::size_t i = 0; i < values.size(); i += 5)
      values[i] = std::ldexp(values[i], static_cast<int>(i % 300) - 150);
    expect_exact_sums(make_team(1, 4), keys, values, shape.name);
    if (HasFatalFailure()) return;
  }
}

/// Values that are, all or nearly all, added up in fixed point on the way.
struct value_shape {
  char const* name;
  double (*value)(index_t row, std::uint64_t bits);
};
double unit_interval(std::uint64_t bits) { return static_cast<double>(bits >> 11) * 0x1p-53; }
constexpr value_shape value_shapes[] = {
    {"one exponent", [](index_t, std::uint64_t h) { return 0.5 + std::ldexp(double(h >> 41), -24); }},
    {"every bit, both signs", [](index_t, std::uint64_t h) { return 2 * unit_interval(h) - 1; }},
    {"every bit, nearly the largest", [](index_t, std::uint64_t) { return std::nextafter(0x1p70, 0); }},
    {"a whole band",
     [](index_t, std::uint64_t h) {
       return std::ldexp(1 + unit_interval(h << 8), static_cast<int>(h % 29) - 500);
     }},
    {"zeros, and strangers here and there",
     [](index_t row, std::uint64_t h) {
       if (h % 3 == 0) return 0.0;
       if (row % 5003 == 0) return -0.0;
       if (row % 7001 == 0) return 0x1p-1074;
       return row % 70003 == 0 ? 0x1p900 : unit_interval(h);
     }},
    {"large, then small",
     [](index_t row, std::uint64_t h) { return row < 300000 ? 0x1.8p800 : unit_interval(h); }},
    {"too large for its scale", [](index_t, std::uint64_t h) { return 0x1p1000 * unit_interval(h); }},
    {"too small for its scale", [](index_t, std::uint64_t h) { return 0x1p-1000 * unit_interval(h); }},
};

TEST(GroupByPaths, FixedPointAddsUpTheSame) {
  index_t const n = fewer(1200007);
  std::mt19937_64 random(14);
  for (auto const& shape : value_shapes)
    for (auto const* keyed : {&shapes[0], &shapes[1], &shapes[5]}) {
      std::vector<std::int64_t> keys;
      std::vector<double> values;
      for (index_t i = 0; i < n; ++i) {
        keys.push_back(keyed->key(i, random()));
        values.push_back(shape.value(i, random()));
      }
      expect_exact_sums(make_team(1, 1), keys, values, std::string(shape.name) + ", keys " + keyed->name);
      if (HasFatalFailure()) return;
    }
}

/// The greatest values of a band, in more rows of one group than the words have room for at once.
TEST(GroupByPaths, FixedPointTakesOneBandAtATime) {
  for (int shift = 1; shift < 100; ++shift) {  // later values are so much larger
    std::vector<int> keys(2000);
    std::vector<double> values(2000, 1.0);
    for (std::size_t i = 0; i < keys.size(); ++i) {
      keys[i] = static_cast<int>(i % 3);
      if (i >= 1000) values[i] = std::ldexp(1.0, shift);
    }
    auto const team = make_team(1, 1);
    auto const sums = everything(
        group_by(borrow(team, std::span<int>(keys)), borrow(team, std::span<double>(values)), aggregate::sum)
            .sums);
    for (int k = 0; k < 3; ++k) {
      unsigned __int128 const small = k == 0 ? 334 : 333, large = k == 1 ? 334 : 333;
      EXPECT_EQ(sums[static_cast<std::size_t>(k)], static_cast<double>(small + (large << shift)))
          << shift << ' ' << k;
    }
  }
}

TEST(GroupByPaths, FixedPointHasRoomForAllRows) {
  using state = group_state<addend::real, 1, false>;
  constexpr int origin = 1;  // exponents 1023 … 1054 are a band
  for (double const value : {-0x1.fffffffffffffp31, 0x1.fffffffffffffp31, 0x1p31}) {
    std::uint64_t const keys[4]{}, word = encoded_value(value), values[4]{word, word, word, word};
    host::group_table<state> table;
    table.open(0, 1, origin, 0);
    index_t n = 0;
    for (; n < 10 << 20; n += 4) table.take_many(keys, values, 4);
    double sum = 0;
    table.in_order([&](std::uint64_t, auto const& at, index_t states) {
      ASSERT_EQ(at(0).count, n);
      sum = std::bit_cast<double>(word_of(group_column::sum, 0, finished_group<state>(at, states, 0)));
    });
    ASSERT_EQ(sum, std::ldexp(value * 5, 21)) << value;
  }
}

TEST(GroupBy, CountsKeysAlone) {
  auto const team = make_team(3, 2);
  std::vector<float> keys{3, -0.0f, NAN, 0, 3, -NAN, 1, 3};
  auto const g = group_by(borrow(team, std::span<float>(keys), partition_by_cuts({0, 2, 2, 8})));
  auto const found = everything(g.keys);
  EXPECT_EQ(everything(g.counts), (std::vector<index_t>{2, 1, 3, 2}));
  EXPECT_EQ(found[0], 0);
  EXPECT_FALSE(std::signbit(found[0]));
  EXPECT_TRUE(std::isnan(found[3]));
  EXPECT_EQ(g.sums.size(), 0);
}

TEST(GroupBy, FindsWhatIsAskedForAlone) {
  auto const team = make_team(2, 1);
  std::vector<int> keys{1, 2, 1, 2, 3};
  std::vector<double> values{1, 2, 3, 5, 7};
  auto const k = borrow(team, std::span<int>(keys));
  auto const v = borrow(team, std::span<double>(values));
  auto const means = group_by(k, v, aggregate::mean);
  EXPECT_EQ(everything(means.means), (std::vector<double>{2, 3.5, 7}));
  EXPECT_EQ(means.sums.size(), 0);
  EXPECT_EQ(everything(group_by(k, v, aggregate::sum).sums), (std::vector<double>{4, 7, 7}));
  EXPECT_EQ(everything(group_by(k, v, aggregate::variance).variances)[0], 1);
  EXPECT_EQ(everything(group_by(k, v, aggregate::min).minima), (std::vector<double>{1, 2, 7}));
  EXPECT_EQ(everything(group_by(k, v, aggregate::max).maxima), (std::vector<double>{3, 5, 7}));
}

TEST(GroupBy, RefusesArraysThatDoNotFit) {
  auto const team = make_team(2, 1);
  auto const a = make_array<int>(team, 5000);
  auto const b = make_array<double>(team, 4000);
  EXPECT_THROW(group_by(a, b, aggregate::sum), usage_error);
  EXPECT_THROW(group_by(a, a, aggregate::variance, -1), usage_error);
}

TEST(GroupSplitters, FollowTheRows) {
  std::vector<std::uint64_t> samples;
  for (std::uint64_t r = 0; r < 2; ++r)
    for (std::uint64_t k = 0; k < 100; ++k) samples.push_back(k * 10 + r);
  auto const cut = detail::group_splitters(samples, {1000, 1000}, partition_by_cuts({0, 25, 100}));
  ASSERT_EQ(cut.size(), 1u);
  EXPECT_NEAR(static_cast<double>(cut[0]), 250, 11);
  EXPECT_EQ(detail::group_splitters(samples, {1000, 1000}, partition_by_cuts({0, 0, 100}))[0], 0u);
  EXPECT_EQ(detail::group_splitters(samples, {1000, 0}, partition_by_cuts({0, 100, 100}))[0],
            ~std::uint64_t{0});
  EXPECT_EQ(detail::group_splitters(samples, {0, 0}, partition_by_cuts({0, 0, 0})).size(), 1u);
}

template <class K>
void expect_no_groups_without_rows(std::vector<K> const& extremes) {
  for (std::vector<double> const& weights :
       std::vector<std::vector<double>>{{1, 0}, {0, 1}, {0, 1, 0}, {2, 0, 1, 0, 0}, {0, 0, 0, 4}}) {
    for (std::size_t const n : {1, 50, 5000}) {
      std::vector<K> keys(n);
      for (std::size_t i = 0; i < n; ++i)
        keys[i] = i % 3 == 0 ? extremes[i / 3 % extremes.size()]
                             : static_cast<K>(stirred(static_cast<index_t>(i), 2) % 100);
      auto const cuts = partition_by_weights(static_cast<index_t>(n), weights);
      auto const g =
          group_by(borrow(make_team(static_cast<int>(weights.size()), 2), std::span<K>(keys), cuts));
      for (std::size_t r = 0; r < weights.size(); ++r)
        if (weights[r] == 0) EXPECT_EQ(g.keys.partition().size(static_cast<int>(r)), 0) << r << " of " << n;
      auto const counts = everything(g.counts);
      EXPECT_EQ(std::accumulate(counts.begin(), counts.end(), index_t{0}), static_cast<index_t>(n));
    }
  }
}

TEST(GroupBy, RanksWithoutRowsGetNoGroups) {
  expect_no_groups_without_rows<std::uint64_t>({~std::uint64_t{0}, 0});
  expect_no_groups_without_rows<std::uint64_t>({~std::uint64_t{0}});
  expect_no_groups_without_rows<std::int64_t>(
      {std::numeric_limits<std::int64_t>::max(), std::numeric_limits<std::int64_t>::min()});
  expect_no_groups_without_rows<double>({NAN, INFINITY, -INFINITY});
  expect_no_groups_without_rows<std::int8_t>({127, -128});
}

TEST(SortPlaces, SortsKeysOfEveryDistribution) {
  for (unsigned kind = 0; kind < 5; ++kind)
    for (std::size_t const n :
         {std::size_t{0}, std::size_t{1}, std::size_t{63}, std::size_t{64}, std::size_t{5000}}) {
      std::mt19937_64 random(kind);
      std::vector<host::word_place> places, scratch;
      for (std::size_t i = 0; i < n; ++i) {
        std::uint64_t const h = random();
        places.push_back({kind == 0   ? h
                          : kind == 1 ? h % 100
                          : kind == 2 ? h % 50 << 58
                          : kind == 3 ? (h & 1 ? ~std::uint64_t{0} - h % 1000 : h % 1000)
                                      : 5,
                          static_cast<std::uint32_t>(i)});
      }
      std::map<std::uint32_t, std::uint64_t> key_at;
      for (auto const& p : places) key_at[p.place] = p.key;
      host::sort_places(places, scratch);
      ASSERT_EQ(places.size(), n);
      for (std::size_t i = 0; i < n; ++i) {
        ASSERT_EQ(places[i].key, key_at.at(places[i].place));
        key_at.erase(places[i].place);
        ASSERT_LE(places[i > 0 ? i - 1 : 0].key, places[i].key);
      }
    }
}

}  // namespace
