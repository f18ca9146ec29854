// Values of options as texts: sizes with units, lists of numbers, names of methods.
#pragma once

#include <host/jobs/options.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace prorata::jobs {

/// "64K", "1.5g", "1GiB", "4096": bytes, in powers of 1024.
///   throws  usage_error naming the option and the text
byte_size parse_bytes(std::string_view text, char const* option);

/// "4,2,1,1": numbers.
///   throws  usage_error naming the index
std::vector<double> parse_numbers(std::string_view text, char const* option);

/// A whole number from `least` on, below 2^63.
index_t parse_index(std::string_view text, char const* option, index_t least = 0);

/// "4,2,1,1", "equal", "auto".
weight_choice parse_weights(std::string_view text);

/// "hamilton", "webster", "dhondt".
apportionment parse_method(std::string_view text);
char const* name_of(apportionment method);

/// "guided", "static".
schedule parse_schedule(std::string_view text);

/// "auto", "always", "never": when progress is shown.
pictures::shown parse_shown(std::string_view text);

/// The words between commas.
std::vector<std::string_view> split_at_commas(std::string_view text);

/// Where a path's file lies: all up to its last slash, or ".".
std::string folder_of(std::string const& path);

}  // namespace prorata::jobs
