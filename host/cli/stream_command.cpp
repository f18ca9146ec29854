// prorata stream: aggregates of the records of each key in windows of event time, as they close.
#include <fmt/format.h>
#include <algorithm>
#include <chrono>
#include <host/cli/command_line.hpp>
#include <host/cli/outputs.hpp>
#include <host/cli/print.hpp>
#include <host/cli/report.hpp>
#include <host/cli/stream_ends.hpp>
#include <host/cli/stream_options.hpp>
#include <host/cli/stream_tables.hpp>
#include <host/events/csv.hpp>
#include <host/events/stream_engine.hpp>
#include <host/feeds/json_lines.hpp>
#include <host/feeds/metrics_server.hpp>
#include <host/io/printable.hpp>
#include <host/jobs/launched.hpp>
#include <host/jobs/notes.hpp>
#include <host/pictures/stream_status.hpp>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>

namespace prorata::cli {

namespace {

struct stream_options {
  std::string input, time, time_unit = "ms", by, window, aggregates = "count", lateness = "0", advance,
                           malformed = "fatal", late, output, block = "128K", checkpoint,
                           checkpoint_every = "10s", partition = "hash:16", weights, format, idle,
                           weights_file, metrics;
  std::vector<std::string> joins;
  pictures::shown progress = pictures::shown::on_a_terminal;
  int threads = 0;
  bool json = false;
};

/// What decides about results, for a checkpoint to compare.
std::string job_text(stream_options const& o, std::string const& header,
                     std::vector<events::joined_column> const& joined) {
  auto tables = nlohmann::json::array();
  for (auto const& j : joined) tables.push_back({j.name, j.by, j.table->checksum()});
  return nlohmann::json{version_string,
                        header,
                        o.time,
                        o.time_unit,
                        o.by,
                        o.window,
                        o.aggregates,
                        o.lateness,
                        o.advance,
                        !o.late.empty(),
                        o.malformed,
                        o.partition,
                        o.weights.empty() && o.weights_file.empty(),
                        o.format,
                        tables}
      .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

/// The columns of records that do not say which they have: all that the options name.
std::vector<std::string> columns_named(stream_options const& o, std::vector<events::aggregate> const& wanted,
                                       std::vector<join_option> const& joins) {
  std::vector<std::string> names{o.time};
  auto const add = [&](std::string const& name) {
    if (name.empty() || std::find(names.begin(), names.end(), name) != names.end()) return;
    if (std::none_of(joins.begin(), joins.end(), [&](auto const& j) { return j.name == name; }))
      names.push_back(name);
  };
  add(o.by);
  for (auto const& a : wanted) add(a.column);
  for (auto const& j : joins) add(j.by);
  return names;
}

/// Adds the columns of joins to those of the input.
std::vector<events::joined_column> join_tables(stream_options const& o, std::vector<join_option> const& joins,
                                               events::row_schema& schema, io::job_files& files) {
  std::vector<events::joined_column> joined;
  for (auto const& j : joins)
    joined.push_back({j.name, events::column_named(schema, j.by, "--join"), nullptr});
  for (auto& column : joined) {
    require(std::find(schema.names.begin(), schema.names.end(), column.name) == schema.names.end(),
            "--join: there is a column '" + io::printable(column.name, 60) + "' already");
    column.table = read_table(joins[static_cast<std::size_t>(&column - joined.data())], o.threads, files);
    schema.names.push_back(column.name);
  }
  return joined;
}

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

std::string late_note(events::stream_counts const& counts, stream_options const& o, time_unit const& unit) {
  return fmt::format(
      "{} came after all their windows had closed, up to {:.6g} s behind the watermark, and {}",
      count_text(counts.late, "record"), unit.seconds(counts.latest_by),
      o.late.empty() ? "were left out; a larger --lateness counts them, --late FILE keeps them"
                     : "went to " + io::printable(o.late));
}

}  // namespace

void stream_command(arguments const& args, io::job_files& files) {
  stream_options o;
  command_line command("stream");
  command.required("input", o.input);
  command.option("--time", o.time);
  command.option("--time-unit", o.time_unit);
  command.option("--format", o.format);
  command.option("--idle", o.idle);
  command.option("--by", o.by);
  command.option("--window", o.window);
  command.option("--agg", o.aggregates);
  command.option("--lateness", o.lateness);
  command.option("--max-advance", o.advance);
  command.option("--malformed", o.malformed);
  command.option("--late", o.late);
  command.option("-o,--output", o.output);
  command.option("--block", o.block);
  command.option("--progress", o.progress, parse_shown);
  command.option("--partition", o.partition);
  command.option("--weights", o.weights);
  command.option("--weights-file", o.weights_file);
  command.list("--join", o.joins);
  command.option("--metrics", o.metrics);
  command.option("--checkpoint", o.checkpoint);
  command.option("--checkpoint-every", o.checkpoint_every);
  command.option("--threads", o.threads);
  command.flag("--json", o.json);
  command.parse(args);
  require(all_processes().alone(), "stream runs in one process; start it without mpirun");
  require(!o.time.empty(), "stream: name the column of event times with --time");
  require(!o.window.empty(), "stream: say which windows with --window, as in --window tumbling:10s");
  require(o.malformed == "fatal" || o.malformed == "skip", "--malformed is fatal or skip");
  require(o.threads >= 0 && o.threads <= 255, "--threads is from 0 to 255");
  require(!o.json || !o.output.empty(),
          "stream: --json needs -o FILE, for standard output has the results else");
  time_unit const unit(o.time_unit);
  window_rule const rule = parse_window(o.window, unit);
  std::int64_t const advance =
      o.advance.empty() ? 2 * largest_event_time : unit.duration(o.advance, "--max-advance");
  watermark const mark(unit.duration(o.lateness, "--lateness"), advance);
  index_t const block = parse_bytes(o.block, "--block").bytes;
  require(block >= 1 && block <= index_t{1} << 30, "--block is from 1 byte to 1G");
  auto wanted = events::parse_aggregates(o.aggregates);
  std::vector<join_option> joins;
  for (auto const& text : o.joins) joins.push_back(parse_join(text));
  auto const form = parse_form(o.format, o.input);

  auto const partition = parse_partition(o.partition);
  std::vector<events::sub_stream> sub_streams;
  if (!o.weights.empty()) sub_streams = parse_sub_streams(o.weights, partition.partitions);
  require(o.weights.empty() || o.weights_file.empty(), "stream: --weights, or --weights-file");
  std::optional<weights_file> weights;
  if (!o.weights_file.empty()) {
    weights.emplace(o.weights_file, partition.partitions);
    sub_streams = weights->streams();
  }
  require(sub_streams.empty() || !o.by.empty(),
          "stream: --weights are of partitions of keys; name their column with --by");
  bool const checked = !o.checkpoint.empty();
  require(
      !checked || (stream_input::is_replayable(o.input) && !o.output.empty()),
      "stream: --checkpoint needs a file or redis:// as input, to be read again, and -o FILE, to be whole");
  auto const seconds_of = [](std::string const& text, std::string const& option) {
    return static_cast<double>(time_unit("ns").duration(text, option)) / 1e9;
  };
  double const every = seconds_of(o.checkpoint_every, "--checkpoint-every"),
               idle = o.idle.empty() ? 0 : seconds_of(o.idle, "--idle");
  require(o.idle.empty() || idle > 0, "--idle is longer than 0");
  bool const to_redis = feeds::is_address(o.output);
  std::optional<feeds::address> sink_address;
  if (to_redis) sink_address = feeds::parse_address(o.output);
  require(!to_redis || sink_address->scheme == "redis", "stream: -o is a file, or redis://HOST:PORT/STREAM");

  stream_input input(o.input, form, block, idle, files);
  events::block_source& source = input.source();
  auto* const out = o.output.empty() || to_redis ? nullptr : &files.write(o.output);
  auto* const late_file = o.late.empty() ? nullptr : &files.write(o.late);

  std::string header;
  events::row_schema schema;
  if (form == events::text_form::csv) {
    header = source.header();
    schema.names = events::csv_fields(header);
  } else {
    schema.names = columns_named(o, wanted, joins);
  }
  schema.columns = static_cast<std::uint32_t>(schema.names.size());
  schema.time = events::column_named(schema, o.time, "--time");
  auto const joined = join_tables(o, joins, schema, files);
  if (!o.by.empty()) schema.key = static_cast<std::int32_t>(events::column_named(schema, o.by, "--by"));
  events::aggregate_plan const plan(std::move(wanted), schema);

  std::string results_header = "window_start,window_end";
  if (!o.by.empty()) events::write_csv_field(results_header += ',', o.by);
  for (auto const& a : plan.wanted()) events::write_csv_field(results_header += ',', a.name);

  std::string const job = job_text(o, header, joined);
  std::optional<events::checkpoint> saved;
  if (checked) saved.emplace(o.checkpoint, job);
  bool const resumed = saved && saved->found();
  std::optional<feeds::redis_sink> sink;
  if (to_redis)
    sink.emplace(*sink_address, results_header, fmt::format("{:016x}", events::checksum_of(job)), checked);
  line_output results(out, saved ? &saved->results : nullptr),
      late(late_file, saved ? &saved->late : nullptr);
  if (!resumed) {
    if (!to_redis) results.text = results_header + '\n';
    if (form == events::text_form::csv) late.text = header + '\n';
  }
  auto const write = [&] {
    if (sink) sink->flush();
    results.write();
    if (late_file != nullptr) late.write();
  };
  write();

  auto const start = std::chrono::steady_clock::now();
  bool const keyed = !o.by.empty();
  events::stream_limits limits{o.threads, o.malformed == "skip", partition, sub_streams};
  limits.parser = [](events::row_schema const& s) { return std::make_unique<events::csv_parser>(s); };
  if (form == events::text_form::json_lines)
    limits.parser = feeds::json_lines_parser, limits.header_lines = 0;
  if (!joined.empty()) limits.parser = events::joining_parser(limits.parser, schema.columns, joined);
  limits.keep_open = checked;
  if (weights) limits.new_weights = [&] { return weights->changed(); };
  std::string line;
  events::stream_engine engine(
      rule, mark, schema, plan, limits,
      [&](events::closed_window const& window) {
        auto& to = sink ? line : results.text;
        fmt::format_to(std::back_inserter(to), "{},{}", window.bounds.begin, window.bounds.end);
        if (keyed) events::write_csv_field(to += ',', window.key);
        to.append(window.answers) += '\n';
        if (!sink) return results.write_if_large();
        sink->add(line);
        line.clear();
      },
      late_file == nullptr ? events::stream_engine::line_sink{} : [&](std::string_view line) {
        late.text.append(line) += '\n';
        late.write_if_large();
      });
  if (resumed) {
    source.go_to(saved->found()->input);
    events::byte_reader from(saved->found()->state);
    engine.load(from);
    if (sink) sink->go_to(engine.counts().results);
  }
  std::mutex state_mutex;
  pictures::stream_state state;
  state.sub_streams = engine.sub_streams();
  auto const note_state = [&] {
    std::lock_guard const lock(state_mutex);
    state.counts = engine.counts(), state.sub_streams = engine.sub_streams();
    state.open_groups = engine.open_groups();
    if (engine.largest_time() != watermark::before_all)
      state.event_time = unit.seconds(engine.largest_time());
    state.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  std::optional<feeds::metrics_server> metrics;
  if (!o.metrics.empty())
    metrics.emplace(o.metrics, [&] {
      std::lock_guard const lock(state_mutex);
      return pictures::metrics_text(state, sub_streams);
    });
  auto last_saved = start;
  std::optional<pictures::stream_status> status(o.progress);
  engine.run(source, [&](bool ended) {
    write();
    note_state();
    status->after_round(state, ended);
    auto const now = std::chrono::steady_clock::now();
    std::chrono::duration<double> const since = now - last_saved;
    if (!saved || (ended ? !source.stopped() : since.count() < every)) return;
    std::string const place = source.place();
    if (place.empty()) return;
    events::byte_writer state;
    engine.save(state);
    saved->save({place, state.bytes});
    last_saved = std::chrono::steady_clock::now();
  });
  status.reset();
  results.copy_kept(), late.copy_kept();
  input.check_unchanged();
  files.prepare();
  if (sink && !(checked && source.stopped())) sink->end();
  double const seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();

  auto const& counts = engine.counts();
  nlohmann::json resumed_at = 0;  // a byte of a file, or the id of an entry
  if (resumed) {
    std::string const place = saved->found()->input.substr(0, saved->found()->input.find(' '));
    if (place.find('-') == place.npos)
      resumed_at = std::stoll(place);
    else
      resumed_at = place;
  }
  double const speed = static_cast<double>(counts.records) / std::max(seconds, 1e-9);
  if (o.json) {
    auto report = nlohmann::json{{"op", "stream"},
                                 {"records", counts.records},
                                 {"bytes", counts.bytes},
                                 {"results", counts.results},
                                 {"late", counts.late},
                                 {"partly_late", counts.partly_late},
                                 {"malformed", counts.malformed},
                                 {"lag_s", nullptr},
                                 {"unmatched", counts.unmatched},
                                 {"resumed_at", resumed_at},
                                 {"stopped", source.stopped()},
                                 {"seconds", seconds},
                                 {"records_per_s", speed}};
    if (auto const lag = pictures::lag_of(state)) report["lag_s"] = *lag;
    if (!sub_streams.empty()) report["sub_streams"] = sub_streams_json(sub_streams, engine.sub_streams());
    print("{}\n", report.dump());
  } else if (!o.output.empty()) {
    print("{}: {} of {}\n  {:.3g} s, {:.3g} M records/s\n", io::printable(o.output),
          count_text(counts.results, "result"), count_text(counts.records, "record"), seconds, speed / 1e6);
  }
  if (source.left_over() > 0)
    note(fmt::format("{} were left out: a record whose end had not come",
                     count_text(source.left_over(), "byte")));
  if (counts.late > 0) note(late_note(counts, o, unit));
  if (counts.partly_late > 0)
    note(count_text(counts.partly_late, "record") +
         " came after some of their windows had closed, and count in the others");
  if (counts.unmatched > 0)
    note(count_text(counts.unmatched, "record") + " had no row in a table of --join, and were left out");
  if (counts.malformed > 0)
    note(fmt::format("{} could not be read and were left out, the first in {}",
                     count_text(counts.malformed, "record"), counts.first_malformed));
}

}  // namespace prorata::cli
