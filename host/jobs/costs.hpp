// Cutting arrays by what their elements cost: --costs FILE and --cap.
#pragma once

#include <host/dynamic/element_costs.hpp>
#include <host/jobs/inputs.hpp>
#include <memory>
#include <prorata/costs.hpp>
#include <vector>

namespace prorata::jobs {

/// Opens --costs.
std::unique_ptr<input> open_costs(io::job_files& files, job_options const& o);

/// The ranges that make the largest load / weight the smallest possible, cut at multiples of `granularity`.
/// --cap is the most a device's elements may cost: one number or one a device, or percentages of the total.
///   throws  usage_error (caps that do not fit the devices), input_error (a cost that is none), infeasible
cost_partition cut_by_costs(dynamic::element_costs const& costs, std::vector<double> const& weights,
                            job_options const& o, index_t granularity);

}  // namespace prorata::jobs
