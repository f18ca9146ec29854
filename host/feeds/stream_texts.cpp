// Texts, read.
#include <sys/stat.h>

#include <cerrno>
#include <charconv>
#include <fstream>

#include <host/feeds/stream_texts.hpp>
#include <host/io/printable.hpp>
#include <host/io/system_error.hpp>
#include <host/jobs/notes.hpp>
#include <host/jobs/texts.hpp>
#include <utility>

namespace prorata::feeds {

namespace {

std::int64_t in_nanoseconds(std::string_view unit) {
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

using jobs::parse_index;

std::vector<std::string> split(std::string const& text, char at) {
  std::vector<std::string> parts;
  for (std::size_t from = 0; from <= text.size();) {
    std::size_t const end = std::min(text.find(at, from), text.size());
    parts.push_back(text.substr(from, end - from));
    from = end + 1;
  }
  return parts;
}

}  // namespace

time_unit::time_unit(std::string const& name) : name_(name) {
  require(name_ == "s" || name_ == "ms" || name_ == "us" || name_ == "ns", "--time-unit is s, ms, us or ns");
}

std::int64_t time_unit::duration(std::string_view text, std::string const& option) const {
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

double time_unit::seconds(std::int64_t units) const {
  return static_cast<double>(units) * static_cast<double>(in_nanoseconds(name_)) / 1e9;
}

events::text_form parse_form(std::string const& text, std::string const& input) {
  require(text.empty() || text == "csv" || text == "jsonl", "--format is csv or jsonl");
  bool const by_name = input.ends_with(".jsonl") || input.ends_with(".ndjson");
  return text == "jsonl" || (text.empty() && by_name) ? events::text_form::json_lines
                                                      : events::text_form::csv;
}

window_rule parse_window(std::string const& text, time_unit const& unit) {
  auto const parts = split(text, ':');
  std::size_t const numbers = parts.size() - 1;
  auto const duration = [&](std::size_t k) { return unit.duration(parts[k], "--window"); };
  if (parts[0] == "tumbling" && numbers == 1) return window_rule(window_kind::tumbling, duration(1));
  if (parts[0] == "session" && numbers == 1) return window_rule(window_kind::session, duration(1));
  if (parts[0] == "sliding" && numbers == 2)
    return window_rule(window_kind::sliding, duration(1), duration(2));
  if (parts[0] == "count" && numbers == 1)
    return window_rule(window_kind::count, parse_index(parts[1], "--window", 1));
  refuse("--window '" + io::printable(text, 60) +
         "': expected tumbling:SIZE, sliding:SIZE:STEP, session:GAP or count:RECORDS");
}

events::key_partition parse_partition(std::string const& text) {
  events::key_partition found;
  if (text.starts_with("hash:")) {
    found.partitions =
        static_cast<int>(std::min<index_t>(parse_index(text.substr(5), "--partition", 1), 1 << 20));
  } else if (text.starts_with("range:") && text.size() > 6) {
    found.splits = split(text.substr(6), ',');
    for (std::size_t k = 1; k < found.splits.size(); ++k)
      require(events::key_order(found.splits[k - 1]) < events::key_order(found.splits[k]),
              "--partition range: keys in their order, whole numbers before other texts; '" +
                  io::printable(found.splits[k], 40) + "' does not stand behind '" +
                  io::printable(found.splits[k - 1], 40) + "'");
    found.partitions = static_cast<int>(found.splits.size()) + 1;
  } else {
    refuse("--partition '" + io::printable(text, 60) +
           "': expected hash:COUNT, or range:KEY,KEY,... in order");
  }
  require(found.partitions <= 4096, "--partition: there are at most 4096 partitions");
  return found;
}

std::vector<events::sub_stream> parse_sub_streams(std::string const& text, int partitions) {
  std::vector<events::sub_stream> found;
  std::vector<bool> taken(static_cast<std::size_t>(partitions));
  for (std::string const& part : split(text, ',')) {
    std::string const quoted = "--weights '" + io::printable(part, 40) + "'";
    std::size_t const equals = part.find('=');
    require(equals != part.npos, quoted + ": expected PARTITIONS=WEIGHT, as in 0-7=5");
    std::string const range = part.substr(0, equals);
    std::size_t const dash = range.find('-');
    index_t const first = parse_index(range.substr(0, dash), "--weights");
    index_t const last = dash == range.npos ? first : parse_index(range.substr(dash + 1), "--weights");
    require(first <= last && last < partitions,
            quoted + ": partitions are 0 to " + std::to_string(partitions - 1) + ", the lower one first");
    for (index_t p = first; p <= last; ++p) {
      require(!taken[static_cast<std::size_t>(p)],
              quoted + ": partition " + std::to_string(p) + " has a weight already");
      taken[static_cast<std::size_t>(p)] = true;
    }
    auto const weights = jobs::parse_numbers(part.substr(equals + 1), "--weights");
    require(weights.size() == 1, quoted + ": one weight");
    found.push_back({static_cast<int>(first), static_cast<int>(last), weights[0]});
  }
  for (std::size_t p = 0; p < taken.size(); ++p)
    require(taken[p], "--weights: partition " + std::to_string(p) + " has none; there are partitions 0 to " +
                          std::to_string(partitions - 1));
  return found;
}

weights_file::weights_file(std::string path, int partitions)
    : path_(std::move(path)), partitions_(partitions) {
  stamp_changed();
  streams_ = read();
}

/// Ranges by line or by comma, in their order.
std::vector<events::sub_stream> weights_file::read() const {
  std::ifstream file(path_);
  std::string list;
  for (std::string line; std::getline(file, line);) {
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ' || line.back() == ','))
      line.pop_back();
    if (!line.empty()) list += (list.empty() ? "" : ",") + line;
  }
  if (!file.eof()) throw input_error(io::system_message(path_, "read", errno));
  if (list.empty()) throw input_error(io::printable(path_) + ": there are no weights");
  auto streams = parse_sub_streams(list, partitions_);
  fair_queue trial;  // it knows which weights there are
  for (auto const& s : streams) trial.join(s.weight);
  return streams;
}

bool weights_file::stamp_changed() {
  struct stat about {};
  if (::stat(path_.c_str(), &about) != 0) return false;  // it may be replaced right now
  stamp const now{about.st_mtim.tv_sec, about.st_mtim.tv_nsec, about.st_size, about.st_ino};
  return std::exchange(stamp_, now) != now;
}

std::optional<std::vector<double>> weights_file::changed() {
  if (!stamp_changed()) return {};
  std::vector<double> weights;
  try {
    auto const streams = read();
    require(streams.size() == streams_.size(), "the ranges of partitions may not change");
    for (std::size_t k = 0; k < streams.size(); ++k) {
      require(streams[k].first == streams_[k].first && streams[k].last == streams_[k].last,
              "the ranges of partitions, and their order, may not change");
      weights.push_back(streams[k].weight);
    }
  } catch (error const& e) {
    jobs::note("--weights-file " + io::printable(path_) +
               " has changed, and its weights were not taken: " + e.what());
    return {};
  }
  return weights;
}

}  // namespace prorata::feeds
