// system_error: the operating system's reason for a failure, as one line that names the file.
#pragma once

#include <prorata/config.hpp>
#include <string>
#include <string_view>

namespace prorata::io {

/// "PATH: cannot open: Permission denied", from an errno value.
std::string system_message(std::string_view path, char const* doing, int error_number);

/// Throws what fits a failure to write: out_of_memory where there is no room (the disk, a quota, a limit, open
/// files; says the bytes needed), else device_error.
[[noreturn]] void fail_writing(std::string_view path, char const* doing, int error_number,
                               index_t bytes_needed = 0);

/// Throws what fits a place that cannot be written to: usage_error where the caller can name a better one, else
/// as fail_writing.
[[noreturn]] void fail_placing(std::string const& message, int error_number);

}  // namespace prorata::io
