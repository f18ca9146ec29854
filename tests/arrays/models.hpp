// What verbs of whole arrays must answer, by definition and without the library: the orders of sums and scans in plain
// loops, sums and quotients in long integers, and the standard library's algorithms.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <prorata/config.hpp>
#include <type_traits>
#include <vector>

namespace prorata::conformance::model {

__extension__ typedef __int128 wide;
__extension__ typedef unsigned __int128 unsigned_wide;

/// f(0), …, f(n − 1)
template <class F>
auto list(F const& f, index_t n) {
  std::vector<decltype(f(index_t{}))> x;
  for (index_t i = 0; i < n; ++i) x.push_back(f(i));
  return x;
}

/// Every NaN is one.
template <class T>
T sealed(T x) {
  return x == x ? x : std::numeric_limits<T>::quiet_NaN();
}
inline auto const add = [](auto a, auto b) { return a + b; };

// The order of reductions, canonical-v2: element i is in lane i mod 32. Every lane is folded, neighbours first, an odd
// last one carried up; then the lanes are.

template <class T, class Op>
T pairwise(std::vector<T> nodes, Op const& op) {
  while (nodes.size() > 1) {
    std::size_t const pairs = nodes.size() / 2;
    for (std::size_t k = 0; k < pairs; ++k) nodes[k] = op(nodes[2 * k], nodes[2 * k + 1]);
    if (nodes.size() % 2 != 0) nodes[pairs] = nodes.back();
    nodes.resize(pairs + nodes.size() % 2);
  }
  return nodes.front();
}
template <class T, class Op>
T fold(std::vector<T> const& x, Op const& op) {
  std::vector<T> lanes;
  for (std::size_t lane = 0; lane < std::min(x.size(), std::size_t{32}); ++lane) {
    std::vector<T> column;
    for (std::size_t i = lane; i < x.size(); i += 32) column.push_back(x[i]);
    lanes.push_back(pairwise(std::move(column), op));
  }
  return pairwise(std::move(lanes), op);
}
/// −0 for nothing, as the sum of −0 and x is x.
template <class T>
T sum(std::vector<T> const& x) {
  return x.empty() ? -T{0} : sealed(fold(x, add));
}

/// Sum and second moment of n neighbours, which add up to n·base + rest: the formula of canonical-v2.
struct spread {
  double n, sum, base, rest, m2;
};
inline spread joined(spread const& a, spread const& b) {
  double const apart = b.base - a.base, n = a.n + b.n, all = a.sum + b.sum;
  if (n == 2) return {n, all, a.base, apart, apart * apart * 0.5};
  double const r = b.rest + apart * b.n;
  double const d = r * (a.n / b.n) - a.rest;
  double const m2 = (a.m2 + b.m2) + d * d * (b.n / (a.n * n));
  double const rest = a.rest + r;
  if (a.n < 32) return {n, all, a.base, rest, m2};
  double const base = a.base + rest * (1 / n);
  return {n, all, base, rest - (base - a.base) * n, m2};
}
template <class T>
spread spread_of(std::vector<T> const& x) {
  std::vector<spread> nodes;
  for (T const v : x) nodes.push_back({1, static_cast<double>(v), static_cast<double>(v), 0, 0});
  return fold(nodes, joined);
}

/// The order of scans, base32-v1: what stands before in the row of 32, and before it the rows in their tile of 32, and
/// so on outwards, each from left to right.
template <class T, class Op>
std::vector<T> scan(std::vector<T> const& x, Op const& op) {
  std::vector<std::vector<T>> totals{x};  // of the complete nodes of each level
  while (totals.back().size() >= 32) {
    std::vector<T> above;
    for (std::size_t j = 0; j + 32 <= totals.back().size(); j += 32)
      above.push_back(std::accumulate(totals.back().begin() + static_cast<std::ptrdiff_t>(j) + 1,
                                      totals.back().begin() + static_cast<std::ptrdiff_t>(j) + 32,
                                      totals.back()[j], op));
    totals.push_back(std::move(above));
  }
  std::vector<std::vector<T>> before(
      totals.size());  // of each node, the fold of those before it in their parent
  for (std::size_t level = 0; level < totals.size(); ++level)
    for (std::size_t k = 0; k <= totals[level].size(); ++k)
      before[level].push_back(k % 32 == 0   ? T{}
                              : k % 32 == 1 ? totals[level][k - 1]
                                            : op(before[level].back(), totals[level][k - 1]));
  std::vector<T> out;
  for (std::size_t i = 0; i < x.size(); ++i) {
    T v = i % 32 == 0 ? x[i] : op(before[0][i], x[i]);
    for (std::size_t level = 1, node = i / 32; node > 0; ++level, node /= 32)
      if (node % 32 != 0) v = op(before[level][node], v);
    out.push_back(v);
  }
  return out;
}

// Exact arithmetic, for numbers that are few: multiples of 2^-45 below 2^18, as scattered<> makes them, some of them
// times 2^-200.

inline int bits_of(unsigned_wide x) {
  int bits = 0;
  for (; x != 0; x >>= 1) ++bits;
  return bits;
}

/// A sum in units of 2^-45 and one in units of 2^-245.
struct exact {
  wide large = 0, small = 0;
  bool minus_zero = false, more = false;  // what was taken

