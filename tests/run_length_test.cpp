// Runs of equal neighbours: what a loop finds, for every split.
#include <gtest/gtest.h>

#include <limits>
#include <prorata/run_length.hpp>
#include <sstream>
#include <tests/contents.hpp>
#include <tests/element_types.hpp>
#include <tests/splits.hpp>

namespace {

using namespace prorata;
using namespace prorata::tests;

template <class T>
struct expected_runs {
  std::vector<T> values;
  std::vector<index_t> begins, lengths;

  explicit expected_runs(std::vector<T> const& x) {
    for (std::size_t i = 0; i < x.size(); ++i) {
      if (i == 0 || !same_value{}(x[i - 1], x[i])) {
        values.push_back(x[i]);
        begins.push_back(static_cast<index_t>(i));
        lengths.push_back(0);
      }
      ++lengths.back();
    }
  }
};

template <class T>
void expect_runs(distributed_array<T, host::stream> const& x, expected_runs<T> const& expected,
                 std::string const& what) {
  auto const found = run_lengths(x);
  auto const values = everything(found.values);
  ASSERT_EQ(values.size(), expected.values.size()) << what;
  ASSERT_TRUE(values.empty() ||
              std::memcmp(values.data(), expected.values.data(), values.size() * sizeof(T)) == 0)
      << what;
  ASSERT_EQ(everything(found.begins), expected.begins) << what;
  ASSERT_EQ(everything(found.lengths), expected.lengths) << what;
  ASSERT_EQ(found.values.partition(), found.lengths.partition()) << what;
  for (auto const& p : found.begins.parts())  // a run belongs to the rank on which it begins
    for (index_t k = 0; k < p.size; ++k) ASSERT_EQ(x.partition().rank_of(p.data[k]), p.rank) << what;
}

/// Runs of random lengths up to `longest` over `distinct` values.
template <class T>
std::vector<T> runny(index_t n, index_t longest, int distinct, unsigned seed) {
  std::mt19937_64 random(seed);
  std::vector<T> x;
  while (static_cast<index_t>(x.size()) < n) {
    auto const value = static_cast<T>(random() % static_cast<unsigned>(distinct));
    auto const length = 1 + random() % static_cast<std::uint64_t>(longest);
    x.insert(x.end(), std::min<std::size_t>(length, static_cast<std::size_t>(n) - x.size()), value);
  }
  return x;
}

template <class T>
class RunLength : public testing::Test {};
using element_types = tests::types<std::int8_t, std::uint16_t, std::int32_t, std::uint64_t, float, double>;
TYPED_TEST_SUITE(RunLength, element_types);

TYPED_TEST(RunLength, OfEverySizeAndShape) {
  using T = TypeParam;
  for (index_t const n : {0, 1, 2, 31, 32, 33, 1023, 1024, 1025, 16385, 100003})
    for (index_t const longest : {1, 3, 40, 20000})
      for (int ranks : {1, 2, 3, 7}) {
        auto x = runny<T>(n, longest, 100, 5);
        auto const team = make_team(ranks, 2);
        expect_runs(
            borrow(team, std::span<T>(x)), expected_runs<T>(x),
            std::to_string(n) + " over " + std::to_string(ranks) + ", longest " + std::to_string(longest));
      }
}

TEST(RunLengthSplits, JoinRunsAcrossRanks) {
  for (index_t const n : {33, 1025, 50021})
    for (int kind = 0; kind < 4; ++kind) {
      auto x = kind == 0   ? runny<float>(n, 5, 3, 1)
               : kind == 1 ? runny<float>(n, n, 3, 2)
               : kind == 2 ? std::vector<float>(static_cast<std::size_t>(n), 2.5f)
                           : values<float>(n, 3);
      expected_runs<float> const expected(x);
      for (int number = kind; number < split_count; number += apart(n > 10000 ? 13 : 3)) {
        auto const s = split_number(number, n);
        auto const team = make_team(s.ranks, s.threads);
        hostile_caller const caller(s);
        std::ostringstream what;
        what << "split " << number << ", n = " << n << ", " << s << ", kind " << kind;
        expect_runs(borrow(team, std::span<float>(x), s.cuts), expected, what.str());
        if (HasFatalFailure()) return;
      }
    }
}

TEST(RunLengthFloats, JoinEveryNaNAndBothZeros) {
  float const nan = std::numeric_limits<float>::quiet_NaN();
  std::vector<float> x{1, nan, -nan, nan, 0.0f, -0.0f, 0.0f, -0.0f, 2, 2};
  auto const team = make_team(4, 1);
  auto const found = run_lengths(borrow(team, std::span<float>(x), partition_by_cuts({0, 2, 5, 5, 10})));
  EXPECT_EQ(everything(found.begins), (std::vector<index_t>{0, 1, 4, 8}));
  EXPECT_EQ(everything(found.lengths), (std::vector<index_t>{1, 3, 4, 2}));
  EXPECT_FALSE(std::signbit(everything(found.values)[2])) << "the first element stands for its run";
}

TEST(RunLengthKey, MayBeTheCallersOwn) {
  std::vector<int> x{1, 3, 5, 2, 4, 7};
  auto const team = make_team(3, 1);
  auto const parity = [](int a, int b) { return a % 2 == b % 2; };
  auto const found = run_lengths(borrow(team, std::span<int>(x), partition_by_cuts({0, 1, 4, 6})), parity);
  EXPECT_EQ(everything(found.values), (std::vector<int>{1, 2, 7}));
  EXPECT_EQ(everything(found.lengths), (std::vector<index_t>{3, 2, 1}));
}

}  // namespace
