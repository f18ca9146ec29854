// What a stream's line says.
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <host/io/emergency.hpp>
#include <host/pictures/stream_status.hpp>

namespace prorata::pictures {

std::optional<double> lag_of(stream_state const& state) {
  if (!state.event_time) return {};
  std::chrono::duration<double> const now = std::chrono::system_clock::now().time_since_epoch();
  return now.count() - *state.event_time;
}

std::string status_line(stream_state const& state, int columns) {
  auto const& [counts, sub_streams, open_groups, event_time, seconds] = state;
  auto const room = static_cast<std::size_t>(std::max(columns - 1, 1));  // the last column would wrap
  std::string line = fmt::format("stream: {} records", counts.records).substr(0, room);
  auto const append = [&](std::string const& more) {
    if (line.size() + more.size() <= room) line += more;
  };
  append(fmt::format("  {:.3g} M/s", static_cast<double>(counts.records) / std::max(seconds, 1e-9) / 1e6));
  append(fmt::format("  {} results", counts.results));
  if (counts.late > 0) append(fmt::format("  {} late", counts.late));
  if (counts.malformed > 0) append(fmt::format("  {} malformed", counts.malformed));
  if (auto const lag = lag_of(state); lag && std::abs(*lag) < 365 * 86400.0)
    append(fmt::format("  lag {:.3g} s", *lag));
  append(fmt::format("  {} open", open_groups));
  for (std::size_t k = 0; k < sub_streams.size(); ++k)
    append(fmt::format("  [{}] p50 {:.3g} p99 {:.3g} ms", k, sub_streams[k].latency.quantile(0.5) * 1e3,
                       sub_streams[k].latency.quantile(0.99) * 1e3));
  return line;
}

std::string metrics_text(stream_state const& state, std::vector<events::sub_stream> const& streams) {
  std::string text;
  auto const family = [&](std::string_view name, std::string_view type, std::string_view help) {
    fmt::format_to(std::back_inserter(text), "# HELP prorata_stream_{0} {2}\n# TYPE prorata_stream_{0} {1}\n",
                   name, type, help);
  };
  auto const one = [&](std::string_view name, std::string_view type, std::string_view help, auto value) {
    family(name, type, help);
    fmt::format_to(std::back_inserter(text), "prorata_stream_{} {}\n", name, value);
  };
  auto const& c = state.counts;
  one("records_total", "counter", "Records that were read.", c.records);
  one("input_bytes_total", "counter", "Bytes of the input that were read.", c.bytes);
  one("results_total", "counter", "Results that were given out.", c.results);
  one("late_records_total", "counter", "Records that came after all their windows had closed.", c.late);
  one("partly_late_records_total", "counter", "Records that came after some of their windows had closed.",
      c.partly_late);
  one("malformed_records_total", "counter", "Records that could not be read.", c.malformed);
  one("unmatched_records_total", "counter", "Records that a join left out.", c.unmatched);
  one("open_groups", "gauge", "Keys of open windows.", state.open_groups);
  one("running_seconds", "gauge", "Seconds since the stream began, when this was last known.", state.seconds);
  if (auto const lag = lag_of(state)) {
    one("event_time_seconds", "gauge", "The largest event time.", *state.event_time);
    one("lag_seconds", "gauge", "How far the largest event time is behind the clock.", *lag);
  }
  auto const each = [&](std::string_view name, std::string_view type, std::string_view help,
                        auto const& value) {
    if (streams.empty()) return;
    family(name, type, help);
    for (std::size_t k = 0; k < streams.size(); ++k)
      fmt::format_to(std::back_inserter(text), "prorata_stream_{}{{partitions=\"{}-{}\"}} {}\n", name,
                     streams[k].first, streams[k].last, value(state.sub_streams[k]));
  };
  using counts = events::sub_stream_counts;
  each("sub_stream_weight", "gauge", "Weight of a sub-stream.", [](counts const& s) { return s.weight; });
  each("sub_stream_records_total", "counter", "Records of a sub-stream that were served.",
       [](counts const& s) { return s.records; });
  each("sub_stream_batches_total", "counter", "Batches of a sub-stream that were served.",
       [](counts const& s) { return s.batches; });
  for (auto const& [name, q] : {std::pair("p50", 0.5), {"p99", 0.99}})
    each(fmt::format("sub_stream_latency_{}_seconds", name), "gauge",
         "From when a batch was read until it was added.",
         [q = q](counts const& s) { return s.latency.quantile(q); });
  return text;
}

stream_status::stream_status(shown when) : shown_(is_shown(when)) { io::emergency::doing("stream"); }

stream_status::~stream_status() {
  io::emergency::doing("");
  if (line_.is_drawn()) line_.end();
}

void stream_status::after_round(stream_state const& state, bool ended) {
  using namespace std::chrono_literals;
  auto const now = std::chrono::steady_clock::now();
  if (!shown_ || (!ended && line_.is_drawn() && now - last_ < 100ms)) return;
  last_ = now;
  line_.draw(status_line(state, columns_of(STDERR_FILENO, 1, 100)));
}

}  // namespace prorata::pictures
