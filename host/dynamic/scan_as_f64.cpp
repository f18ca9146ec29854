// Scans of floats.
#include <host/dynamic/scan_as.hpp>

namespace prorata::dynamic {

void scan_as_f64(scan_job const& job) { scan_as<double>(job); }

}  // namespace prorata::dynamic
