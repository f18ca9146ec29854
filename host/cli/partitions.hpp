// The ways of sharing n elements that prorata plan knows besides contiguous ranges.
#pragma once

#include <host/cli/devices.hpp>
#include <host/cli/options.hpp>
#include <host/dynamic/shares.hpp>
#include <string>
#include <vector>

namespace prorata::cli {

/// What `plan` was asked for beside the shared options.
struct partition_request {
  std::string kind = "contiguous";  ///< contiguous cyclic block-cyclic hash range lpt
  index_t n = 0;
  index_t granularity = 1024;   ///< of contiguous cuts
  index_t block = 1024;         ///< of block-cyclic turns
  std::vector<index_t> room{};  ///< elements that fit each device; empty: no limit
};

/// Shares by weight. --cap is the most a rank may get: elements, or costs where elements have costs
/// (--costs).
///   throws  usage_error; infeasible, with the smallest cap that would do
dynamic::shares share_out(io::job_files& files, partition_request const& request,
                          std::vector<double> const& weights, options const& o);

}  // namespace prorata::cli
