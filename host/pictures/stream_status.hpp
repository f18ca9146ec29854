// How a stream is going: a line on a terminal, and the text that Prometheus reads.
#pragma once

#include <chrono>
#include <host/events/stream_engine.hpp>
#include <host/pictures/terminal.hpp>
#include <optional>
#include <string>
#include <vector>

namespace prorata::pictures {

/// What is known of a stream after a round.
struct stream_state {
  events::stream_counts counts;
  std::vector<events::sub_stream_counts> sub_streams;
  index_t open_groups = 0;
  std::optional<double>
      event_time;      ///< the largest one, in seconds since 1970; nothing before the first record
  double seconds = 0;  ///< since the stream began
};

/// How far event time is behind the clock, in seconds; nothing before the first record.
std::optional<double> lag_of(stream_state const& state);

/// The state of a stream as one line of at most `columns`: records so far and a second, results, late ones, the lag, if
/// it is less than a year, open groups, and the latency of every sub-stream. What there is no room for is left out,
/// from the right.
std::string status_line(stream_state const& state, int columns);

/// The same in Prometheus' text format.
///   streams  of the sub-streams; their weights are those of the state
std::string metrics_text(stream_state const& state, std::vector<events::sub_stream> const& streams);

/// Draws it after rounds, ten times a second at most. Who interrupts the stream is told that it was one.
class stream_status {
 public:
  explicit stream_status(shown when);
  ~stream_status();
  void after_round(stream_state const& state, bool ended);

 private:
  bool shown_;
  overwritten_line line_;
  std::chrono::steady_clock::time_point last_;
};

}  // namespace prorata::pictures
