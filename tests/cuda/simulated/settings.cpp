// Reading the settings.
#include "settings.hpp"

#include <cstdlib>
#include <map>
#include <sstream>

namespace simulated {
namespace {

settings read() {
  settings s;
  std::map<std::string, long*> const numbers{
      {"seed", &s.seed},         {"devices", &s.devices},     {"sms", &s.sms},       {"peers", &s.peers},
      {"resident", &s.resident}, {"admission", &s.admission}, {"choice", &s.choice}, {"lazy", &s.lazy},
      {"late", &s.late},         {"memory", &s.memory},       {"fresh", &s.fresh}};
  char const* const text = std::getenv("PRORATA_SIMULATED");
  std::istringstream all(text != nullptr ? text : "");
  for (std::string one; std::getline(all, one, ',');) {
    auto const at = one.find('=');
    std::string const name = one.substr(0, at), value = at < one.size() ? one.substr(at + 1) : "";
    if (name == "without") {
      s.without = value;
    } else if (auto const number = numbers.find(name); number != numbers.end() && !value.empty()) {
      *number->second = std::atol(value.c_str());
    } else {
      fault("PRORATA_SIMULATED has '" + one + "', which is no setting (tests/cuda/simulated/settings.hpp)");
    }
  }
  return s;
}

}  // namespace

settings const& chosen() {
  static settings const s = read();
  return s;
}

}  // namespace simulated
