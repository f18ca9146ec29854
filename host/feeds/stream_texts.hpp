// What is asked of a stream, as texts: durations, windows, partitions and weights.
#pragma once

#include <host/events/stream_engine.hpp>
#include <optional>
#include <prorata/windows.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace prorata::feeds {

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

/// Weights in a file, as --weights has them, or a range a line; it may change while the stream runs. A new file that
/// takes the old one's name is seen as a whole.
class weights_file {
 public:
  ///   throws  input_error, usage_error
  weights_file(std::string path, int partitions);

  std::vector<events::sub_stream> const& streams() const { return streams_; }
  /// The weights, if the file has changed to others of the same ranges since the last call. What is wrong with a
  /// changed file is noted, and nothing changes.
  std::optional<std::vector<double>> changed();

 private:
  std::vector<events::sub_stream> read() const;
  bool stamp_changed();

  std::string path_;
  int partitions_;
  struct stamp {
    std::int64_t seconds = 0, nanoseconds = 0, bytes = 0;
    std::uint64_t file = 0;
    bool operator==(stamp const&) const = default;
  } stamp_;
  std::vector<events::sub_stream> streams_;
};

}  // namespace prorata::feeds
