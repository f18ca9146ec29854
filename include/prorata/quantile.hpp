// Exact quantiles of arrays: several at once, in a few reads, and no element moves.
#pragma once

#include <prorata/order_statistics.hpp>
#include <prorata/quantile_rule.hpp>

namespace prorata {

/// The quantiles of x at each q in [0, 1]: q = 0.5 is the median.
///   shape   n ≥ 1 elements over P ranks → one double for each q, the same bits on every process
///   order   none; NaN if any element is NaN, as numpy.quantile
///   method  what to make of a q between two elements: numpy.quantile's `linear` by default
///   cost    as nth_elements: all quantiles in the same rounds
///   waits   for each round
///   throws  usage_error (n = 0; a q outside [0, 1], or NaN), out_of_memory
template <source X>
std::vector<double> quantiles(X const& x, std::vector<double> const& q,
                              quantile_method method = quantile_method::linear) {
  require(x.size() > 0, "quantiles of no elements have no value");
  quantile_plan const plan(x.size(), q, method);
  return plan.finish(nth_elements(x, plan.places()));
}

/// One quantile.
template <source X>
double quantile(X const& x, double q, quantile_method method = quantile_method::linear) {
  return quantiles(x, std::vector<double>{q}, method).front();
}

/// quantile(x, 0.5).
template <source X>
double median(X const& x) {
  return quantile(x, 0.5);
}

}  // namespace prorata
