// Counts with their nouns, and bytes with their units.
#include <fmt/core.h>

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

}  // namespace prorata::pictures
