// machine: what the numbers were measured on and made from.
#pragma once

#include <nlohmann/json_fwd.hpp>

namespace prorata::bench {

/// Date, commit, compiler, processor, caches, memory, kernel and library versions.
nlohmann::ordered_json describe_machine();

/// Tasks that want a core right now, from the kernel's load average: results of a busy machine are noise.
double load();

}  // namespace prorata::bench
