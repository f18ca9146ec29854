// Asking the terminal, and the locale.
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <host/pictures/terminal.hpp>

namespace prorata::pictures {

bool is_shown(shown when) {
  return when == shown::always || (when == shown::on_a_terminal && isatty(STDERR_FILENO) != 0);
}

int columns_of(int descriptor, int least, int otherwise) {
  winsize size{};
  return ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col >= least ? size.ws_col : otherwise;
}

bool speaks_utf8() {
  for (char const* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    char const* const value = std::getenv(name);
    if (value == nullptr || *value == '\0') continue;
    std::string text(value);
    std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
    return text.find("utf-8") != std::string::npos || text.find("utf8") != std::string::npos;
  }
  return false;
}

void overwritten_line::draw(std::string line) {
  std::size_t const bytes = line.size();
  line.resize(std::max(bytes, drawn_), ' ');  // over what was longer
  drawn_ = bytes;
  std::fprintf(stderr, "\r%s", line.c_str());
  std::fflush(stderr);
}

void overwritten_line::end() const {
  if (drawn_ > 0) std::fputc('\n', stderr);
  std::fflush(stderr);
}

}  // namespace prorata::pictures
