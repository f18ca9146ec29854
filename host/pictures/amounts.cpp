// Counts with their nouns, and bytes with their units.
#include <fmt/core.h>

#include <algorithm>
#include <host/pictures/amounts.hpp>

namespace prorata::pictures {

std::string count_text(index_t count, std::string const& noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string bytes_text(index_t bytes) {
  constexpr char const* units[] = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  double value = static_cast<double>(bytes);
  int unit = 0;
  for (; value >= 1024 && unit < 6; ++unit) value /= 1024;
  return unit == 0 ? count_text(bytes, "byte") : fmt::format("{:.2f} {}", value, units[unit]);
}

std::string table(std::vector<std::vector<std::string>> const& columns) {
  std::vector<std::size_t> widths;
  for (auto const& column : columns) {
    widths.push_back(0);
    for (auto const& text : column) widths.back() = std::max(widths.back(), text.size());
  }
  std::string lines;
  for (std::size_t row = 0; !columns.empty() && row < columns.front().size(); ++row) {
    lines += ' ';
    for (std::size_t c = 0; c < columns.size(); ++c)
      lines += fmt::format(" {:>{}}", columns[c][row], widths[c] + 1);
    lines += '\n';
  }
  return lines;
}

}  // namespace prorata::pictures
