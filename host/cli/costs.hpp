// Cutting arrays by what their elements cost: --costs FILE and --cap.
#pragma once

#include <host/cli/inputs.hpp>
#include <prorata/costs.hpp>
#include <span>
#include <vector>

namespace prorata::cli {

/// The costs of elements as a file of any type gives them. Doubles in this machine's order are used where
/// they are; others are converted, 8 bytes an element.
class element_costs {
 public:
  /// Reads --costs.
  element_costs(io::job_files& files, options const& o);
  element_costs(element_costs const&) = delete;
  element_costs& operator=(element_costs const&) = delete;

  std::span<double const> values() const { return values_; }

 private:
  std::unique_ptr<input> file_;
  std::vector<double> converted_;
  std::span<double const> values_;
};

/// The ranges that make the largest load / weight the smallest possible, cut at multiples of `granularity`.
/// --cap is the most a device's elements may cost: one number or one a device, or percentages of the total.
///   throws  usage_error (a cost that is none, caps that do not fit the devices), infeasible
cost_partition cut_by_costs(element_costs const& costs, std::vector<double> const& weights, options const& o,
                            index_t granularity);

}  // namespace prorata::cli
