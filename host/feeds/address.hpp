// address: where a server is, as users type it.
#pragma once

#include <string>

namespace prorata::feeds {

/// "tcp://HOST:PORT" and "redis://HOST:PORT/NAME"; an IPv6 address is in brackets.
struct address {
  std::string scheme, host, port, name;
};

/// Whether a text is meant as one: it begins with tcp:// or redis://.
bool is_address(std::string const& text);

///   throws  usage_error saying what is expected
address parse_address(std::string const& text);

}  // namespace prorata::feeds
