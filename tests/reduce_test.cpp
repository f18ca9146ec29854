// Any split, same bits: reductions over a matrix of teams, weights, cuts, threads and callers.
#include <gtest/gtest.h>

#include <numeric>
#include <prorata/host.hpp>
#include <prorata/reduce.hpp>
#include <prorata/transform.hpp>
#include <random>
#include <string>
#include <tests/element_types.hpp>
#include <tests/splits.hpp>

namespace {

using namespace prorata;
using namespace prorata::tests;
template <class T>
void put(std::string& bytes, T const& value) {
  bytes.append(reinterpret_cast<char const*>(&value), sizeof value);
}

/// Every result of x and y, as bytes.
template <class T>
std::string all_results(host_team const& team, partition const& cuts, std::span<T> x, std::span<T> y) {
  auto const a = borrow(team, x, cuts);
  auto const b = borrow(team, y, cuts);
  std::string out;
  if constexpr (std::is_integral_v<T> && sizeof(T) == 8) {
    put(out, reduce(plus<T>{}, a));  // numbers of all sizes: 64 bits do not hold their sum
  } else {
    put(out, sum(a));
  }
  put(out, product(a));
  put(out, mean(a));
  put(out, variance(a));
  put(out, min(a));
  put(out, max(a));
  put(out, argmin(a));
  put(out, argmax(a));
  put(out, dot(a, b));
  put(out, weighted_mean(a, b));
  put(out, weighted_variance(a, b));
  put(out, exact_sum_of(a));
  put(out, exact_mean_of(a));
  if constexpr (std::is_floating_point_v<T>) put(out, exact_variance_of(a));
  put(out, reduce(in_sequence<T>(plus<T>{}), a));
  if constexpr (std::is_floating_point_v<T>) {
    put(out, exact_dot_of(a, b));
    put(out, norm(a));
  }
  auto const s = statistics(a);
  put(out, s.sum);
  put(out, s.m2);
  put(out, s.argmax);
  return out;
}

template <class T>
class Splits : public testing::Test {};
using element_types = tests::types<float, double, std::int32_t, std::int64_t>;
TYPED_TEST_SUITE(Splits, element_types);

TYPED_TEST(Splits, GiveTheSameBits) {
  for (index_t const n : {index_t{300007}, index_t{4097}, index_t{33}}) {
    auto x = values<TypeParam>(n, 1), y = values<TypeParam>(n, 2);
    for (auto& v : y) v = v < 0 ? static_cast<TypeParam>(-(v / 2)) : v;  // also weights
    auto const expected = all_results<TypeParam>(make_team(1, 1), single(n), x, y);
    int const stride = n > 100000 ? 17 : n > 1000 ? 7 : 5;
    for (int number = 0; number < split_count; number += apart(stride)) {
      auto const s = split_number(number, n);
      auto const team = make_team(s.ranks, s.threads);
      auto const got = [&] {
        hostile_caller const caller(s);
        return all_results<TypeParam>(team, s.cuts, x, y);
      }();
      ASSERT_EQ(got, expected) << "split " << number << ", n = " << n << ", " << s;
    }
  }
}

TEST(Reduce, MatchesPlainArithmetic) {
  auto const team = make_team(3, 2);
  auto x = values<std::int64_t>(100003, 5);
  auto const a = borrow(team, std::span<std::int64_t>(x));
  std::uint64_t expected = 0;
  for (auto v : x) expected += static_cast<std::uint64_t>(v);
  EXPECT_EQ(static_cast<std::uint64_t>(reduce(plus<std::int64_t>{}, a)), expected);
  EXPECT_EQ(argmin(a), std::min_element(x.begin(), x.end()) - x.begin());
  EXPECT_EQ(count_if(a, [](std::int64_t v) { return v > 0; }),
            std::count_if(x.begin(), x.end(), [](std::int64_t v) { return v > 0; }));
  EXPECT_TRUE(any_of(a, [&](std::int64_t v) { return v == x[99999]; }));
  EXPECT_FALSE(all_of(a, [](std::int64_t v) { return v > 0; }));
  EXPECT_FALSE(all_of(a, [&](std::int64_t v) { return v != x[99999]; })) << "all but one";
  EXPECT_EQ(reduce([](std::int64_t p, std::int64_t q) { return p ^ q; }, a),
            std::accumulate(x.begin(), x.end(), std::int64_t{0}, std::bit_xor<>{}));
  EXPECT_EQ(static_cast<std::uint64_t>(reduce(plus<std::int64_t>{}, a, std::int64_t{5})), expected + 5);
}

/// Numbers of every sign that T has; the last kinds, for floats, are NaN alone and NaN among negative ones.
template <class T>
std::vector<T> of_sign(int kind, index_t n) {
  auto x = values<T>(n, static_cast<unsigned>(kind));
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (kind == 0) continue;
    T const size = x[i] == T{0} || x[i] == std::numeric_limits<T>::min()
                       ? T{1}
                       : static_cast<T>(x[i] < 0 ? -x[i] : x[i]);
    x[i] = kind == 1 ? size : static_cast<T>(-size);
    if constexpr (std::is_floating_point_v<T>) {
      T const nan = std::copysign(std::numeric_limits<T>::quiet_NaN(), i % 2 == 0 ? T{1} : T{-1});
      if (kind == 3 || (kind == 4 && i % 5 == 3)) x[i] = nan;
    }
  }
  return x;
}

