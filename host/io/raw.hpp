// raw: headerless arrays, described on the command line by --dtype, --shape and --offset.
#pragma once

#include <host/io/array_file.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace prorata::io {

/// What the user said about a raw file.
struct raw_layout {
  element_type element;
  std::optional<std::vector<index_t>> shape;  ///< absent: one dimension, as long as the file allows
  index_t offset = 0;                         ///< bytes to skip
};

/// Reads "1000,20" or "1000": plain non-negative integers.
///   throws  usage_error naming the text
std::vector<index_t> parse_shape(std::string_view text);

/// Reads a byte offset or a count: a plain non-negative integer below 2^63.
///   throws  usage_error naming `what` and the text
index_t parse_count(std::string_view text, char const* what);

/// Checks the layout against the file's size. A shape must fit exactly: a headerless file that is longer than
/// its description was described wrongly.
///   throws  usage_error (layout impossible in itself), input_error (layout does not fit the file)
array_file describe_raw(std::string const& path, index_t file_bytes, raw_layout const& layout);

}  // namespace prorata::io