  void take(double x) {
    (x == 0 && std::signbit(x) ? minus_zero : more) = true;
    bool const tiny = std::abs(x) < 0x1p-60;
    (tiny ? small : large) += static_cast<wide>(std::ldexp(x, tiny ? 245 : 45));
  }
  /// The sum over a count, rounded once, to nearest, ties to even.
  template <class T = double>
  T over(index_t count) const {
    if (large == 0 && small == 0) return minus_zero && !more ? -T{0} : T{0};
    int const unit = large != 0 ? -45 : -245;
    wide const total = large != 0 ? large : small;
    bool const negative = total < 0;
    wide const rest = large != 0 ? (negative ? -small : small) : 0;  // less than any unit here
    auto const magnitude = static_cast<unsigned_wide>(negative ? -total : total);
    int const room = 126 - bits_of(magnitude);
    auto quotient = (magnitude << room) / static_cast<unsigned_wide>(count);
    bool const divides = (magnitude << room) % static_cast<unsigned_wide>(count) == 0;
    if (divides && rest < 0) --quotient;
    if (!divides || rest != 0) quotient |= 1;  // far below what is rounded
    T const result = std::ldexp(static_cast<T>(quotient), unit - room);
    return negative ? -result : result;
  }
};
template <class T>
exact exact_sum(std::vector<T> const& x) {
  exact s;
  for (T const v : x) s.take(static_cast<double>(v));
  return s;
}
/// Σ x², rounded once: x in units of 2^-45, squares added in two halves.
inline double exact_squares(std::vector<double> const& x) {
  unsigned_wide high = 0, low = 0;
  for (double const v : x) {
    auto const units = static_cast<unsigned_wide>(static_cast<wide>(std::ldexp(std::abs(v), 45)));
    high += units * units >> 64;
    low += static_cast<std::uint64_t>(units * units);
  }
  high += low >> 64;
  low = static_cast<std::uint64_t>(low);
  if (high >> 62 == 0) return std::ldexp(static_cast<double>(high << 64 | low), -90);
  return std::ldexp(static_cast<double>(high | (low != 0 ? 1 : 0)), 64 - 90);
}

/// The order of sort: numbers by value, −0 before +0, behind them NaNs, in both directions, positive ones first.
template <class T>
struct in_order {
  bool descending = false;
  bool operator()(T a, T b) const {
    if constexpr (std::is_floating_point_v<T>) {
      int const kind_a = kind(a), kind_b = kind(b);
      if (kind_a != 0 || kind_b != 0) return kind_a < kind_b;
      if (descending) std::swap(a, b);
      return a < b || (a == b && std::signbit(a) && !std::signbit(b));
    } else {
      return descending ? b < a : a < b;
    }
  }

 private:
  static int kind(T x) { return x == x ? 0 : std::signbit(x) ? 2 : 1; }
};
template <class T>
std::vector<T> sorted(std::vector<T> x, bool descending = false) {
  std::stable_sort(x.begin(), x.end(), in_order<T>{descending});
  return x;
}
template <class T, class Less>
std::vector<index_t> places(std::vector<T> const& x, Less const& less) {
  std::vector<index_t> at(x.size());
  std::iota(at.begin(), at.end(), index_t{0});
  std::stable_sort(at.begin(), at.end(), [&](index_t a, index_t b) {
    return less(x[static_cast<std::size_t>(a)], x[static_cast<std::size_t>(b)]);
  });
  return at;
}
template <class T>
std::vector<T> picked(std::vector<T> const& x, std::vector<index_t> const& at) {
  std::vector<T> y;
  for (index_t const i : at) y.push_back(x[static_cast<std::size_t>(i)]);
  return y;
}

/// As a key: +0 stands for both zeros, one NaN for all; it is behind the numbers.
template <class T>
T as_key(T x) {
  if constexpr (std::is_floating_point_v<T>) return x == 0 ? T{0} : sealed(x);
  return x;
}

/// Where runs of equal elements begin; every NaN is equal to every other.
template <class T>
std::vector<index_t> run_begins(std::vector<T> const& x) {
  std::vector<index_t> begins;
  for (std::size_t i = 0; i < x.size(); ++i)
    if (i == 0 || !(x[i] == x[i - 1] || (x[i] != x[i] && x[i - 1] != x[i - 1])))
      begins.push_back(static_cast<index_t>(i));
  return begins;
}

/// How many of n each weight gets, by largest remainders; the first of equals first.
inline std::vector<index_t> shares(index_t n, std::vector<index_t> const& weights) {
  index_t const all = std::accumulate(weights.begin(), weights.end(), index_t{0});
  std::vector<index_t> given, rest;
  for (index_t const w : weights) given.push_back(n * w / all), rest.push_back(n * w % all);
  auto const by_rest = places(rest, [](index_t a, index_t b) { return a > b; });
  index_t left = n - std::accumulate(given.begin(), given.end(), index_t{0});
  for (std::size_t k = 0; left > 0; ++k, --left) ++given[static_cast<std::size_t>(by_rest[k])];
  return given;
}

}  // namespace prorata::conformance::model
