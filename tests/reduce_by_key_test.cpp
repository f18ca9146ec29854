// Reducing by key: each run has the bits of `reduce` of that run alone, for every split.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <prorata/reduce_by_key.hpp>
#include <sstream>
#include <tests/arrays/models.hpp>
#include <tests/contents.hpp>
#include <tests/element_types.hpp>
#include <tests/splits.hpp>

namespace {

using namespace prorata;
using namespace prorata::tests;

template <class T>
std::string bytes_of(std::vector<T> const& x) {
  return {reinterpret_cast<char const*>(x.data()), x.size() * sizeof(T)};
}

/// Keys whose runs have lengths from `lengths`, again and again, until there are n.
std::vector<std::int32_t> keys_of(index_t n, std::vector<index_t> const& lengths) {
  std::vector<std::int32_t> keys;
  for (std::size_t k = 0; static_cast<index_t>(keys.size()) < n; ++k) {
    auto const length = std::min(lengths[k % lengths.size()], n - static_cast<index_t>(keys.size()));
    keys.insert(keys.end(), static_cast<std::size_t>(length), static_cast<std::int32_t>(k * 7 % 1000));
  }
  return keys;
}

/// What a run alone comes to: the order of reductions in plain loops.
template <class Op, class T>
T alone(std::vector<T> const& run, Op const& op) {
  return conformance::model::sealed(conformance::model::fold(run, op));
}
/// Of moments the library's forest, by one thread at once; moments have tests of their own.
template <class T>
moments::value_type alone(std::vector<T> const& run, moments const&) {
  auto const n = static_cast<index_t>(run.size());
  ordered<moments> const reduction;
  host::state_of<ordered<moments>> state(reduction, n, 0);
  state.take([&](index_t i) { return run[static_cast<std::size_t>(i)]; }, n);
  return state.result();
}
template <class Op, class T>
auto one_by_one(std::vector<std::int32_t> const& keys, std::vector<T> const& x, Op const& op) {
  std::vector<decltype(alone(x, op))> results;
  for (std::size_t i = 0; i < x.size();) {
    std::size_t end = i + 1;
    while (end < x.size() && keys[end] == keys[i]) ++end;
    results.push_back(alone(std::vector<T>(&x[i], &x[0] + end), op));
    i = end;
  }
  return results;
}

std::vector<std::vector<index_t>> const shapes{
    {1}, {2, 1, 3}, {31, 32, 33, 64, 5}, {1000, 1, 1024, 1025, 2}, {3, 40000, 2}, {1 << 30}};

struct concatenate {  // associative, not commutative, not order-free: x → slope·x + offset
  std::uint32_t slope, offset;
};
struct after {
  concatenate operator()(concatenate a, concatenate b) const {
    return {a.slope * b.slope, a.offset * b.slope + b.offset};
  }
};

template <class T>
class ReduceByKey : public testing::Test {};
using element_types = tests::types<std::int32_t, std::uint64_t, float, double>;
TYPED_TEST_SUITE(ReduceByKey, element_types);

TYPED_TEST(ReduceByKey, HasTheBitsOfEachRunAlone) {
  using T = TypeParam;
  for (index_t const n : {index_t{0}, index_t{1}, index_t{33}, index_t{1025}, fewer(100003)})
    for (auto const& shape : shapes) {
      auto keys = keys_of(n, shape);
      auto x = values<T>(n, 4);
      auto const sums = one_by_one(keys, x, plus<T>{});
      auto const least = one_by_one(keys, x, minimum<T>{});
      auto const spread = one_by_one(keys, x, moments{});
      for (int number = 0; number < split_count; number += apart(n > 10000 ? 151 : 61)) {
        auto const s = split_number(number, n);
        auto const team = make_team(s.ranks, s.threads);
        auto const k = borrow(team, std::span<std::int32_t>(keys), s.cuts);
        auto const a = borrow(team, std::span<T>(x), s.cuts);
        hostile_caller const caller(s);
        std::ostringstream what;
        what << "split " << number << ", n = " << n << ", " << s << ", runs of " << shape.front();
        auto const found = sum_by_key(k, a);
        ASSERT_EQ(everything(found.keys), everything(run_lengths(k).values)) << what.str();
        ASSERT_EQ(bytes_of(everything(found.values)), bytes_of(sums)) << what.str();
        ASSERT_EQ(bytes_of(everything(reduce_by_key(k, a, minimum<T>{}).values)), bytes_of(least))
            << what.str();
        ASSERT_EQ(bytes_of(everything(reduce_by_key(k, a, moments{}).values)), bytes_of(spread))
            << what.str();
      }
    }
}

TEST(ReduceByKeyExact, SumsAreRoundedOnce) {
  for (index_t const n : {index_t{33}, index_t{5003}, fewer(40001)})
    for (auto const& shape : shapes) {
      auto keys = keys_of(n, shape);
      auto x = values<double>(n, 6);
      std::vector<double> expected;
      for (std::size_t i = 0; i < x.size(); ++i) {
        if (i == 0 || keys[i] != keys[i - 1]) expected.push_back(0);
        expected.back() = 0;
        exact_sum<double> sum;
        for (std::size_t j = i; j < x.size() && keys[j] == keys[i]; ++j) {
          sum.deposit(x[j]);
          i = j;
        }
        expected.back() = sum.round();
      }
      for (int number : {0, 5, 70, 333, 570}) {
        auto const s = split_number(number, n);
        auto const team = make_team(s.ranks, s.threads);
        auto const found = exact_sum_by_key(borrow(team, std::span<std::int32_t>(keys), s.cuts),
                                            borrow(team, std::span<double>(x), s.cuts));
        ASSERT_EQ(bytes_of(everything(found.values)), bytes_of(expected)) << n << ", split " << number;
      }
    }
}

TEST(ReduceByKeyCallable, FoldsWhatAFunctorMakes) {
  index_t const n = 70001;
  auto keys = keys_of(n, {3, 1, 50, 7000});
  auto x = values<std::int64_t>(n, 8), y = values<std::int64_t>(n, 9);
  std::vector<std::int64_t> expected;
  for (std::size_t i = 0; i < x.size(); ++i) {
    auto const product =
        static_cast<std::int64_t>(static_cast<std::uint64_t>(x[i]) * static_cast<std::uint64_t>(y[i]));
    if (i == 0 || keys[i] != keys[i - 1])
      expected.push_back(product);
    else
      expected.back() ^= product;
  }
  for (int ranks : {1, 2, 3, 7}) {
    auto const team = make_team(ranks, 2);
    auto const found = transform_reduce_by_key(
        borrow(team, std::span<std::int32_t>(keys)),
        [](std::int64_t a, std::int64_t b) {
          return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) * static_cast<std::uint64_t>(b));
        },
        [](std::int64_t a, std::int64_t b) { return a ^ b; }, borrow(team, std::span<std::int64_t>(x)),
        borrow(team, std::span<std::int64_t>(y)));
    EXPECT_EQ(everything(found.values), expected) << ranks;
  }
}

