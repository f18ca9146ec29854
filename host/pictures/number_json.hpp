// Numbers as JSON.
#pragma once

#include <host/dynamic/number.hpp>
#include <nlohmann/json_fwd.hpp>

namespace prorata::pictures {

using dynamic::number;

/// The number alone; NaN and infinities, which JSON lacks, as strings.
nlohmann::json json_value(number const& x);

/// {"value": …, "dtype": "f8", "bits": "0x…"}, bits of floats only.
nlohmann::json json_of(number const& x);

}  // namespace prorata::pictures
