// What a stream's line says.
#include <fmt/core.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <host/cli/stream_status.hpp>
#include <host/io/emergency.hpp>
#include <prorata/error.hpp>

namespace prorata::cli {

std::string status_line(events::stream_counts const& counts,
                        std::vector<events::sub_stream_counts> const& sub_streams, double seconds,
                        index_t open_groups, int columns) {
  auto const room = static_cast<std::size_t>(std::max(columns - 1, 1));  // the last column would wrap
  std::string line = fmt::format("stream: {} records", counts.records).substr(0, room);
  auto const append = [&](std::string const& more) {
    if (line.size() + more.size() <= room) line += more;
  };
  append(fmt::format("  {:.3g} M/s", static_cast<double>(counts.records) / std::max(seconds, 1e-9) / 1e6));
  append(fmt::format("  {} results", counts.results));
  if (counts.late > 0) append(fmt::format("  {} late", counts.late));
  if (counts.malformed > 0) append(fmt::format("  {} malformed", counts.malformed));
  append(fmt::format("  {} open", open_groups));
  for (std::size_t k = 0; k < sub_streams.size(); ++k)
    append(fmt::format("  [{}] p50 {:.3g} p99 {:.3g} ms", k, sub_streams[k].latency.quantile(0.5) * 1e3,
                       sub_streams[k].latency.quantile(0.99) * 1e3));
  return line;
}

stream_status::stream_status(std::string const& mode)
    : shown_(mode == "always" || (mode == "auto" && isatty(STDERR_FILENO) != 0)),
      start_(std::chrono::steady_clock::now()) {
  require(mode == "auto" || mode == "always" || mode == "never", "--progress is auto, always or never");
  io::emergency::doing("stream");
}

stream_status::~stream_status() {
  io::emergency::doing("");
  if (drawn_ > 0) std::fputc('\n', stderr);
}

void stream_status::after_round(events::stream_engine const& engine, bool ended) {
  using namespace std::chrono_literals;
  auto const now = std::chrono::steady_clock::now();
  if (!shown_ || (!ended && drawn_ > 0 && now - last_ < 100ms)) return;
  last_ = now;
  winsize size{};
  int const columns = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 100;
  std::string line =
      status_line(engine.counts(), engine.sub_streams(), std::chrono::duration<double>(now - start_).count(),
                  engine.open_groups(), columns);
  std::size_t const bytes = line.size();
  line.resize(std::max(bytes, drawn_), ' ');  // over what was longer
  drawn_ = bytes;
  std::fprintf(stderr, "\r%s", line.c_str());
  std::fflush(stderr);
}

}  // namespace prorata::cli
