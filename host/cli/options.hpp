// What the command line says, checked and in units: the options that commands share.
#pragma once

#include <host/pictures/terminal.hpp>
#include <optional>
#include <prorata/apportion.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace prorata::cli {

/// Options of commands that read arrays, as typed.
struct options {
  std::vector<std::string> inputs;
  std::string devices, weights, memory = "1G", chunk, cap, method = "hamilton";
  std::string costs, dtype, shape, offset;
  std::string output, trace, report, times;
  std::string schedule;
  pictures::shown progress = pictures::shown::on_a_terminal;
  int threads = 0;
  double verify = 0;
  bool exact = false, json = false, raw = false;
};

/// "64K", "1.5g", "1GiB", "4096": bytes, in powers of 1024.
///   throws  usage_error naming the option and the text
index_t parse_bytes(std::string_view text, char const* option);

/// Where a path's file lies: all up to its last slash, or ".".
std::string folder_of(std::string const& path);

/// "4,2,1,1": numbers ≥ 0.
///   throws  usage_error naming the index
std::vector<double> parse_numbers(std::string_view text, char const* option);

/// "auto", "always", "never": --progress.
pictures::shown parse_shown(std::string const& text);

/// "hamilton", "webster", "dhondt".
apportionment parse_method(std::string_view text);

/// A whole number from `least` on, below 2^63.
index_t parse_index(std::string_view text, char const* option, index_t least = 0);

}  // namespace prorata::cli
