// Quantiles and extremes of files, whatever their elements are.
#pragma once

#include <host/dynamic/number.hpp>
#include <host/run/chunked_run.hpp>
#include <prorata/quantile_rule.hpp>
#include <prorata/total_order.hpp>
#include <vector>

namespace prorata::dynamic {

/// Quantiles q of a column that is not empty, NaNs last.
///   memory  bytes (see host::keys_at)
std::vector<double> quantiles(host::chunked_run& run, io::file_column const& column,
                              std::vector<double> const& q, quantile_method method, index_t memory);

/// An element, and its number in C order.
struct placed_value {
  number value;
  index_t index;
};

/// The first k ≥ 1 elements in an order, equal ones by their numbers.
std::vector<placed_value> first_in_order(host::chunked_run& run, io::file_column const& column, direction way,
                                         index_t k, index_t memory);

}  // namespace prorata::dynamic
