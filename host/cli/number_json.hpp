// Numbers as JSON.
#pragma once

#include <host/dynamic/number.hpp>
#include <nlohmann/json_fwd.hpp>

namespace prorata::cli {

using dynamic::number;
using dynamic::number_at;
using dynamic::number_of;
using dynamic::shortest;

/// The number alone; NaN and infinities, which JSON lacks, as strings.
nlohmann::json json_value(number const& x);

/// {"value": …, "dtype": "f8", "bits": "0x…"}, bits of floats only.
nlohmann::json json_of(number const& x);

}  // namespace prorata::cli
