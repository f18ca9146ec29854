// prorata stream: aggregates of the records of each key in windows of event time, as they close.
#include <fmt/format.h>

#include <algorithm>
#include <host/cli/command_line.hpp>
#include <host/cli/print.hpp>
#include <host/cli/report.hpp>
#include <host/feeds/stream_run.hpp>
#include <host/io/printable.hpp>
#include <host/jobs/launched.hpp>
#include <host/jobs/notes.hpp>
#include <nlohmann/json.hpp>
#include <optional>

namespace prorata::cli {

namespace {

/// One object a sub-stream. Its share is that of the records which were served while all had some waiting.
nlohmann::json sub_streams_json(std::vector<events::sub_stream> const& streams,
                                std::vector<events::sub_stream_counts> const& counts) {
  index_t contended = 0;
  for (auto const& c : counts) contended += c.contended;
  auto list = nlohmann::json::array();
  for (std::size_t k = 0; k < streams.size(); ++k) {
    auto const& c = counts[k];
    double const share =
        contended == 0 ? 0.0 : static_cast<double>(c.contended) / static_cast<double>(contended);
    list.push_back(
        {{"partitions", fmt::format("{}-{}", streams[k].first, streams[k].last)},
         {"weight", c.weight},
         {"records", c.records},
         {"batches", c.batches},
         {"contended_records", c.contended},
         {"share_while_all_wait", share},
         {"latency_ms", {{"p50", c.latency.quantile(0.5) * 1e3}, {"p99", c.latency.quantile(0.99) * 1e3}}}});
  }
  return list;
}

std::string late_note(feeds::stream_request const& r, events::stream_counts const& counts) {
  return fmt::format(
      "{} came after all their windows had closed, up to {:.6g} s behind the watermark, and {}",
      count_text(counts.late, "record"), r.unit.seconds(counts.latest_by),
      r.late.empty() ? "were left out; a larger --lateness counts them, --late FILE keeps them"
                     : "went to " + io::printable(r.late));
}

void note_what_was_left_out(feeds::stream_request const& r, feeds::stream_outcome const& outcome) {
  auto const& counts = outcome.state.counts;
  if (outcome.left_over > 0)
    note(fmt::format("{} were left out: a record whose end had not come",
                     count_text(outcome.left_over, "byte")));
  if (counts.late > 0) note(late_note(r, counts));
  if (counts.partly_late > 0)
    note(count_text(counts.partly_late, "record") +
         " came after some of their windows had closed, and count in the others");
  if (counts.unmatched > 0)
    note(count_text(counts.unmatched, "record") + " had no row in a table of --join, and were left out");
  if (counts.malformed > 0)
    note(fmt::format("{} could not be read and were left out, the first in {}",
                     count_text(counts.malformed, "record"), counts.first_malformed));
}

nlohmann::json outcome_json(feeds::stream_outcome const& outcome, double speed) {
  auto const& [state, sub_streams, resumed_at, stopped, left_over] = outcome;
  auto const& counts = state.counts;
  auto said = nlohmann::json{{"op", "stream"},
                             {"records", counts.records},
                             {"bytes", counts.bytes},
                             {"results", counts.results},
                             {"late", counts.late},
                             {"partly_late", counts.partly_late},
                             {"malformed", counts.malformed},
                             {"lag_s", nullptr},
                             {"unmatched", counts.unmatched},
                             {"resumed_at", 0},
                             {"stopped", stopped},
                             {"seconds", state.seconds},
                             {"records_per_s", speed}};
  if (resumed_at.find('-') != resumed_at.npos)  // the id of an entry
    said["resumed_at"] = resumed_at;
  else if (!resumed_at.empty())
    said["resumed_at"] = std::stoll(resumed_at);
  if (auto const lag = pictures::lag_of(state)) said["lag_s"] = *lag;
  if (!sub_streams.empty()) said["sub_streams"] = sub_streams_json(sub_streams, state.sub_streams);
  return said;
}

}  // namespace

void stream_command(command_line& command, io::job_files& files) {
  using feeds::time_unit;
  auto const seconds_of = [](char const* option) {
    return
        [=](auto const& text) { return static_cast<double>(time_unit("ns").duration(text, option)) / 1e9; };
  };
  feeds::stream_request r;
  std::string window, aggregates = "count", lateness = "0", advance, malformed = "fatal", format, rotate,
                      partition = "hash:16", weights;
  std::optional<double> idle;
  pictures::shown progress = pictures::shown::on_a_terminal;
  bool json = false;
  command.required("input", r.input);
  command.option("--time", r.time);
  command.option("--time-unit", r.unit, [](auto const& text) { return time_unit(text); });
  command.option("--format", format);
  command.option("--idle", idle, seconds_of("--idle"));
  command.option("--by", r.by);
  command.option("--window", window);
  command.option("--agg", aggregates);
  command.option("--lateness", lateness);
  command.option("--max-advance", advance);
  command.option("--malformed", malformed);
  command.option("--late", r.late);
  command.option("-o,--output", r.output);
  command.option("--rotate", rotate);
  command.option("--block", r.block, [](auto const& text) { return parse_bytes(text, "--block").bytes; });
  command.option("--progress", progress, parse_shown);
  command.option("--partition", partition);
  command.option("--weights", weights);
  command.option("--weights-file", r.weights_file);
  command.list("--join", r.joins, feeds::parse_join);
  command.option("--metrics", r.metrics);
  command.option("--checkpoint", r.checkpoint);
  command.option("--checkpoint-every", r.checkpoint_seconds, seconds_of("--checkpoint-every"));
  command.option("--threads", r.threads);
  command.flag("--json", json);
  command.parse();
  require(all_processes().alone(), "stream runs in one process; start it without mpirun");
  require(!r.time.empty(), "stream: name the column of event times with --time");
  require(!window.empty(), "stream: say which windows with --window, as in --window tumbling:10s");
  require(malformed == "fatal" || malformed == "skip", "--malformed is fatal or skip");
  require(r.threads >= 0 && r.threads <= 255, "--threads is from 0 to 255");
  require(!json || !r.output.empty(),
          "stream: --json needs -o FILE, for standard output has the results else");
  if (!rotate.empty()) {
    r.rotate = r.unit.duration(rotate, "--rotate");
    require(r.rotate > 0, "--rotate is longer than 0");
  }
  r.skip_malformed = malformed == "skip";
  r.window = feeds::parse_window(window, r.unit);
  if (!advance.empty()) r.advance = r.unit.duration(advance, "--max-advance");
  r.lateness = r.unit.duration(lateness, "--lateness");
  static_cast<void>(watermark(r.lateness, r.advance));  // refuses what is none
  require(r.block >= 1 && r.block <= index_t{1} << 30, "--block is from 1 byte to 1G");
  r.aggregates = events::parse_aggregates(aggregates);
  r.form = feeds::parse_form(format, r.input);
  r.partition = feeds::parse_partition(partition);
  if (!weights.empty()) r.sub_streams = feeds::parse_sub_streams(weights, r.partition.partitions);
  require(weights.empty() || r.weights_file.empty(), "stream: --weights, or --weights-file");
  require(idle != 0.0, "--idle is longer than 0");
  r.idle_seconds = idle.value_or(0);
  r.print = [](std::string_view lines) {
    print_text(lines);
    print_the_end();
  };

  std::optional<pictures::stream_status> status(progress);
  r.after_round = [&](pictures::stream_state const& state, bool ended) {
    status->after_round(state, ended);
    if (ended) status.reset();
  };
  auto const outcome = feeds::run_stream(r, files);
  auto const& [counts, sub_streams, open_groups, event_time, seconds] = outcome.state;
  double const speed = static_cast<double>(counts.records) / std::max(seconds, 1e-9);
  if (json) {
    print("{}\n", outcome_json(outcome, speed).dump());
  } else if (!r.output.empty()) {
    print("{}: {} of {}\n  {:.3g} s, {:.3g} M records/s\n", io::printable(r.output),
          count_text(counts.results, "result"), count_text(counts.records, "record"), seconds, speed / 1e6);
  }
  note_what_was_left_out(r, outcome);
}

}  // namespace prorata::cli
