// A line on the terminal's stderr that says how a stream is going.
#pragma once

#include <chrono>
#include <host/events/stream_engine.hpp>
#include <string>

namespace prorata::cli {

/// The state of a stream as one line of at most `columns`: records so far and a second, results, late ones, open
/// groups, and the latency of every sub-stream. What there is no room for is left out, from the right.
std::string status_line(events::stream_counts const& counts,
                        std::vector<events::sub_stream_counts> const& sub_streams, double seconds,
                        index_t open_groups, int columns);

/// Draws it after rounds, ten times a second at most: "auto" only where stderr is a terminal, "always", "never".
class stream_status {
 public:
  explicit stream_status(std::string const& mode);
  ~stream_status();
  void after_round(events::stream_engine const& engine, bool ended);

 private:
  bool shown_;
  std::size_t drawn_ = 0;  // bytes of the line that is on the terminal
  std::chrono::steady_clock::time_point start_, last_;
};

}  // namespace prorata::cli
