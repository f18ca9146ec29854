// What a terminal can show, and a line on it that is drawn again and again.
#pragma once

#include <cstddef>
#include <string>

namespace prorata::pictures {

/// When something is drawn on standard error: where that is a terminal, or in any case, or never.
enum class shown { on_a_terminal, always, never };

/// Whether it is.
bool is_shown(shown when);

/// Columns of the terminal that a descriptor is; `otherwise` where it is none, or one that is narrower than `least`.
int columns_of(int descriptor, int least, int otherwise);

/// Whether the locale speaks UTF-8.
bool speaks_utf8();

/// A line on standard error that replaces itself.
class overwritten_line {
 public:
  void draw(std::string line);
  /// What comes next begins on a line of its own.
  void end() const;
  bool is_drawn() const { return drawn_ > 0; }

 private:
  std::size_t drawn_ = 0;  // bytes of the line that is on the terminal
};

}  // namespace prorata::pictures
