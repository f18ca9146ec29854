// The parts of a stream, put together.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <host/events/csv.hpp>
#include <host/feeds/json_lines.hpp>
#include <host/feeds/metrics_server.hpp>
#include <host/feeds/stream_ends.hpp>
#include <host/feeds/stream_run.hpp>
#include <host/io/printable.hpp>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>

namespace prorata::feeds {

namespace {

using clock = std::chrono::steady_clock;

double seconds_since(clock::time_point start) {
  return std::chrono::duration<double>(clock::now() - start).count();
}

/// What decides about results, for a checkpoint to compare.
std::string job_text(stream_request const& r, std::string const& header,
                     std::vector<events::joined_column> const& joined) {
  auto aggregates = nlohmann::json::array(), tables = nlohmann::json::array();
  for (auto const& a : r.aggregates) aggregates.push_back(a.name);
  for (auto const& j : joined) tables.push_back({j.name, j.by, j.table->checksum()});
  return nlohmann::json{version_string,
                        header,
                        {r.time, r.unit.seconds(1), r.by},
                        {r.window.kind(), r.window.size(), r.window.step()},
                        aggregates,
                        {r.lateness, r.advance, !r.late.empty(), r.skip_malformed},
                        {r.partition.partitions, r.partition.splits, r.sub_streams.empty()},
                        r.form,
                        tables}
      .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

/// The columns of records that do not say which they have: all that the request names.
std::vector<std::string> columns_named(stream_request const& r) {
  std::vector<std::string> names{r.time};
  auto const add = [&](std::string const& name) {
    if (name.empty() || std::find(names.begin(), names.end(), name) != names.end()) return;
    if (std::none_of(r.joins.begin(), r.joins.end(), [&](auto const& j) { return j.name == name; }))
      names.push_back(name);
  };
  add(r.by);
  for (auto const& a : r.aggregates) add(a.column);
  for (auto const& j : r.joins) add(j.by);
  return names;
}

/// Adds the columns of joins to those of the input.
std::vector<events::joined_column> join_tables(stream_request const& r, events::row_schema& schema,
                                               io::job_files& files) {
  std::vector<events::joined_column> joined;
  for (auto const& j : r.joins)
    joined.push_back({j.name, events::column_named(schema, j.by, "--join"), nullptr});
  for (auto& column : joined) {
    require(std::find(schema.names.begin(), schema.names.end(), column.name) == schema.names.end(),
            "--join: there is a column '" + io::printable(column.name, 60) + "' already");
    column.table = read_table(r.joins[static_cast<std::size_t>(&column - joined.data())], r.threads, files);
    schema.names.push_back(column.name);
  }
  return joined;
}

std::string header_of_results(stream_request const& r) {
  std::string header = "window_start,window_end";
  if (!r.by.empty()) events::write_csv_field(header += ',', r.by);
  for (auto const& a : r.aggregates) events::write_csv_field(header += ',', a.name);
  return header;
}

}  // namespace

stream_outcome run_stream(stream_request const& asked, io::job_files& files) {
  stream_request r = asked;
  std::optional<weights_file> weights;
  if (!r.weights_file.empty()) {
    weights.emplace(r.weights_file, r.partition.partitions);
    r.sub_streams = weights->streams();
  }
  require(r.sub_streams.empty() || !r.by.empty(),
          "stream: --weights are of partitions of keys; name their column with --by");
  bool const checked = !r.checkpoint.empty(), keyed = !r.by.empty(), to_redis = is_address(r.output);
  require(
      !checked || (stream_input::is_replayable(r.input) && !r.output.empty()),
      "stream: --checkpoint needs a file or redis:// as input, to be read again, and -o FILE, to be whole");
  require(r.rotate == 0 || (!r.output.empty() && !to_redis),
          "stream: --rotate needs -o FILE, whose name the files have");
  require(r.rotate == 0 || !checked, "stream: --rotate and --checkpoint do not go together");
  std::optional<address> sink_address;
  if (to_redis) sink_address = parse_address(r.output);
  require(!to_redis || sink_address->scheme == "redis", "stream: -o is a file, or redis://HOST:PORT/STREAM");

  stream_input input(r.input, r.form, r.block, r.idle_seconds, files);
  events::block_source& source = input.source();
  auto* const out = r.output.empty() || to_redis || r.rotate > 0 ? nullptr : &files.write(r.output);
  auto* const late_file = r.late.empty() ? nullptr : &files.write(r.late);

  std::string header;
  events::row_schema schema;
  if (r.form == events::text_form::csv) {
    header = source.header();
    schema.names = events::csv_fields(header);
  } else {
    schema.names = columns_named(r);
  }
  schema.columns = static_cast<std::uint32_t>(schema.names.size());
  schema.time = events::column_named(schema, r.time, "--time");
  auto const joined = join_tables(r, schema, files);
  if (keyed) schema.key = static_cast<std::int32_t>(events::column_named(schema, r.by, "--by"));
  events::aggregate_plan const plan(r.aggregates, schema);

  std::string const results_header = header_of_results(r), job = job_text(r, header, joined);
  std::optional<events::checkpoint> saved;
  if (checked) saved.emplace(r.checkpoint, job);
  bool const resumed = saved && saved->found();
  std::optional<redis_sink> sink;
  if (to_redis)
    sink.emplace(*sink_address, results_header, fmt::format("{:016x}", events::checksum_of(job)), checked);
  line_output results(out, saved ? &saved->results : nullptr, r.print),
      late(late_file, saved ? &saved->late : nullptr);
  std::optional<rotated_output> rotated;
  if (r.rotate > 0) rotated.emplace(r.output, r.rotate, results_header, input.file());
  if (!resumed) {
    if (!to_redis && !rotated) results.text = results_header + '\n';
    if (r.form == events::text_form::csv) late.text = header + '\n';
  }
  auto const write = [&] {
    if (sink) sink->flush();
    results.write();
    if (late_file != nullptr) late.write();
  };
  write();

  auto const start = clock::now();
  events::stream_limits limits{r.threads, r.skip_malformed, r.partition, r.sub_streams};
  limits.parser = [](events::row_schema const& s) { return std::make_unique<events::csv_parser>(s); };
  if (r.form == events::text_form::json_lines) limits.parser = json_lines_parser, limits.header_lines = 0;
  if (!joined.empty()) limits.parser = events::joining_parser(limits.parser, schema.columns, joined);
  limits.keep_open = checked;
  limits.long_rounds = !checked;  // what a checkpoint holds is saved between two of them
  if (weights) limits.new_weights = [&] { return weights->changed(); };
  std::string line;
  events::stream_engine engine(
      r.window, watermark(r.lateness, r.advance), schema, plan, limits,
      [&](events::closed_window const& window) {
        auto& to = sink || rotated ? line : results.text;
        fmt::format_to(std::back_inserter(to), "{},{}", window.bounds.begin, window.bounds.end);
        if (keyed) events::write_csv_field(to += ',', window.key);
        to.append(window.answers);
        if (rotated) {
          rotated->add(window.bounds.end, line);
          return line.clear();
        }
        to += '\n';
        if (!sink) return results.write_if_large();
        sink->add(line);
        line.clear();
      },
      late_file == nullptr ? events::stream_engine::line_sink{} : [&](std::string_view record) {
        late.text.append(record) += '\n';
        late.write_if_large();
      });
  stream_outcome outcome;
  if (resumed) {
    source.go_to(saved->found()->input);
    outcome.resumed_at = saved->found()->input.substr(0, saved->found()->input.find(' '));
    events::byte_reader from(saved->found()->state);
    engine.load(from);
    if (sink) sink->go_to(engine.counts().results);
  }
  std::mutex state_mutex;
  auto& state = outcome.state;
  state.sub_streams = engine.sub_streams();
  auto const note_state = [&] {
    std::lock_guard const lock(state_mutex);
    state.counts = engine.counts(), state.sub_streams = engine.sub_streams();
    state.open_groups = engine.open_groups();
    if (engine.largest_time() != watermark::before_all)
      state.event_time = r.unit.seconds(engine.largest_time());
    state.seconds = seconds_since(start);
  };
  std::optional<metrics_server> metrics;
  if (!r.metrics.empty())
    metrics.emplace(r.metrics, [&] {
      std::lock_guard const lock(state_mutex);
      return pictures::metrics_text(state, r.sub_streams);
    });
  auto last_saved = start;
  engine.run(source, [&](bool ended) {
    write();
    note_state();
    if (r.after_round) r.after_round(state, ended);
    if (!saved || (ended ? !source.stopped() : seconds_since(last_saved) < r.checkpoint_seconds)) return;
    if (!ended && saved->is_saving()) return;
    std::string const place = source.place();
    if (place.empty()) return;
    events::byte_writer bytes;
    engine.save(bytes);
    saved->save({place, std::move(bytes.bytes)});
    last_saved = clock::now();
  });
  if (saved) saved->wait();
  results.copy_kept(), late.copy_kept();
  input.check_unchanged();
  files.prepare();
  if (rotated) rotated->end();
  if (sink && !(checked && source.stopped())) sink->end();
  metrics.reset();
  state.seconds = seconds_since(start);
  outcome.sub_streams = r.sub_streams;
  outcome.stopped = source.stopped();
  outcome.left_over = source.left_over();
  return outcome;
}

}  // namespace prorata::feeds
