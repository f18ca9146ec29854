// system_error: the operating system's reason for a failure, as one line that names the file.
#pragma once

#include <string>
#include <string_view>

namespace prorata::io {

/// "PATH: cannot open: Permission denied", from an errno value.
std::string system_message(std::string_view path, char const* doing, int error_number);

}  // namespace prorata::io
