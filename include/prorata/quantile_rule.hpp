// What a quantile is: which places of the sorted array it looks at, and what it makes of them.
#pragma once

#include <cmath>
#include <host/fp_environment.hpp>
#include <limits>
#include <prorata/boolean8.hpp>
#include <prorata/error.hpp>
#include <prorata/half.hpp>
#include <prorata/operations.hpp>
#include <string>
#include <type_traits>
#include <vector>

namespace prorata {

/// What to make of h = q·(n − 1) that lies between two places, as numpy.quantile's methods of these names:
///   linear    a + (b − a)·t, t the fraction of h; counted from b where t ≥ 1/2
///   lower, higher   the one below, above
///   nearest   the nearer one; in the middle the one at an even place
///   midpoint  the middle of both
enum class quantile_method { linear, lower, higher, nearest, midpoint };

/// The double an element counts as.
template <class T>
double quantile_value(T const& x) {
  if constexpr (std::is_same_v<T, half>) {
    return static_cast<double>(to_float(x));
  } else if constexpr (std::is_same_v<T, boolean8>) {
    return x ? 1.0 : 0.0;
  } else {
    return static_cast<double>(x);
  }
}

/// Quantiles of n elements, before and after the elements are known. Its arithmetic is one fixed formula in
/// double, whatever rounding the caller has set.
class quantile_plan {
 public:
  quantile_plan(index_t n, std::vector<double> const& q, quantile_method method) : method_(method) {
    for (double const one : q) {
      require(one >= 0 && one <= 1,
              "a quantile is asked for at " + std::to_string(one) + "; it must be a number from 0 to 1");
      wanted const w = host::canonically([&] { return wanted_at(n, one); });
      wanted_.push_back(w);
      places_.push_back(w.lower);
      places_.push_back(w.fraction == 0 ? w.lower : w.lower + 1);
    }
    places_.push_back(n - 1);  // NaNs stand last
  }

  /// Places in [0, n) of the sorted array that have to be looked up.
  std::vector<index_t> const& places() const { return places_; }

  /// The quantiles, from the elements at those places.
  template <class T>
  std::vector<double> finish(std::vector<T> const& at_places) const {
    return host::canonically([&] {
      std::vector<double> result;
      bool const nan = std::isnan(quantile_value(at_places.back()));
      for (std::size_t k = 0; k < wanted_.size(); ++k)
        result.push_back(canonical_nan(nan ? std::numeric_limits<double>::quiet_NaN()
                                           : between(wanted_[k], quantile_value(at_places[2 * k]),
                                                     quantile_value(at_places[2 * k + 1]))));
      return result;
    });
  }

 private:
  struct wanted {
    double fraction;
    index_t lower;
  };

  static wanted wanted_at(index_t n, double q) {
    double const h = q * static_cast<double>(n - 1);
    double const below = std::floor(h);
    // Beyond 2^53 elements h may round up to n: the last place is meant.
    if (below >= static_cast<double>(n - 1)) return {0.0, n - 1};
    return {h - below, static_cast<index_t>(below)};
  }

  /// a ≤ b. Equal neighbours give themselves, infinite ones too (NumPy: NaN).
  double between(wanted const& w, double a, double b) const {
    double const t = w.fraction;
    if (t == 0 || a == b) return a;
    switch (method_) {
      case quantile_method::lower:
        return a;
      case quantile_method::higher:
        return b;
      case quantile_method::nearest:
        return t < 0.5 || (t == 0.5 && w.lower % 2 == 0) ? a : b;
      case quantile_method::midpoint:
        return b - (b - a) * 0.5;
      case quantile_method::linear:
        break;
    }
    return t < 0.5 ? a + (b - a) * t : b - (b - a) * (1 - t);
  }

  quantile_method method_;
  std::vector<wanted> wanted_;
  std::vector<index_t> places_;
};

}  // namespace prorata
