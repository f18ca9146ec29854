// The tables that a stream is joined with.
#pragma once

#include <host/events/table_join.hpp>
#include <host/io/job_files.hpp>
#include <string>
#include <vector>

namespace prorata::feeds {

/// What --join says.
struct join_option {
  std::string name, by, keys, values;
};

/// "campaign=ad:ads.npy,campaigns.npy": column campaign has the element of campaigns.npy at which ads.npy has the
/// number in column ad.
///   throws  usage_error
join_option parse_join(std::string const& text);

/// Reads a table.
///   throws  input_error: not one of integers or booleans, and one of as many values
std::shared_ptr<events::lookup_table const> read_table(join_option const& o, int threads,
                                                       io::job_files& files);

}  // namespace prorata::feeds
