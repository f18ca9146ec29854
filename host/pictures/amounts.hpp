// How many, in words, and texts in columns.
#pragma once

#include <prorata/config.hpp>
#include <string>
#include <vector>

namespace prorata::pictures {

/// "1 element", "5 elements".
std::string count_text(index_t count, std::string const& noun);

/// "1.00 GiB", "37 bytes".
std::string bytes_text(index_t bytes);

/// Columns of texts, equally many in each, as lines: to the right, two blanks apart.
std::string table(std::vector<std::vector<std::string>> const& columns);

}  // namespace prorata::pictures