TYPED_TEST(Splits, FindExtremesOfEverySign) {
  using T = TypeParam;
  for (int kind = 0; kind < 5; ++kind)
    for (index_t const n : {1, 31, 33, 1025, 5003}) {
      auto x = of_sign<T>(kind, n);
      auto least = x.begin(), greatest = x.begin();  // by a loop that nobody could get wrong
      for (auto at = x.begin(); at != x.end(); ++at) {
        if (*least != *least) break;
        if (*at != *at) {
          least = greatest = at;
        } else {
          if (*at < *least) least = at;
          if (*at > *greatest) greatest = at;
        }
      }
      for (int number = 0; number < split_count; number += apart(7)) {
        auto const s = split_number(number, n);
        auto const found = minmax(borrow(make_team(s.ranks, s.threads), std::span<T>(x), s.cuts));
        EXPECT_EQ(found.argmin, least - x.begin()) << "kind " << kind << ", n = " << n << ", " << s;
        EXPECT_EQ(found.argmax, greatest - x.begin()) << "kind " << kind << ", n = " << n << ", " << s;
        EXPECT_TRUE(found.min == *least || (found.min != found.min && *least != *least)) << "kind " << kind;
        EXPECT_TRUE(found.max == *greatest || (found.max != found.max && *greatest != *greatest));
      }
    }
}