TEST(ReduceByKeySequence, KeepsTheOrderOfNonCommutativeOperations) {
  index_t const n = 9001;
  auto keys = keys_of(n, {1, 2, 3, 31, 1000, 33});
  std::vector<concatenate> x;
  for (index_t i = 0; i < n; ++i)
    x.push_back({static_cast<std::uint32_t>(2 * i + 1), static_cast<std::uint32_t>(i * i)});
  std::vector<concatenate> expected;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (i == 0 || keys[i] != keys[i - 1])
      expected.push_back(x[i]);
    else
      expected.back() = after{}(expected.back(), x[i]);
  }
  for (int ranks : {1, 2, 7}) {
    auto const team = make_team(ranks, 2);
    auto const found =
        reduce_by_key(borrow(team, std::span<std::int32_t>(keys)), borrow(team, std::span<concatenate>(x)),
                      in_sequence<concatenate>(after{}));
    EXPECT_EQ(bytes_of(everything(found.values)), bytes_of(expected)) << ranks;
  }
}

/// Numbers whose sums and products show what else was folded in: zeros of both signs, and a few infinities
/// and NaNs.
template <class T>
std::vector<T> telling(index_t n) {
  std::vector<T> x;
  for (index_t i = 0; i < n; ++i) {
    index_t const kind = i / 40 % 7;
    x.push_back(i % 1009 == 5    ? std::numeric_limits<T>::quiet_NaN()
                : i % 1013 == 5  ? -std::numeric_limits<T>::infinity()
                : i % 2003 == 77 ? std::numeric_limits<T>::denorm_min()
                : kind < 3       ? T(-0.0)
                : kind == 3      ? T(0)
                                 : static_cast<T>(i % 17 - 8) / T(3));
  }
  return x;
}

template <class T>
class ReduceShortRuns : public testing::Test {};
using float_types = tests::types<float, double>;
TYPED_TEST_SUITE(ReduceShortRuns, float_types);

TYPED_TEST(ReduceShortRuns, FoldNothingButTheirOwnElements) {
  using T = TypeParam;
  std::vector<index_t> every;
  for (index_t length = 1; length <= 140; ++length) every.push_back(length);
  std::vector<std::vector<index_t>> const short_runs{{1}, {7, 3, 8, 1}, {16, 9, 1}, {32, 17, 2}, every};
  for (index_t const n : {index_t{1}, index_t{16}, index_t{47}, index_t{1040}, fewer(50021)})
    for (auto const& lengths : short_runs) {
      auto keys = keys_of(n, lengths);
      auto x = telling<T>(n);
      auto const sums = one_by_one(keys, x, plus<T>{});
      auto const products = one_by_one(keys, x, multiplies<T>{});
      auto const greatest = one_by_one(keys, x, maximum<T>{});
      for (int number = 0; number < split_count; number += apart(97)) {
        auto const s = split_number(number, n);
        auto const team = make_team(s.ranks, s.threads);
        auto const k = borrow(team, std::span<std::int32_t>(keys), s.cuts);
        auto const a = borrow(team, std::span<T>(x), s.cuts);
        hostile_caller const caller(s);
        std::ostringstream what;
        what << "split " << number << ", n = " << n << ", " << s << ", runs of " << lengths.front();
        ASSERT_EQ(bytes_of(everything(sum_by_key(k, a).values)), bytes_of(sums)) << what.str();
        ASSERT_EQ(bytes_of(everything(reduce_by_key(k, a, multiplies<T>{}).values)), bytes_of(products))
            << what.str();
        ASSERT_EQ(bytes_of(everything(reduce_by_key(k, a, maximum<T>{}).values)), bytes_of(greatest))
            << what.str();
      }
    }
}

