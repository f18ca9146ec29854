// Scans of unsigned integers and booleans.
#include <host/dynamic/scan_as.hpp>

namespace prorata::dynamic {

void scan_as_u64(scan_job const& job) { scan_as<std::uint64_t>(job); }

}  // namespace prorata::dynamic