TEST(Sum, OfIntegersIsExactOrRefused) {
  auto const team = make_team(3, 2);
  auto const sum_of = [&]<class T>(std::vector<T> x) { return sum(borrow(team, std::span<T>(x))); };
  using std::int64_t, std::uint64_t, std::int32_t, std::uint8_t;
  int64_t const top = std::numeric_limits<int64_t>::max(), bottom = std::numeric_limits<int64_t>::min();
  static_assert(std::is_same_v<decltype(sum_of(std::vector<int32_t>{})), int64_t>);
  static_assert(std::is_same_v<decltype(sum_of(std::vector<uint8_t>{})), uint64_t>);
  EXPECT_EQ(sum_of(std::vector<int32_t>{}), 0);
  EXPECT_EQ(sum_of(std::vector<int32_t>(5000, std::numeric_limits<int32_t>::min())),
            -5000 * (int64_t{1} << 31));
  EXPECT_EQ(sum_of(std::vector<std::uint32_t>(4099, 0xffffffffu)), std::uint64_t{4099} * 0xffffffffu);
  EXPECT_EQ(sum_of(std::vector<uint8_t>(300007, 255)), 300007u * 255u);
  std::vector<int64_t> there_and_back;
  for (int k = 0; k < 3000; ++k) there_and_back.push_back(k % 2 ? bottom : top);
  EXPECT_EQ(sum_of(there_and_back), -1500);
  EXPECT_EQ(sum_of(std::vector<int64_t>{bottom, -1, 1}), bottom);
  EXPECT_EQ(sum_of(std::vector<uint64_t>{~uint64_t{0}, 0}), ~uint64_t{0});
  EXPECT_THROW(sum_of(std::vector<int64_t>{top, 1}), input_error);
  EXPECT_THROW(sum_of(std::vector<int64_t>{bottom, -1}), input_error);
  EXPECT_THROW(sum_of(std::vector<uint64_t>{~uint64_t{0}, 1}), input_error);
  try {
    sum_of(std::vector<int64_t>(40000, top));
    FAIL() << "that is more than 64 bits hold";
  } catch (input_error const& e) {
    EXPECT_NE(std::string(e.what()).find("368934881474191032280000"), std::string::npos) << e.what();
  }
}

struct affine {  // x → slope·x + offset: associative, not commutative
  std::uint32_t slope, offset;
  friend bool operator==(affine const&, affine const&) = default;
};
struct after {
  affine operator()(affine a, affine b) const { return {a.slope * b.slope, a.offset * b.slope + b.offset}; }
};

TEST(Reduce, KeepsTheSequenceOfNonCommutativeOperations) {
  std::mt19937 random(3);
  for (index_t n : {1, 2, 31, 1000, 5003, 140000}) {
    std::vector<affine> x(static_cast<std::size_t>(n));
    for (auto& v : x) v = {static_cast<std::uint32_t>(random()) | 1, static_cast<std::uint32_t>(random())};
    affine expected = x[0];
    for (std::size_t i = 1; i < x.size(); ++i) expected = after{}(expected, x[i]);
    for (int ranks : {1, 2, 7}) {
      auto const team = make_team(ranks, 2);
      EXPECT_EQ(reduce(in_sequence<affine>(after{}), borrow(team, std::span<affine>(x))), expected)
          << n << " over " << ranks;
    }
  }
}

TEST(Reduce, AnswersForEmptyArrays) {
  for (int ranks : {1, 3}) {
    auto const team = make_team(ranks, 1);
    auto const none = make_array<double>(team, 0);
    EXPECT_EQ(sum(none), 0.0);
    EXPECT_EQ(count_if(none, [](double) { return true; }), 0);
    EXPECT_TRUE(all_of(none, [](double) { return false; }));
    EXPECT_EQ(reduce(plus<double>{}, none, 7.0), 7.0);
    EXPECT_EQ(exact_sum_of(none), 0.0);
    EXPECT_THROW(min(none), usage_error);
    EXPECT_THROW(statistics(none), usage_error);
  }
}

TEST(Reduce, KeepsMinusZeroAndCanonicalNaN) {
  auto const team = make_team(3, 1);
  std::vector<double> zeros(4000, -0.0);
  EXPECT_TRUE(std::signbit(sum(borrow(team, std::span<double>(zeros)))));
  std::vector<double> nans(4000, 1.0);
  nans[3333] = -std::numeric_limits<double>::quiet_NaN();
  double const s = sum(borrow(team, std::span<double>(nans)));
  EXPECT_EQ(std::bit_cast<std::uint64_t>(s), 0x7ff8000000000000u);
}

TEST(Reduce, TakesTheInitialValueInTheCanonicalEnvironment) {
  auto const team = make_team(1, 1);
  std::vector<double> one{1.0};
  auto const x = borrow(team, std::span<double>(one));
  split s{};
  s.upward = true;
  hostile_caller const caller(s);
  EXPECT_EQ(reduce(plus<double>{}, x, 0x1p-60), 1.0);
}

