// A buffer before descriptor 1.
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <host/cli/print.hpp>
#include <host/io/emergency.hpp>
#include <host/io/system_error.hpp>
#include <host/jobs/launched.hpp>
#include <host/jobs/notes.hpp>
#include <prorata/error.hpp>
#include <string>

namespace prorata::cli {

namespace {

constexpr std::size_t enough = std::size_t{1} << 16;  // bytes that are written at once
constexpr std::size_t end_bytes = 2;                  // "}\n"
std::string printed;
std::vector<std::string> words;

void write_all(std::string_view text) {
  while (!text.empty()) {
    ssize_t const written = ::write(STDOUT_FILENO, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && errno == EPIPE) io::emergency::end_by(SIGPIPE);
    if (written <= 0)
      throw out_of_memory(io::system_message("standard output", "write", written < 0 ? errno : EIO));
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace

void print_text(std::string_view text) {
  if (!jobs::all_processes().first()) return;
  if (printed.size() + text.size() >= enough) {
    print_the_end();
    std::size_t const now = text.size() - std::min(text.size(), end_bytes);
    write_all(text.substr(0, now));
    text.remove_prefix(now);
  }
  printed += text;
}

void print_all_but_the_end() {
  std::size_t const now = printed.size() - std::min(printed.size(), end_bytes);
  write_all(std::string_view(printed).substr(0, now));
  printed.erase(0, now);
}

void print_the_end() {
  write_all(printed);
  printed.clear();
}

void note_words(int argc, char const* const* argv) { words.assign(argv, argv + argc); }
std::vector<std::string> const& noted_words() { return words; }

void print_notes() {
  for (auto const& line : jobs::take_notes())  // where nobody can read it, nothing is lost
    std::fputs(("prorata: note: " + line + '\n').c_str(), stderr);
}

}  // namespace prorata::cli
