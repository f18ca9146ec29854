// For commands whose work has no GPU form yet: CPUs do it, and a GPU that is asked for is refused.
#pragma once

#include <algorithm>
#include <host/cli/devices.hpp>
#include <prorata/error.hpp>

namespace prorata::cli {

inline void use_cpus(options& o, std::string const& command) {
  if (o.devices.empty()) o.devices = "cpu";
  auto const devices = parse_devices(o.devices);
  bool const gpus =
      std::any_of(devices.begin(), devices.end(), [](auto const& d) { return d.kind == device_kind::gpu; });
  require(!gpus,
          command + " runs on CPUs here; leave out --devices, or name cpu (the library runs it on GPUs)");
}

}  // namespace prorata::cli