TEST(Reduce, SummariesKnowTheirDegreesOfFreedom) {
  auto const team = make_team(2, 1);
  std::vector<double> x{1, 2, 3, 4};
  auto const s = statistics(borrow(team, std::span<double>(x)));
  EXPECT_EQ(s.variance(), 1.25);
  EXPECT_EQ(s.variance(1), 5.0 / 3);
  EXPECT_EQ(s.deviation(1), std::sqrt(5.0 / 3));
  EXPECT_EQ(variance(borrow(team, std::span<double>(x)), 1), 5.0 / 3);
  EXPECT_EQ(deviation(borrow(team, std::span<double>(x)), 1), std::sqrt(5.0 / 3));
}

TEST(Reduce, LetsElementsWithoutWeightCountForNothing) {
  auto const team = make_team(3, 1);
  for (index_t const n : {2, 40, 5003, 40000}) {
    std::vector<double> x(static_cast<std::size_t>(n)), w(x.size());
    double weight = 0, mean = 0, m2 = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      x[i] = static_cast<double>(i % 7);
      w[i] = i % 64 < 33 && i != 1 ? 0 : 1;  // whole lanes, and the first element of all
      weight += w[i], mean += w[i] * x[i];
    }
    mean /= weight;
    for (std::size_t i = 0; i < x.size(); ++i) m2 += w[i] * (x[i] - mean) * (x[i] - mean);
    auto const a = borrow(team, std::span<double>(x)), b = borrow(team, std::span<double>(w));
    EXPECT_NEAR(weighted_mean(a, b), mean, 1e-12) << n;
    EXPECT_NEAR(weighted_variance(a, b), m2 / weight, 1e-12) << n;
  }
}

TEST(Reduce, GivesInfinitiesNoWeightedVariance) {
  double const infinity = std::numeric_limits<double>::infinity();
  for (std::vector<double> x :
       {std::vector<double>{infinity}, {-infinity}, {infinity, infinity}, {1, infinity, 2}}) {
    std::vector<double> w(x.size(), 1.0);
    auto const team = make_team(1, 1);
    EXPECT_TRUE(std::isnan(weighted_variance(borrow(team, std::span(x)), borrow(team, std::span(w)))))
        << x.size();
  }
}

/// Where the least and the greatest stand first, or the first NaN, by looking at one element after the other.
template <class T>
std::pair<index_t, index_t> first_extremes(std::vector<T> const& x) {
  std::size_t least = 0, greatest = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (x[i] != x[i]) return {static_cast<index_t>(i), static_cast<index_t>(i)};
    if (x[i] < x[least]) least = i;
    if (x[greatest] < x[i]) greatest = i;
  }
  return {static_cast<index_t>(least), static_cast<index_t>(greatest)};
}

template <class T>
class Places : public testing::Test {};
using place_types = tests::types<float, double, std::int8_t, std::uint8_t, std::int32_t, std::uint64_t>;
TYPED_TEST_SUITE(Places, place_types);

