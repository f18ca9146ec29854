// Sharing n elements among ranks: in ranges, in turns, by hash, by value, or task by task.
#pragma once

#include <host/dynamic/shares.hpp>
#include <host/io/job_files.hpp>
#include <host/jobs/devices.hpp>
#include <host/jobs/options.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace prorata::jobs {

enum class sharing { contiguous, cyclic, block_cyclic, hash, range, lpt };

/// "contiguous", "cyclic", "block-cyclic", "hash", "range", "lpt".
sharing parse_sharing(std::string_view text);
char const* name_of(sharing how);

/// What is shared, beside what a job's options say.
struct partition_request {
  sharing how = sharing::contiguous;
  index_t n = 0;
  index_t granularity = 1024;       ///< of contiguous cuts
  index_t block = 1024;             ///< of block-cyclic turns
  std::vector<index_t> room{};      ///< elements that fit each device; empty: no limit
  std::vector<std::string> keys{};  ///< the file of keys, for `range`
};

/// Shares by weight. --cap is the most a rank may get: elements, or costs where elements have costs
/// (--costs).
///   throws  usage_error; infeasible, with the smallest cap that would do
dynamic::shares share_out(io::job_files& files, partition_request const& request,
                          std::vector<double> const& weights, job_options const& o);

}  // namespace prorata::jobs
