// Scans of signed integers.
#include <host/dynamic/scan_as.hpp>

namespace prorata::dynamic {

void scan_as_i64(scan_job const& job) { scan_as<std::int64_t>(job); }

}  // namespace prorata::dynamic
