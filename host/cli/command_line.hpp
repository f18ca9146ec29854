// A command's words and options, and where they go: CLI11's, which takes long to compile and is compiled
// once.
#pragma once

#include <host/cli/commands.hpp>
#include <host/cli/options.hpp>
#include <memory>
#include <prorata/config.hpp>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace prorata::cli {

class command_line {
 public:
  /// Of the command with this name.
  explicit command_line(std::string const& name);
  ~command_line();

  /// An option such as "-o,--output", or without dashes a word on the line, and what it sets.
  void option(std::string const& name, std::string& to);
  void option(std::string const& name, std::vector<std::string>& to);
  void option(std::string const& name, int& to);
  void option(std::string const& name, index_t& to);
  void option(std::string const& name, std::uint64_t& to);
  void option(std::string const& name, double& to);
  /// One that must be there.
  void required(std::string const& name, std::string& to);
  void flag(std::string const& name, bool& to);

  /// Sets everything from what was typed after the command's name.
  ///   throws  usage_error
  void parse(arguments args);

 private:
  std::unique_ptr<CLI::App> app_;
};

/// Adds --devices, --weights, --method, --costs, --cap, --threads: where work goes.
void add_device_options(command_line& command, options& o);
/// Adds --dtype, --shape, --offset: what a headerless file holds.
void add_raw_options(command_line& command, options& o);
/// Adds --memory, --chunk, --json, --progress, --trace, --verify: how it is streamed and reported.
void add_stream_options(command_line& command, options& o);

/// Of commands whose chunks have no result of their own to compare: refuses --verify.
///   throws  usage_error
void refuse_verify(options const& o, std::string const& command);

}  // namespace prorata::cli
