// prorata stream: aggregates of the records of each key in windows of event time, as they close.
#include <fmt/format.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <host/cli/command_line.hpp>
#include <host/cli/job.hpp>
#include <host/cli/outputs.hpp>
#include <host/cli/print.hpp>
#include <host/cli/report.hpp>
#include <host/events/checkpoint.hpp>
#include <host/events/stream_engine.hpp>
#include <host/io/printable.hpp>
#include <nlohmann/json.hpp>
#include <optional>

namespace prorata::cli {

namespace {

/// Durations in the unit of the input's times.
class time_unit {
 public:
  explicit time_unit(std::string const& name) : name_(name) {
    require(name_ == "s" || name_ == "ms" || name_ == "us" || name_ == "ns",
            "--time-unit is s, ms, us or ns");
  }

  /// "10s", "500ms", "2h"; without a unit, that of the input.
  ///   throws  usage_error where it is no whole number of units
  std::int64_t duration(std::string_view text, std::string const& option) const {
    std::int64_t number = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    std::string_view const unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
    std::string const quoted = option + " '" + io::printable(text, 40) + "'";
    auto const nanoseconds = in_nanoseconds(unit.empty() ? name_ : unit);
    if (error != std::errc{} || nanoseconds == 0)
      refuse(quoted + ": expected a duration such as 10s; units are ns us ms s m h d");
    auto const all = static_cast<__int128>(number) * nanoseconds,
               own = static_cast<__int128>(in_nanoseconds(name_));
    require(all % own == 0, quoted + " is no whole number of the input's units (" + name_ + ")");
    require(all / own <= largest_event_time && all >= 0, quoted + " is out of range: from 0 to 2^61 units");
    return static_cast<std::int64_t>(all / own);
  }

  double seconds(std::int64_t units) const {
    return static_cast<double>(units) * static_cast<double>(in_nanoseconds(name_)) / 1e9;
  }

 private:
  static std::int64_t in_nanoseconds(std::string_view unit) {
    constexpr std::int64_t second = 1'000'000'000;
    if (unit == "ns") return 1;
    if (unit == "us") return 1000;
    if (unit == "ms") return 1'000'000;
    if (unit == "s") return second;
    if (unit == "m" || unit == "min") return 60 * second;
    if (unit == "h") return 3600 * second;
    if (unit == "d") return 86400 * second;
    return 0;
  }

  std::string name_;
};

/// "tumbling:10s", "sliding:60s:1s", "session:30s", "count:1000".
window_rule parse_window(std::string const& text, time_unit const& unit) {
  std::vector<std::string> parts;
  for (std::size_t from = 0; from <= text.size();) {
    std::size_t const colon = std::min(text.find(':', from), text.size());
    parts.push_back(text.substr(from, colon - from));
    from = colon + 1;
  }
  std::size_t const numbers = parts.size() - 1;
  if (parts[0] == "tumbling" && numbers == 1)
    return window_rule(window_kind::tumbling, unit.duration(parts[1], "--window"));
  if (parts[0] == "session" && numbers == 1)
    return window_rule(window_kind::session, unit.duration(parts[1], "--window"));
  if (parts[0] == "sliding" && numbers == 2)
    return window_rule(window_kind::sliding, unit.duration(parts[1], "--window"),
                       unit.duration(parts[2], "--window"));
  if (parts[0] == "count" && numbers == 1)
    return window_rule(window_kind::count, parse_index(parts[1], "--window", 1));
  refuse("--window '" + io::printable(text, 60) +
         "': expected tumbling:SIZE, sliding:SIZE:STEP, session:GAP or count:RECORDS");
}

struct stream_options {
  std::string input, time, time_unit = "ms", by, window, aggregates = "count", lateness = "0", advance,
                           malformed = "fatal", late, output, block = "128K", checkpoint,
                           checkpoint_every = "10s";
  int threads = 0;
  bool json = false;
};

/// Lines that are gathered, and written to a file, to a checkpoint until the file is complete, or to standard output.
class line_output {
 public:
  explicit line_output(io::atomic_file* file, events::growing_file* kept = nullptr)
      : file_(file), kept_(kept) {}
  std::string text;
  void write_if_large() {
    if (text.size() >= 1 << 16) write();
  }
  /// Standard output has all of it afterwards: somebody may wait for it.
  void write() {
    if (kept_ != nullptr) {
      kept_->append(text);
    } else if (file_ != nullptr) {
      file_->write(at_, std::as_bytes(std::span(text)));
      at_ += std::ssize(text);
    } else if (!text.empty()) {
      print_text(text);
      print_the_end();
    }
    text.clear();
  }
  /// Copies what a checkpoint holds to the file.
  void copy_kept() {
    for (index_t at = 0; kept_ != nullptr && file_ != nullptr && at < kept_->size();) {
      std::string const bytes = kept_->read(at);
      if (bytes.empty()) throw device_error("a checkpoint's results were cut by somebody else");
      file_->write(at, std::as_bytes(std::span(bytes)));
      at += std::ssize(bytes);
    }
  }

