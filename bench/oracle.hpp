// oracles: what the answers are, from the numbers as they were drawn and by arithmetic nobody could get
// wrong.
#pragma once

#include <tbb/blocked_range.h>
#include <tbb/parallel_reduce.h>

#include <bench/arrays.hpp>
#include <bench/contest.hpp>
#include <cmath>
#include <cstring>
#include <limits>
#include <prorata/reduce.hpp>

namespace prorata::bench {

/// Σ f(i) in long double, in blocks, so that its own error stays far below a double's last bit.
template <class F>
long double total(index_t n, F f) {
  return tbb::parallel_deterministic_reduce(
      tbb::blocked_range<index_t>(0, n, 4096), 0.0L,
      [&](tbb::blocked_range<index_t> const& r, long double sum) {
        for (index_t i = r.begin(); i < r.end(); ++i) sum += f(i);
        return sum;
      },
      [](long double a, long double b) { return a + b; });
}

/// How far floats of type T may be from the oracle, given Σ|term|. A tree of operations loses log₂ n half
/// units, one running sum loses about √n: peers may add as they like.
template <class T>
long double tolerance(role part, index_t n, long double magnitude) {
  long double const unit = std::numeric_limits<T>::epsilon() * magnitude;
  long double const count = static_cast<long double>(n);
  return part == role::ours ? (1 + std::log2(count)) * unit : (16 + std::sqrt(count)) * unit;
}

/// Judges a sum by its oracle; integers have to be right to the last bit.
template <class T>
auto near(role part, index_t n, long double expected, long double magnitude) {
  return [=](T got) {
    long double const error = std::abs(static_cast<long double>(got) - expected);
    bool const right = std::is_integral_v<T> ? error == 0 : error <= tolerance<T>(part, n, magnitude);
    return verdict{right, static_cast<double>(error / magnitude)};
  };
}

/// A sum of integers times 2^−places, without rounding: 2^127 units on either side of a line at 2^64.
class exact_total {
 public:
  explicit exact_total(int places) : places_(places) {}

  void add(__int128 units) {
    low_ += static_cast<std::uint64_t>(units);
    high_ += units >> 64;
  }
  /// Rounded to the nearest double: 113 bits hold what decides.
  double value() const {
    return static_cast<double>(static_cast<__float128>(high_ + (low_ >> 64)) * 0x1p64 +
                               static_cast<__float128>(static_cast<std::uint64_t>(low_))) *
           std::ldexp(1.0, -places_);
  }
  void add(exact_total const& other) {
    low_ += other.low_;
    high_ += other.high_;
  }

 private:
  int places_;
  __int128 high_ = 0, low_ = 0;
};

/// Σ f(i) · 2^−places, rounded once, for integers f(i).
template <class F>
double exact_total_of(index_t n, int places, F f) {
  return tbb::parallel_reduce(
             tbb::blocked_range<index_t>(0, n, 1 << 14), exact_total(places),
             [&](tbb::blocked_range<index_t> const& r, exact_total sum) {
               for (index_t i = r.begin(); i < r.end(); ++i) sum.add(f(i));
               return sum;
             },
             [](exact_total a, exact_total const& b) {
               a.add(b);
               return a;
             })
      .value();
}

/// Judges by bits.
template <class T>
auto identical(T expected) {
  return [=](T got) {
    return verdict{std::memcmp(&got, &expected, sizeof got) == 0,
                   static_cast<double>(std::abs(got - expected) / std::abs(expected))};
  };
}

/// What `statistics` should find, in two passes: the mean, then the squares about it.
template <class T>
class statistics_oracle {
 public:
  statistics_oracle(drawn<T> number, index_t n) : n_(n), min_(number(arrays::x, 0)), max_(min_) {
    auto const x = [=](index_t i) { return number(arrays::x, i); };
    sum_ = total(n, [=](index_t i) { return static_cast<long double>(x(i)); });
    magnitude_ = total(n, [=](index_t i) { return std::abs(static_cast<long double>(x(i))); });
    long double const mean = sum_ / static_cast<long double>(n);
    m2_ = total(n, [=](index_t i) { return (x(i) - mean) * (x(i) - mean); });
    for (index_t i = 1; i < n; ++i) {
      T const v = x(i);
      if (v < min_) min_ = v, argmin_ = i;
      if (v > max_) max_ = v, argmax_ = i;
    }
  }

  verdict operator()(summary<T> const& s) const {
    auto const v = judge<double>(role::ours, s.sum, s.m2, s.min, s.max, s.argmin, s.argmax);
    return {v.right && s.count == n_, v.error};
  }

  /// Another library's mean and variance, in sums of its own precision.
  verdict loosely(double mean, double variance, T min, T max, index_t argmin, index_t argmax) const {
    double const n = static_cast<double>(n_);
    return judge<T>(role::peer, mean * n, variance * n, min, max, argmin, argmax);
  }

 private:
  template <class Precision>
  verdict judge(role part, double sum, double m2, T min, T max, index_t argmin, index_t argmax) const {
    long double const sum_error = std::abs(sum - sum_), m2_error = std::abs(m2 - m2_);
    bool const right = sum_error <= tolerance<Precision>(part, n_, magnitude_) &&
                       m2_error <= 4 * tolerance<Precision>(part, n_, m2_) && min == min_ && max == max_ &&
                       argmin == argmin_ && argmax == argmax_;
    return {right, static_cast<double>(m2_error / m2_)};
  }

  index_t n_, argmin_ = 0, argmax_ = 0;
  T min_, max_;
  long double sum_ = 0, m2_ = 0, magnitude_ = 0;
};

}  // namespace prorata::bench
