// Reading values: sizes with units, lists of numbers, names of methods.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <host/io/printable.hpp>
#include <host/jobs/texts.hpp>
#include <optional>
#include <prorata/error.hpp>

namespace prorata::jobs {

namespace {

[[noreturn]] void refuse_option(char const* option, std::string_view text, std::string const& wanted) {
  throw usage_error(std::string(option) + " '" + io::printable(text, 60) + "': expected " + wanted);
}

std::optional<double> real_number(std::string_view text) {
  double value = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return {};
  return value;
}

}  // namespace

byte_size parse_bytes(std::string_view text, char const* option) {
  std::string lower(text);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  std::string_view digits = lower;
  double unit = 1;
  auto const drop = [&](std::string_view suffix) {
    if (digits.size() > suffix.size() && digits.ends_with(suffix)) {
      digits.remove_suffix(suffix.size());
      return true;
    }
    return false;
  };
  if (!drop("ib")) drop("b");
  constexpr std::string_view units = "kmgt";
  for (std::size_t k = 0; k < units.size(); ++k)
    if (drop(units.substr(k, 1))) {
      unit = std::ldexp(1.0, 10 * static_cast<int>(k + 1));
      break;
    }
  auto const value = real_number(digits);
  if (!value || !(*value > 0) || *value * unit >= 0x1p63)
    refuse_option(option, text, "a size in bytes such as 4096, 64K, 512M or 1.5G");
  return {static_cast<index_t>(*value * unit), std::string(text)};
}

std::string folder_of(std::string const& path) {
  auto const slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash + 1);
}

std::vector<std::string_view> split_at_commas(std::string_view text) {
  std::vector<std::string_view> words;
  for (std::size_t from = 0; from <= text.size();) {
    std::size_t const comma = std::min(text.find(',', from), text.size());
    words.push_back(text.substr(from, comma - from));
    from = comma + 1;
  }
  return words;
}

std::vector<double> parse_numbers(std::string_view text, char const* option) {
  std::vector<double> values;
  for (auto const word : split_at_commas(text)) {
    auto const value = real_number(word);
    if (!value)
      refuse_option(option, text,
                    "numbers separated by commas; number " + std::to_string(values.size()) + " is not one");
    values.push_back(*value);
  }
  return values;
}

weight_choice parse_weights(std::string_view text) {
  using kind = weight_choice::kind;
  if (text == "equal") return {kind::equal, {}};
  if (text == "auto") return {kind::measured, {}};
  return {kind::given, parse_numbers(text, "--weights")};
}

schedule parse_schedule(std::string_view text) {
  if (text == "guided") return schedule::guided;
  if (text == "static") return schedule::fixed;
  refuse_option("--schedule", text, "guided or static");
}

pictures::shown parse_shown(std::string_view text) {
  if (text == "auto") return pictures::shown::on_a_terminal;
  if (text == "always") return pictures::shown::always;
  require(text == "never", "--progress is auto, always or never");
  return pictures::shown::never;
}

apportionment parse_method(std::string_view text) {
  if (text == "hamilton") return apportionment::hamilton;
  if (text == "webster") return apportionment::webster;
  if (text == "dhondt") return apportionment::dhondt;
  refuse_option("--method", text, "hamilton, webster or dhondt");
}

char const* name_of(apportionment method) {
  return method == apportionment::hamilton  ? "hamilton"
         : method == apportionment::webster ? "webster"
                                            : "dhondt";
}

index_t parse_index(std::string_view text, char const* option, index_t least) {
  index_t value = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < least)
    refuse_option(option, text, "a whole number from " + std::to_string(least) + " to 9223372036854775807");
  return value;
}

}  // namespace prorata::jobs
