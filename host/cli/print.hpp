// Standard output: what a command prints, whose last bytes wait until its outputs are published.
#pragma once

#include <fmt/core.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace prorata::cli {

/// Prints text.
///   throws  out_of_memory where it cannot be written (a full disk); where nobody reads it any more (a closed pipe)
///           the process ends as by SIGPIPE
void print_text(std::string_view text);

template <class... Args>
void print(fmt::format_string<Args...> format, Args&&... args) {
  print_text(fmt::format(format, std::forward<Args>(args)...));
}

/// Writes all that was printed but the last two bytes: what cannot be written is found out now, and a reader who
/// waits for the end of the line, or of the JSON, does not yet act on it.
void print_all_but_the_end();
/// Writes those.
void print_the_end();

/// The words of this process's command line: main says them.
void note_words(int argc, char const* const* argv);
std::vector<std::string> const& noted_words();

/// Notes (jobs::note) are lines on standard error once the job has ended well. Where it fails there is one line, and
/// that says why.
void print_notes();

}  // namespace prorata::cli
