// prorata help: help.md itself, compiled in.
#include <host/cli/commands.hpp>
#include <host/cli/print.hpp>
#include <host/io/printable.hpp>
#include <prorata/error.hpp>

namespace prorata::cli {

extern char const help_markdown[];  // help.md, made into a source file by the build

std::string help_text(std::string const& command) {
  std::string const all = help_markdown;
  if (command.empty()) return all;
  auto const begin = all.find("\n## " + command + "\n");
  if (begin == all.npos)
    throw usage_error("help: there is no command '" + io::printable(command, 60) +
                      "'; prorata help lists them");
  auto const end = all.find("\n## ", begin + 4);
  return all.substr(begin + 1, end == all.npos ? end : end - begin);
}

void help_command(command_line& command, io::job_files&) {  // whatever else is typed, the first word counts
  auto const& words = command.typed();
  print("{}", help_text(words.empty() ? "" : words.front()));
}

}  // namespace prorata::cli
