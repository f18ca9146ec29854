// Running CLI11 over a command's arguments, its complaints turned into our one-line errors.
#pragma once

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <host/cli/commands.hpp>
#include <host/io/printable.hpp>
#include <prorata/error.hpp>

namespace prorata::cli {

inline void parse(CLI::App& command, arguments args) {
  std::reverse(args.begin(), args.end());  // CLI11 takes them from the back
  command.set_help_flag();
  try {
    command.parse(args);
  } catch (CLI::Error const& e) {
    std::string what = e.what();
    std::replace(what.begin(), what.end(), '\n', ' ');
    throw usage_error(command.get_name() + ": " + io::printable(what) + "; see prorata help " +
                      command.get_name());
  }
}

}  // namespace prorata::cli
