// Options of stream: durations, windows, partitions and weights.
#pragma once

#include <host/events/stream_engine.hpp>
#include <prorata/windows.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace prorata::cli {

/// Durations in the unit of the input's times.
class time_unit {
 public:
  /// "s", "ms", "us", "ns".
  explicit time_unit(std::string const& name);
  /// "10s", "500ms", "2h"; without a unit, that of the input.
  ///   throws  usage_error where it is no whole number of units
  std::int64_t duration(std::string_view text, std::string const& option) const;
  double seconds(std::int64_t units) const;

 private:
  std::string name_;
};

/// "csv", "jsonl"; empty: by the input's name, jsonl of *.jsonl and *.ndjson.
events::text_form parse_form(std::string const& text, std::string const& input);

/// "tumbling:10s", "sliding:60s:1s", "session:30s", "count:1000".
window_rule parse_window(std::string const& text, time_unit const& unit);

/// "hash:64", "range:b,m,t": four ranges of keys.
events::key_partition parse_partition(std::string const& text);

/// "0-7=5,8=3,9-15=2": every partition has one weight.
///   throws  usage_error
std::vector<events::sub_stream> parse_sub_streams(std::string const& text, int partitions);

}  // namespace prorata::cli
