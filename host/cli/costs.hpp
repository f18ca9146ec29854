// Cutting arrays by what their elements cost: --costs FILE and --cap.
#pragma once

#include <host/cli/inputs.hpp>
#include <prorata/costs.hpp>
#include <vector>

namespace prorata::cli {

/// The costs of elements as a file of any type gives them: read when they are needed, and not kept.
class element_costs {
 public:
  /// Reads --costs.
  element_costs(io::job_files& files, options const& o);
  element_costs(element_costs const&) = delete;
  element_costs& operator=(element_costs const&) = delete;

  index_t count() const { return file_->count(); }
  index_t bytes() const { return file_->array().data_bytes; }
  /// Costs [first, first + n), of which there are 1024 at most; from any thread.
  ///   throws  input_error naming the file's first cost that is NaN, infinite or negative
  void read(index_t first, index_t n, double* to) const;
  /// All of them in memory, for those who must have them there.
  std::vector<double> all() const;
  ///   throws  input_error when the file changed since it was opened
  void check_unchanged() const { file_->file().check_unchanged(); }

 private:
  void read_unchecked(index_t first, index_t n, double* to) const;
  [[noreturn]] void refuse_first_below(index_t end) const;

  std::unique_ptr<input> file_;
};

/// The ranges that make the largest load / weight the smallest possible, cut at multiples of `granularity`.
/// --cap is the most a device's elements may cost: one number or one a device, or percentages of the total.
///   throws  usage_error (caps that do not fit the devices), input_error (a cost that is none), infeasible
cost_partition cut_by_costs(element_costs const& costs, std::vector<double> const& weights, options const& o,
                            index_t granularity);

}  // namespace prorata::cli