TYPED_TEST(Places, AreTheFirstOfEqualsHoweverFarApart) {
  using T = TypeParam;
  using limits = std::numeric_limits<T>;
  index_t const n = 30011;  // strips of 4096, and a rest
  std::mt19937 random(11);
  std::vector<std::vector<T>> arrays;
  for (T const same : {limits::max(), limits::lowest(), T{1}})
    arrays.push_back(std::vector<T>(static_cast<std::size_t>(n), same));
  for (int few : {2, 5, 3000}) {
    arrays.emplace_back(static_cast<std::size_t>(n));
    for (T& v : arrays.back()) v = static_cast<T>(static_cast<int>(random()) % few);
  }
  if constexpr (std::is_floating_point_v<T>)
    for (T const strange :
         {limits::quiet_NaN(), -limits::quiet_NaN(), limits::infinity(), -limits::infinity()})
      for (std::vector<index_t> const& at : {std::vector<index_t>{30010},
                                             {5, 9000},
                                             {20000, 4095},
                                             {8192, 8193, 8192 + 32, 25000},
                                             {0, 30010}}) {
        arrays.push_back(arrays[5]);
        for (index_t const i : at) arrays.back()[static_cast<std::size_t>(i)] = strange;
      }
  for (auto& x : arrays) {
    auto const [least, greatest] = first_extremes(x);
    for (auto const& cuts :
         {single(n), partition_by_cuts({0, 4100, 4100, 9001, n}), partition_by_cuts({0, 20001, n})}) {
      auto const a = borrow(make_team(cuts.ranks(), 2), std::span<T>(x), cuts);
      ASSERT_EQ(argmin(a), least) << &x - arrays.data() << " on " << cuts.ranks();
      ASSERT_EQ(argmax(a), greatest) << &x - arrays.data() << " on " << cuts.ranks();
    }
  }
}

TEST(Reduce, RefusesArraysThatDoNotFit) {
  auto const team = make_team(2, 1);
  auto const other = make_team(2, 1);
  std::vector<double> const skewed{1.0, 3.0};
  auto const a = make_array<float>(team, 10000);
  auto const b = make_array<float>(team, 10000, skewed);
  auto const c = make_array<float>(other, 10000);
  EXPECT_THROW(dot(a, b), usage_error);
  EXPECT_THROW(dot(a, c), usage_error);
  EXPECT_THROW((distributed_array<float, host::stream>(team, single(10))), usage_error);
}

TEST(Transform, WritesEveryElementOnce) {
  for (int ranks : {1, 2, 3, 7}) {
    auto const team = make_team(ranks, 2);
    for (index_t n : {0, 1, 31, 32, 33, 1023, 1024, 1025, 100003}) {
      auto x = make_array<double>(team, n);
      auto y = make_array<float>(team, n);
      auto z = make_array<double>(team, n);
      generate(x, [](index_t i) { return static_cast<double>(i); });
      fill(y, 0.5f);
      transform(
          z, [](double a, float b) { return a * 2 + b; }, x, y);
      for_each(z, [](double& v) { v += 1; });
      transform(
          z, [](double a) { return a - 1; }, z);
      std::vector<double> out(static_cast<std::size_t>(n));
      copy_out(z, std::span<double>(out));
      for (index_t i = 0; i < n; ++i)
        ASSERT_EQ(out[static_cast<std::size_t>(i)], static_cast<double>(i) * 2 + 0.5);
    }
  }
}

TEST(Transform, WritesLargeArraysPastTheCaches) {
  auto const team = make_team(2, 2);
  std::size_t const n = 2 * host::streaming_bytes / sizeof(float) + 5003;
  for (std::size_t const offset : {0, 1, 15}) {  // elements from an aligned place
    std::vector<float> memory(n + offset + 1, -1.0f);
    auto x = borrow(team, std::span<float>(memory).subspan(offset, n));
    generate(x, [](index_t i) { return static_cast<float>(i % 1000003); });
    transform(
        x, [](float a) { return a + 0.5f; }, x);
    team.sync();
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < n; ++i) wrong += memory[offset + i] != static_cast<float>(i % 1000003) + 0.5f;
    EXPECT_EQ(wrong, 0u);
    EXPECT_EQ(memory[offset + n], -1.0f);
  }
}

TEST(Array, CopiesInAndOut) {
  auto const team = make_team(3, 1);
  std::vector<double> const weights{0.0, 1.0, 2.0};
  auto x = make_array<int>(team, 5000, weights);
  EXPECT_EQ(x.parts()[0].size, 0);
  std::vector<int> from(5000), to(5000);
  std::iota(from.begin(), from.end(), 7);
  copy_in(x, std::span<int const>(from));
  copy_out(x, std::span<int>(to));
  EXPECT_EQ(from, to);
}

}  // namespace
