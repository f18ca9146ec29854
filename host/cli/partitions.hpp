// The ways of sharing n elements that prorata plan knows besides contiguous ranges.
#pragma once

#include <host/cli/devices.hpp>
#include <host/cli/number_json.hpp>
#include <host/cli/options.hpp>
#include <optional>
#include <string>
#include <vector>

namespace prorata::cli {

/// Who would get how much.
struct shares {
  std::vector<index_t> counts;   ///< elements of each rank (tasks, for lpt)
  std::vector<double> loads;     ///< what they cost; the counts, where elements have no costs
  double bottleneck = 0;         ///< the largest load / weight: the time until the last rank is done
  std::vector<index_t> cuts{};   ///< of contiguous ranges
  std::vector<index_t> slots{};  ///< of hash tables: slots of 65536 each rank owns
  /// Of ranges of keys: where every rank but the first begins; nothing for one that no key can reach.
  std::vector<std::optional<number>> splitters{};
  std::string rule;  ///< in words: how to find an element's rank
};

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
shares share_out(io::job_files& files, partition_request const& request, std::vector<double> const& weights,
                 options const& o);

}  // namespace prorata::cli
