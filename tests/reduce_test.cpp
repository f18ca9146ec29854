// Any split, same bits: reductions over a matrix of teams, weights, cuts, threads and callers.
#include <gtest/gtest.h>
#include <xmmintrin.h>

#include <cfenv>
#include <numeric>
#include <prorata/host.hpp>
#include <prorata/reduce.hpp>
#include <prorata/transform.hpp>
#include <random>
#include <string>

namespace {

using namespace prorata;
using host_team = team<host::stream>;

host_team make_team(int ranks, int threads) {
  std::vector<host::stream> streams;
  for (int r = 0; r < ranks; ++r) streams.emplace_back(host::stream_options{.threads = threads});
  return host_team(std::move(streams));
}

/// One way to divide the work, by number: 8 team sizes × 4 weightings × 2 alignments × 9 variations.
struct split {
  int ranks, threads;
  partition cuts;
  bool flush, upward;
};

constexpr int split_count = 8 * 4 * 2 * 9;

split split_number(int number, index_t n) {
  std::mt19937_64 random(static_cast<unsigned>(number));
  split s{1 + number % 8, 1 + number / 8 % 7, {}, random() % 4 == 0, random() % 4 == 0};
  std::vector<double> weights(static_cast<std::size_t>(s.ranks), 1.0);
  switch (number / 8 % 4) {
    case 1:
      for (double& w : weights) w = 1.0 + static_cast<double>(random() % 1000) / 37.0;
      break;
    case 2:
      for (double& w : weights) w = static_cast<double>(random() % 2);
      weights[random() % weights.size()] = 3.0;
      break;
    case 3:
      weights[random() % weights.size()] = 1000.0;
      break;
  }
  if (number / 32 % 2 == 0) {
    s.cuts = partition_by_weights(n, weights);
  } else {  // the caller's own pieces, cut anywhere
    std::vector<index_t> cuts{0, n};
    while (static_cast<int>(cuts.size()) < s.ranks + 1)
      cuts.push_back(static_cast<index_t>(random() % static_cast<std::uint64_t>(n + 1)));
    std::sort(cuts.begin(), cuts.end());
    s.cuts = partition_by_cuts(cuts);
  }
  return s;
}

template <class T>
std::vector<T> values(index_t n, unsigned seed) {
  std::mt19937_64 random(seed);
  std::vector<T> x(static_cast<std::size_t>(n));
  for (auto& v : x) {
    double const u = static_cast<double>(random() >> 11) * 0x1p-53;
    v = std::is_integral_v<T> ? static_cast<T>(random())
                              : static_cast<T>(std::ldexp(u - 0.3, static_cast<int>(random() % 24)));
  }
  return x;
}

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
  put(out, sum(a));
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
using element_types = testing::Types<float, double, std::int32_t, std::int64_t>;
TYPED_TEST_SUITE(Splits, element_types);

TYPED_TEST(Splits, GiveTheSameBits) {
  for (index_t const n : {index_t{300007}, index_t{4097}, index_t{33}}) {
    auto x = values<TypeParam>(n, 1), y = values<TypeParam>(n, 2);
    for (auto& v : y) v = v < 0 ? static_cast<TypeParam>(-(v / 2)) : v;  // also weights
    auto const expected = all_results<TypeParam>(make_team(1, 1), single(n), x, y);
    int const stride = n > 100000 ? 5 : 1;  // the large array takes every fifth split, the small ones all
    for (int number = 0; number < split_count; number += stride) {
      auto const s = split_number(number, n);
      auto const team = make_team(s.ranks, s.threads);
      unsigned const csr = _mm_getcsr();
      if (s.flush) _mm_setcsr(csr | 0x8040);
      if (s.upward) std::fesetround(FE_UPWARD);
      auto const got = all_results<TypeParam>(team, s.cuts, x, y);
      _mm_setcsr(csr);
      ASSERT_EQ(got, expected) << "split " << number << ", n = " << n << ", " << s.ranks << " ranks, cuts "
                               << testing::PrintToString(s.cuts.cuts) << (s.flush ? ", FTZ" : "")
                               << (s.upward ? ", upward" : "");
    }
  }
}

TEST(Reduce, MatchesPlainArithmetic) {
  auto const team = make_team(3, 2);
  auto x = values<std::int64_t>(100003, 5);
  auto const a = borrow(team, std::span<std::int64_t>(x));
  std::uint64_t expected = 0;
  for (auto v : x) expected += static_cast<std::uint64_t>(v);
  EXPECT_EQ(static_cast<std::uint64_t>(sum(a)), expected);
  EXPECT_EQ(argmin(a), std::min_element(x.begin(), x.end()) - x.begin());
  EXPECT_EQ(count_if(a, [](std::int64_t v) { return v > 0; }),
            std::count_if(x.begin(), x.end(), [](std::int64_t v) { return v > 0; }));
  EXPECT_TRUE(any_of(a, [&](std::int64_t v) { return v == x[99999]; }));
  EXPECT_FALSE(all_of(a, [](std::int64_t v) { return v > 0; }));
  EXPECT_EQ(reduce([](std::int64_t p, std::int64_t q) { return p ^ q; }, a),
            std::accumulate(x.begin(), x.end(), std::int64_t{0}, std::bit_xor<>{}));
  EXPECT_EQ(static_cast<std::uint64_t>(reduce(plus<std::int64_t>{}, a, std::int64_t{5})), expected + 5);
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
