// Splits: the ways to divide one array that every result must not depend on, numbered.
#pragma once

#include <gtest/gtest.h>
#include <xmmintrin.h>

#include <algorithm>
#include <cfenv>
#include <cmath>
#include <ostream>
#include <prorata/array.hpp>
#include <prorata/host.hpp>
#include <random>
#include <tests/sanitizers.hpp>
#include <vector>

namespace prorata::tests {

using host_team = team<host::stream>;

inline host_team make_team(int ranks, int threads) {
  std::vector<host::stream> streams;
  for (int r = 0; r < ranks; ++r) streams.emplace_back(host::stream_options{.threads = threads});
  return host_team(std::move(streams));
}

/// One way to divide the work, by number: 8 team sizes × 4 weightings × 2 alignments × 9 variations.
struct split {
  int ranks, threads;
  partition cuts;
  bool flush, upward;  // what the caller has done to its floating-point environment

  friend std::ostream& operator<<(std::ostream& out, split const& s) {
    out << s.ranks << " ranks of " << s.threads << " threads, cuts";
    for (index_t const cut : s.cuts.cuts) out << ' ' << cut;
    return out << (s.flush ? ", FTZ" : "") << (s.upward ? ", upward" : "");
  }
};

/// The caller of a split: flushes subnormals or rounds upward for as long as it lives, and expects that
/// nobody changed that when it ends.
class hostile_caller {
 public:
  explicit hostile_caller(split const& s) : hostile_caller(s.flush, s.upward) {}
  hostile_caller(bool flush, bool upward) {
    if (flush) _mm_setcsr(before_ | 0x8040);
    if (upward) std::fesetround(FE_UPWARD);
    set_ = control();
    rounding_ = std::fegetround();
  }
  ~hostile_caller() {
    EXPECT_EQ(control(), set_) << "the caller's floating-point environment was changed";
    EXPECT_EQ(std::fegetround(), rounding_);
    std::fesetround(rounding_before_);
    _mm_setcsr(before_);
  }
  hostile_caller(hostile_caller const&) = delete;
  hostile_caller& operator=(hostile_caller const&) = delete;

 private:
  static unsigned control() { return _mm_getcsr() & ~0x3fu; }  // without the flags of what has happened

  unsigned before_ = _mm_getcsr(), set_;
  int rounding_before_ = std::fegetround(), rounding_;
};

inline constexpr int split_count = 8 * 4 * 2 * 9;

// Neither 11 nor 13 divides a dimension of the matrix.
inline constexpr int sparser = threads_watched ? 13 : addresses_watched ? 11 : 1, smaller = watched ? 5 : 1;

/// How far apart the splits are that a test tries, and how many elements its large arrays have.
constexpr int apart(int splits) { return splits * sparser; }
constexpr index_t fewer(index_t n) { return n / smaller; }
/// Whether to try case `number` of a test whose cases differ in what is computed, and every other one is
/// enough for what threads do to each other.
constexpr bool is_tried(int number) { return sparser < 13 || number % 2 == 0; }

inline split split_number(int number, index_t n) {
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

/// Numbers of many magnitudes; integers over their whole range.
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

}  // namespace prorata::tests
