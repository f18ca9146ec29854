// printable: any bytes as one harmless line, for messages that quote a path or what the user typed.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace prorata::io {

/// The text with control characters, backslashes and broken UTF-8 written as \xNN; longer than `limit`
/// bytes it ends in "...". The result is valid UTF-8 without line breaks.
std::string printable(std::string_view text, std::size_t limit = 512);

/// Text inside XML and HTML, in attributes, too: control characters become blanks.
std::string xml_text(std::string_view text);

}  // namespace prorata::io
