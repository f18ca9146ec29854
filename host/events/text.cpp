// Numbers from text.
#include <charconv>
#include <host/events/text.hpp>
#include <limits>

namespace prorata::events {

namespace {

text_ref trimmed(text_ref text) {
  auto const blank = [](char c) { return c == ' ' || c == '\t'; };
  while (text.size > 0 && blank(*text.data)) ++text.data, --text.size;
  while (text.size > 0 && blank(text.data[text.size - 1])) --text.size;
  return text;
}

template <class N>
bool parse_all(text_ref text, N& number) {
  text = trimmed(text);
  auto const [end, error] = std::from_chars(text.data, text.data + text.size, number);
  return error == std::errc{} && end == text.data + text.size;
}

constexpr double power_of_ten[] = {1,   1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                   1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};

}  // namespace

bool parse_integer(text_ref text, std::int64_t& number) {
  std::uint64_t digits;
  if (parse_digits(text.data + text.size, text.size, digits)) {
    number = static_cast<std::int64_t>(digits);
    return true;
  }
  return parse_all(text, number);
}

bool parse_number(text_ref text, double& number) {
  bool const negative = text.size > 0 && *text.data == '-';
  char const* const begin = text.data + negative;
  std::uint32_t const size = text.size - negative;
  // A whole number below 2^53 over a power of ten that is a double is rounded once by the division (Clinger).
  if (size <= 15) {
    std::uint64_t whole = 0, fraction = 0;
    auto const* const point = static_cast<char const*>(std::memchr(begin, '.', size));
    double value;
    bool simple;
    if (point == nullptr) {
      simple = parse_digits(begin + size, size, whole);
      value = static_cast<double>(whole);
    } else {
      auto const before = static_cast<std::uint32_t>(point - begin), after = size - before - 1;
      simple = parse_digits(point, before, whole) && parse_digits(begin + size, after, fraction);
      if (simple)
        value = static_cast<double>(whole * static_cast<std::uint64_t>(power_of_ten[after]) + fraction) /
                power_of_ten[after];
    }
    if (simple) {
      number = negative ? -value : value;
      return true;
    }
  }
  text = trimmed(text);
  if (text.size == 0) {
    number = missing();
    return true;
  }
  if (!parse_all(text, number)) return false;
  if (number != number) number = std::numeric_limits<double>::quiet_NaN();
  return true;
}

}  // namespace prorata::events
