// The manual and the tables of options say the same: none is left out, and none is there that is not.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <host/cli/commands.hpp>
#include <set>
#include <sstream>

namespace prorata::cli {

namespace {

using names = std::set<std::string>;

/// What looks like an option in a text: "--raw", "-o".
names options_in(std::string const& text) {
  names found;
  for (std::size_t at = text.find('-'); at != text.npos; at = text.find('-', at)) {
    bool const begins =
        at == 0 || std::string(" [(|`").find(text[at - 1]) != std::string::npos || text[at - 1] == '\n';
    std::size_t end = at + 1;
    while (end < text.size() && (std::isalnum(static_cast<unsigned char>(text[end])) || text[end] == '-'))
      ++end;
    if (begins && end > at + 1 && std::isalpha(static_cast<unsigned char>(text[end - 1])) &&
        (text[at + 1] == '-' || end == at + 2))
      found.insert(text.substr(at, end - at));
    at = end;
  }
  return found;
}

/// The lines that a section begins with: how the command is called.
std::string usage_in(std::string const& section) {
  std::istringstream lines(section);
  std::string usage, line;
  std::getline(lines, line), std::getline(lines, line);  // its name, and a blank
  while (std::getline(lines, line) && line.starts_with("    ")) usage += line + '\n';
  return usage;
}

/// Those of a list in the section of reduce, between two of its lines.
names listed(std::string const& from, std::string const& to) {
  std::string const all = help_text("reduce");
  auto const begin = all.find(from);
  auto const end = to.empty() ? all.size() : all.find(to);
  EXPECT_LT(begin, end);
  return options_in(all.substr(begin, end - begin));
}

TEST(Manual, says_the_options_that_commands_have) {
  names const devices = listed("Device options:", "Stream options:"), streams = listed("Stream options:", ""),
              raw = {"--dtype", "--shape", "--offset"};
  ASSERT_TRUE(devices.contains("--weights") && streams.contains("--memory"));
  io::job_files files;
  int compared = 0;
  for (auto const& [name, run] : commands()) {
    if (std::string_view(name) == "help") continue;
    SCOPED_TRACE(name);
    auto line = command_line::to_be_listed(name, {"sum"});  // where an operation comes first
    names has;
    try {
      run(line, files);
      ADD_FAILURE() << "it did not read its options";
    } catch (command_line::option_names const& found) { has = names(found.all.begin(), found.all.end()); }
    std::string const section = help_text(name), usage = usage_in(section);
    names said = options_in(section);
    if (usage.find("[options of sort]") != usage.npos) said.merge(options_in(help_text("sort")));
    for (auto const& option : options_in(usage))
      EXPECT_TRUE(has.contains(option)) << option << " is said, and not there";
    for (auto const& option : has) {
      bool const shared = devices.contains(option) || streams.contains(option) || raw.contains(option);
      EXPECT_TRUE(shared || said.contains(option) || option == "--output")
          << option << " is there, and not said";
      ++compared;
    }
  }
  EXPECT_GT(compared, 200);
}

}  // namespace
}  // namespace prorata::cli
