// How many, in words.
#pragma once

#include <prorata/config.hpp>
#include <string>

namespace prorata::pictures {

/// "1 element", "5 elements".
std::string count_text(index_t count, std::string const& noun);

/// "1.00 GiB", "37 bytes".
std::string bytes_text(index_t bytes);

}  // namespace prorata::pictures