TEST(ReduceByKeyBlocks, DoNotShowWhereRunsCrossThem) {
  index_t const n = 150001;  // blocks of 16384: runs that end at, just before, and just behind their bounds
  for (auto const& lengths : std::vector<std::vector<index_t>>{
           {16384}, {1, 16384}, {16383, 1}, {16383, 2, 16383}, {16385, 16383}, {5, 50000, 3}, {1, n}, {n}}) {
    auto keys = keys_of(n, lengths);
    auto x = values<double>(n, 12);
    auto const expected = one_by_one(keys, x, plus<double>{});
    for (auto const& cuts : std::vector<std::vector<index_t>>{
             {0, n}, {0, 16384, n}, {0, 1, n}, {0, n - 1, n}, {0, 0, 40000, 40000, 40001, n}}) {
      auto const team = make_team(static_cast<int>(cuts.size()) - 1, 2);
      auto const found = sum_by_key(borrow(team, std::span<std::int32_t>(keys), partition_by_cuts(cuts)),
                                    borrow(team, std::span<double>(x), partition_by_cuts(cuts)));
      ASSERT_EQ(bytes_of(everything(found.values)), bytes_of(expected)) << lengths.front() << ", " << cuts[1];
    }
  }
}

TEST(ReduceByKeyFloats, JoinEveryNaNAndBothZeros) {
  double const nan = std::numeric_limits<double>::quiet_NaN();
  std::vector<double> keys{-0.0, 0.0, nan, -nan, nan, 1, 1, 0.0, -0.0, nan};
  std::vector<float> x{1, 2, 4, 8, 16, 32, 64, 128, 256, 512};
  for (auto const& cuts : std::vector<std::vector<index_t>>{{0, 10}, {0, 1, 3, 10}, {0, 4, 4, 8, 10}}) {
    auto const team = make_team(static_cast<int>(cuts.size()) - 1, 2);
    auto const found = sum_by_key(borrow(team, std::span<double>(keys), partition_by_cuts(cuts)),
                                  borrow(team, std::span<float>(x), partition_by_cuts(cuts)));
    EXPECT_EQ(everything(found.values), (std::vector<float>{3, 28, 96, 384, 512}));
    auto const first = everything(found.keys);
    EXPECT_TRUE(std::signbit(first[0]) && !std::signbit(first[3])) << "the first key stands for its run";
  }
}

TEST(ReduceByKeyLongRuns, AreSharedByAllThreads) {
  index_t const n = 1500007;  // one key in 90 % of the rows
  auto keys = keys_of(n, {70001, 1350000, 5, 1});
  auto x = values<float>(n, 10);
  auto const expected = one_by_one(keys, x, plus<float>{});
  for (int ranks : {1, 3})
    for (int threads : {1, 5}) {
      auto const team = make_team(ranks, threads);
      auto const found =
          sum_by_key(borrow(team, std::span<std::int32_t>(keys)), borrow(team, std::span<float>(x)));
      EXPECT_EQ(bytes_of(everything(found.values)), bytes_of(expected)) << ranks << ", " << threads;
    }
}

// Of more elements than one thread reduces: 262144.
TEST(ReduceByKeyLongRuns, MayBeTheOnlyOnes) {
  for (auto const& lengths :
       std::vector<std::vector<index_t>>{{600011}, {300005, 300006}, {290000, 1, 310010}}) {
    index_t const n = 600011;
    auto keys = keys_of(n, lengths);
    auto x = values<double>(n, 11);
    auto const expected = one_by_one(keys, x, plus<double>{});
    for (int ranks : {1, 2}) {
      auto const team = make_team(ranks, 3);
      auto const found =
          sum_by_key(borrow(team, std::span<std::int32_t>(keys)), borrow(team, std::span<double>(x)));
      EXPECT_EQ(bytes_of(everything(found.values)), bytes_of(expected)) << lengths.size() << ", " << ranks;
    }
  }
}

TEST(ReduceByKeyArrays, MustBeCutAlike) {
  auto const team = make_team(2, 1);
  std::vector<double> const skewed{1.0, 3.0};
  EXPECT_THROW(sum_by_key(make_array<int>(team, 10000), make_array<float>(team, 10000, skewed)), usage_error);
}

}  // namespace
