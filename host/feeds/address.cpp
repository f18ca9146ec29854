// Addresses, read.
#include <algorithm>
#include <host/feeds/address.hpp>
#include <host/io/printable.hpp>
#include <prorata/error.hpp>

namespace prorata::feeds {

bool is_address(std::string const& text) {
  return text.starts_with("tcp://") || text.starts_with("redis://");
}

address parse_address(std::string const& text) {
  address found;
  std::size_t const host = text.find("://") + 3;
  found.scheme = text.substr(0, host - 3);
  bool const named = found.scheme == "redis";
  std::size_t const slash = std::min(text.find('/', host), text.size());
  std::string const place = text.substr(host, slash - host);
  std::size_t const colon = place.rfind(':');
  if (slash < text.size()) found.name = text.substr(slash + 1);
  if (colon != place.npos) {
    found.host = place.substr(0, colon), found.port = place.substr(colon + 1);
    if (found.host.starts_with('[') && found.host.ends_with(']'))
      found.host = found.host.substr(1, found.host.size() - 2);
  }
  bool const is_port =
      !found.port.empty() && found.port.size() <= 5 &&
      std::all_of(found.port.begin(), found.port.end(), [](char c) { return c >= '0' && c <= '9'; }) &&
      std::stoi(found.port) <= 65535 && std::stoi(found.port) > 0;
  if (found.host.empty() || !is_port || found.name.empty() == named)
    throw usage_error("'" + io::printable(text, 100) + "': expected " +
                      (named ? "redis://HOST:PORT/STREAM" : "tcp://HOST:PORT"));
  return found;
}

}  // namespace prorata::feeds
