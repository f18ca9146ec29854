// A command's words and options, and where they go.
#pragma once

#include <cstdint>
#include <functional>
#include <host/cli/options.hpp>
#include <host/jobs/texts.hpp>
#include <prorata/config.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace prorata::cli {

using arguments = std::vector<std::string>;

/// A value follows its option (`--temp DIR`, `-o FILE`) or is part of the word (`--temp=DIR`, `-oFILE`). A
/// word that begins with a dash is an option, unless it reads like a number; after `--` none is.
class command_line {
 public:
  /// Of the command with this name: what was typed after it.
  command_line(std::string name, arguments typed) : name_(std::move(name)), typed_(std::move(typed)) {}

  /// One of a command that is not run: parse() throws the names of its options.
  struct option_names {
    std::vector<std::string> all;
  };
  static command_line to_be_listed(std::string name, arguments typed = {});

  std::string const& name() const { return name_; }
  arguments const& typed() const { return typed_; }
  /// Takes the first word, which is no option.
  ///   throws  usage_error with that text where there is none
  std::string take_first(char const* otherwise);

  /// An option such as "-o,--output", or without dashes a word on the line, and what it sets. A vector takes
  /// every word that is left.
  void option(std::string const& name, std::string& to);
  void option(std::string const& name, std::vector<std::string>& to);
  void option(std::string const& name, int& to);
  void option(std::string const& name, index_t& to);
  void option(std::string const& name, std::uint64_t& to);
  void option(std::string const& name, double& to);
  /// One whose text parse(text) turns into a value.
  template <class T, class Parse>
  void option(std::string const& name, T& to, Parse parse) {
    add(name, takes::one, [&to, parse](std::string const& value) { to = parse(value); });
  }
  /// An option that may be given several times.
  void list(std::string const& name, std::vector<std::string>& to);
  template <class T, class Parse>
  void list(std::string const& name, std::vector<T>& to, Parse parse) {
    add(name, takes::one, [&to, parse](std::string const& value) { to.push_back(parse(value)); });
    entries_.back().repeats = true;
  }
  /// One that must be there.
  void required(std::string const& name, std::string& to);
  template <class T, class Parse>
  void required(std::string const& name, T& to, Parse parse) {
    option(name, to, parse);
    entries_.back().required = true;
  }
  /// A word that must be there and may begin with a dash: '-x'.
  void expression(std::string const& name, std::string& to);
  void flag(std::string const& name, bool& to);

  /// Called when everything is set, to look at options together.
  void check(std::function<void()> look) { checks_.push_back(std::move(look)); }

  /// Sets everything from what was typed.
  ///   throws  usage_error
  void parse();

 private:
  enum class takes { one, all, nothing };
  struct entry {
    std::vector<std::string> names;  // "-o" and "--output"; of a word on the line: what it is called
    takes values;
    std::function<void(std::string const&)> set;
    bool required = false, may_begin_with_dash = false, repeats = false, given = false;
    bool is_word() const { return names.front().front() != '-'; }
  };

  void add(std::string const& name, takes values, std::function<void(std::string const&)> set);
  template <class N>
  void add_number(std::string const& name, N& to);
  entry* named(std::string_view name);
  entry* next_word();
  void read_option(std::size_t& at);
  [[noreturn]] void refuse(std::string const& what) const;

  std::string name_;
  arguments typed_;
  bool is_listed_ = false;
  std::vector<entry> entries_;
  std::vector<std::function<void()>> checks_;
};

/// Adds --memory.
void add_memory_option(command_line& command, options& o);
/// Adds --devices, --weights, --method, --costs, --cap, --threads: where work goes.
void add_device_options(command_line& command, options& o);
/// Adds --dtype, --shape, --offset: what a headerless file holds.
void add_raw_options(command_line& command, options& o);
/// Adds --memory, --chunk, --json, --progress, --trace, --verify, --schedule, --times: how it is streamed and reported.
void add_stream_options(command_line& command, options& o);

/// What the chunks of a command allow.
struct job_abilities {
  bool verify = false;  ///< they have a result of their own to compare
  bool guided = true;   ///< devices need not have their elements in order
};

/// Adds all of these, and refuses --verify and --schedule guided where a command cannot do that.
void add_job_options(command_line& command, options& o, job_abilities can = {});

/// Adds the one input, or the output, that a command must have.
///   one  how messages say that
void add_input(command_line& command, options& o, char const* one = "one");
void add_output(command_line& command, options& o);

/// Adds an expression and the inputs that it is of.
void add_expression(command_line& command, std::string& text, options& o);

}  // namespace prorata::cli