 private:
  io::atomic_file* file_;
  events::growing_file* kept_;
  index_t at_ = 0;
};

/// What decides about results, for a checkpoint to compare.
std::string job_text(stream_options const& o, std::string const& header) {
  return nlohmann::json{version_string, header,     o.time,    o.time_unit,     o.by,       o.window,
                        o.aggregates,   o.lateness, o.advance, !o.late.empty(), o.malformed}
      .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
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
  command.option("--by", o.by);
  command.option("--window", o.window);
  command.option("--agg", o.aggregates);
  command.option("--lateness", o.lateness);
  command.option("--max-advance", o.advance);
  command.option("--malformed", o.malformed);
  command.option("--late", o.late);
  command.option("-o,--output", o.output);
  command.option("--block", o.block);
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
  index_t const block = parse_bytes(o.block, "--block");
  require(block >= 1 && block <= index_t{1} << 30, "--block is from 1 byte to 1G");
  auto wanted = events::parse_aggregates(o.aggregates);

  bool const checked = !o.checkpoint.empty();
  require(!checked || (o.input != "-" && !o.output.empty()),
          "stream: --checkpoint needs a file as input, to be read again, and -o FILE, to be whole");
  double const every =
      static_cast<double>(time_unit("ns").duration(o.checkpoint_every, "--checkpoint-every")) / 1e9;

  std::optional<io::input_file> file;
  std::unique_ptr<events::block_source> source;
  events::file_source* place_in_file = nullptr;
  if (o.input == "-") {
    source = std::make_unique<events::pipe_source>(STDIN_FILENO, "standard input", block);
  } else {
    file.emplace(files.read(o.input));
    auto from_file = std::make_unique<events::file_source>(*file, block);
    place_in_file = from_file.get();
    source = std::move(from_file);
  }
  auto* const out = o.output.empty() ? nullptr : &files.write(o.output);
  auto* const late_file = o.late.empty() ? nullptr : &files.write(o.late);

  std::string const header = source->header();
  events::row_schema schema;
  schema.names = events::csv_fields(header);
  schema.columns = static_cast<std::uint32_t>(schema.names.size());
  schema.time = events::column_named(schema, o.time, "--time");
  if (!o.by.empty()) schema.key = static_cast<std::int32_t>(events::column_named(schema, o.by, "--by"));
  events::aggregate_plan const plan(std::move(wanted), schema);

  std::optional<events::checkpoint> saved;
  if (checked) saved.emplace(o.checkpoint, *file, job_text(o, header));
  bool const resumed = saved && saved->found();
  line_output results(out, saved ? &saved->results : nullptr),
      late(late_file, saved ? &saved->late : nullptr);
  if (!resumed) {
    results.text = "window_start,window_end";
    if (!o.by.empty()) events::write_csv_field(results.text += ',', o.by);
    for (auto const& a : plan.wanted()) events::write_csv_field(results.text += ',', a.name);
    results.text += '\n';
    late.text = header + '\n';
  }

  auto const start = std::chrono::steady_clock::now();
  bool const keyed = !o.by.empty();
  events::stream_engine engine(
      rule, mark, schema, plan, {o.threads, o.malformed == "skip"},
      [&](events::closed_window const& window) {
        fmt::format_to(std::back_inserter(results.text), "{},{}", window.bounds.begin, window.bounds.end);
        if (keyed) events::write_csv_field(results.text += ',', window.key);
        results.text.append(window.answers) += '\n';
        results.write_if_large();
      },
      late_file == nullptr ? events::stream_engine::line_sink{} : [&](std::string_view line) {
        late.text.append(line) += '\n';
        late.write_if_large();
      });
  index_t const resumed_at = resumed ? saved->found()->offset : 0;
  if (resumed) {
    events::byte_reader from(saved->found()->state);
    engine.load(from);
    place_in_file->go_to(resumed_at);
  }
  auto last_saved = start;
  engine.run(*source, [&](bool ended) {
    results.write();
    if (late_file != nullptr) late.write();
    auto const now = std::chrono::steady_clock::now();
    // At the end of the file a record may be cut off that goes on when the file has grown.
    if (!saved || ended || place_in_file->at() >= file->size() ||
        std::chrono::duration<double>(now - last_saved).count() < every)
      return;
    events::byte_writer state;
    engine.save(state);
    saved->save({place_in_file->at(), state.bytes});
    last_saved = std::chrono::steady_clock::now();
  });
  results.copy_kept(), late.copy_kept();
  if (file) file->check_unchanged();
  files.prepare();
  double const seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();

  auto const& counts = engine.counts();
  double const speed = static_cast<double>(counts.records) / std::max(seconds, 1e-9);
  if (o.json) {
    print("{}\n", nlohmann::json{{"op", "stream"},
                                 {"records", counts.records},
                                 {"bytes", counts.bytes},
                                 {"results", counts.results},
                                 {"late", counts.late},
                                 {"partly_late", counts.partly_late},
                                 {"malformed", counts.malformed},
                                 {"resumed_at", resumed_at},
                                 {"seconds", seconds},
                                 {"records_per_s", speed}}
                      .dump());
  } else if (out != nullptr) {
    print("{}: {} of {}\n  {:.3g} s, {:.3g} M records/s\n", io::printable(o.output),
          count_text(counts.results, "result"), count_text(counts.records, "record"), seconds, speed / 1e6);
  }
  if (counts.late > 0) note(late_note(counts, o, unit));
  if (counts.partly_late > 0)
    note(count_text(counts.partly_late, "record") +
         " came after some of their windows had closed, and count in the others");
  if (counts.malformed > 0)
    note(fmt::format("{} could not be read and were left out, the first in {}",
                     count_text(counts.malformed, "record"), counts.first_malformed));
}

}  // namespace prorata::cli
