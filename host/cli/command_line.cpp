// Reading a command's words and options.
#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <host/cli/command_line.hpp>
#include <host/cli/print.hpp>
#include <host/io/printable.hpp>
#include <memory>
#include <prorata/error.hpp>
#include <type_traits>

namespace prorata::cli {

namespace {

std::vector<std::string> split(std::string const& names) {
  auto const comma = names.find(',');
  if (comma == names.npos) return {names};
  return {names.substr(0, comma), names.substr(comma + 1)};
}

/// "-3", "-.5,1", "-inf": a value, or a word, but no option.
bool reads_like_a_number(std::string_view word) {
  word.remove_prefix(1);
  return word.empty() || (word[0] >= '0' && word[0] <= '9') || word[0] == '.' || word.starts_with("inf") ||
         word.starts_with("nan");
}

bool is_option(std::string_view word) { return word.starts_with('-') && !reads_like_a_number(word); }

}  // namespace

command_line command_line::to_be_listed(std::string name, arguments typed) {
  command_line line(std::move(name), std::move(typed));
  line.is_listed_ = true;
  return line;
}

std::string command_line::take_first(char const* otherwise) {
  require(!typed_.empty() && !typed_.front().starts_with("-"), otherwise);
  std::string first = std::move(typed_.front());
  typed_.erase(typed_.begin());
  return first;
}

void command_line::add(std::string const& name, takes values, std::function<void(std::string const&)> set) {
  entries_.push_back(entry{.names = split(name), .values = values, .set = std::move(set)});
}

template <class N>
void command_line::add_number(std::string const& name, N& to) {
  add(name, takes::one, [this, name, &to](std::string const& value) {
    auto const [end, error] = std::from_chars(value.data(), value.data() + value.size(), to);
    if (error != std::errc{} || end != value.data() + value.size())
      refuse(fmt::format("{} '{}': expected a {}", name, io::printable(value, 60),
                         std::is_integral_v<N> ? "whole number" : "number"));
  });
}

void command_line::option(std::string const& name, std::string& to) {
  add(name, takes::one, [&to](std::string const& value) { to = value; });
}
void command_line::option(std::string const& name, std::vector<std::string>& to) {
  add(name, takes::all, [&to](std::string const& value) { to.push_back(value); });
}
void command_line::list(std::string const& name, std::vector<std::string>& to) {
  add(name, takes::one, [&to](std::string const& value) { to.push_back(value); });
  entries_.back().repeats = true;
}
void command_line::option(std::string const& name, int& to) { add_number(name, to); }
void command_line::option(std::string const& name, index_t& to) { add_number(name, to); }
void command_line::option(std::string const& name, std::uint64_t& to) { add_number(name, to); }
void command_line::option(std::string const& name, double& to) { add_number(name, to); }
void command_line::required(std::string const& name, std::string& to) {
  option(name, to);
  entries_.back().required = true;
}
void command_line::expression(std::string const& name, std::string& to) {
  required(name, to);
  entries_.back().may_begin_with_dash = true;
}
void command_line::flag(std::string const& name, bool& to) {
  add(name, takes::nothing, [&to](std::string const&) { to = true; });
}

void command_line::refuse(std::string const& what) const {
  throw usage_error(fmt::format("{}: {}; see prorata help {}", name_, what, name_));
}

command_line::entry* command_line::named(std::string_view name) {
  auto const found = std::find_if(entries_.begin(), entries_.end(), [&](entry const& e) {
    return !e.is_word() && std::find(e.names.begin(), e.names.end(), name) != e.names.end();
  });
  return found == entries_.end() ? nullptr : &*found;
}

/// What the next word on the line is; null where none is expected.
command_line::entry* command_line::next_word() {
  auto const found = std::find_if(entries_.begin(), entries_.end(), [](entry const& e) {
    return e.is_word() && (!e.given || e.values == takes::all);
  });
  return found == entries_.end() ? nullptr : &*found;
}

/// Reads the option at typed_[at], and its value where that is the next word: `at` is then there.
void command_line::read_option(std::size_t& at) {
  std::string const& word = typed_[at];
  std::size_t const name_size = word.starts_with("--") ? std::min(word.find('='), word.size()) : 2;
  std::string const name = word.substr(0, name_size);
  entry* const found = named(name);
  if (found == nullptr) refuse("unknown option " + io::printable(word, 60));
  bool const joined = word.size() > name_size;
  if (found->values == takes::nothing) {
    if (joined) refuse(fmt::format("{} takes no value: '{}'", name, io::printable(word, 60)));
  } else if (found->given && !found->repeats) {
    refuse(name + " was given twice");
  }
  found->given = true;
  if (found->values == takes::nothing) return found->set("");
  std::string value;
  if (joined) {
    value = word.substr(word[name_size] == '=' ? name_size + 1 : name_size);
  } else {
    if (at + 1 == typed_.size()) refuse(name + " needs a value");
    value = typed_[++at];
    if (is_option(value))
      refuse(fmt::format("{} needs a value, and '{}' is an option; write {}={} if it is meant", name,
                         io::printable(value, 60), found->names.back(), io::printable(value, 60)));
  }
  if (value.empty()) refuse(name + " needs a value, and this one is empty");
  found->set(value);
}

void command_line::parse() {
  if (is_listed_) {
    option_names names;
    for (auto const& e : entries_)
      if (!e.is_word()) names.all.insert(names.all.end(), e.names.begin(), e.names.end());
    throw names;
  }
  bool only_words = false;
  for (std::size_t at = 0; at < typed_.size(); ++at) {
    std::string const& word = typed_[at];
    entry* const expected = next_word();
    if (!only_words && word == "--") {
      only_words = true;
    } else if (!only_words && is_option(word) &&
               !(expected != nullptr && expected->may_begin_with_dash && word[1] != '-' &&
                 named(word.substr(0, 2)) == nullptr)) {
      read_option(at);
    } else if (expected == nullptr) {
      refuse(fmt::format("'{}' is one word too many", io::printable(word, 60)));
    } else {
      expected->given = true;
      expected->set(word);
    }
  }
  for (auto const& e : entries_)
    if (e.required && !e.given) refuse((e.is_word() ? "name the " : "needs ") + e.names.back());
  for (auto const& look : checks_) look();
}

void add_memory_option(command_line& command, options& o) {
  command.option("--memory", o.memory, [](auto const& text) { return parse_bytes(text, "--memory"); });
}

void add_device_options(command_line& command, options& o) {
  command.option("--devices", o.devices);
  command.option("--weights", o.weights, parse_weights);
  command.option("--method", o.method, parse_method);
  command.option("--costs", o.costs);
  command.option("--cap", o.cap);
  command.option("--threads", o.threads);
}

void add_raw_options(command_line& command, options& o) {
  struct said {
    std::optional<io::element_type> dtype;
    std::optional<std::vector<index_t>> shape;
    std::optional<index_t> offset;
  };
  auto const raw = std::make_shared<said>();
  command.option("--dtype", raw->dtype, io::parse_dtype);
  command.option("--shape", raw->shape, io::parse_shape);
  command.option("--offset", raw->offset, [](auto const& text) { return io::parse_count(text, "--offset"); });
  command.check([raw, &o] {
    require(raw->dtype || (!raw->shape && !raw->offset),
            "--shape and --offset need --dtype: they describe a raw file");
    if (raw->dtype) o.raw_inputs = io::raw_layout{*raw->dtype, raw->shape, raw->offset.value_or(0)};
  });
}

void add_stream_options(command_line& command, options& o) {
  add_memory_option(command, o);
  command.option("--chunk", o.chunk, [](auto const& text) { return parse_bytes(text, "--chunk").bytes; });
  command.flag("--json", o.json);
  command.option("--progress", o.progress, parse_shown);
  command.option("--trace", o.trace);
  command.option("--report", o.report);
  command.option("--verify", o.verify);
  command.option("--schedule", o.schedule, parse_schedule);
  command.option("--times", o.times);
}

void add_job_options(command_line& command, options& o, job_abilities can) {
  add_device_options(command, o);
  add_raw_options(command, o);
  add_stream_options(command, o);
  command.check([&o, can, name = command.name()] {
    require(can.verify || o.verify == 0,
            name +
                ": --verify is for stats, reduce and map, whose chunks can be computed again "
                "and compared; leave it out");
    require(
        can.guided || o.schedule != schedule::guided,
        name +
            ": --schedule guided is for stats, reduce, map, histogram, quantile, topk, select and groupby, "
            "whose chunks can be done in any order; leave it out");
  });
}

void add_input(command_line& command, options& o, char const* one) {
  command.option("inputs", o.inputs);
  command.check([&o, one, name = command.name()] {
    require(o.inputs.size() == 1, name + " takes " + one + " file, not " + std::to_string(o.inputs.size()));
  });
}

void add_expression(command_line& command, std::string& text, options& o) {
  command.expression("expression", text);
  command.option("inputs", o.inputs);
  command.check([&o, name = command.name()] {
    require(!o.inputs.empty(), name + ": name at least one input file after the expression");
  });
}

void add_output(command_line& command, options& o) {
  command.option("-o,--output", o.output);
  command.check(
      [&o, name = command.name()] { require(!o.output.empty(), name + ": name the output with -o FILE"); });
}

}  // namespace prorata::cli
