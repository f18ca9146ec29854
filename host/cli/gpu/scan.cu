// Scans in the canonical order, compiled by nvcc.
#include <host/cli/gpu/scan_of.hpp>
#include <kernels/scan.cuh>

namespace prorata::cli {

gpu_scan_kernel scan_kernel(gpu_scan const& job) { return scan_kernel_on_device<cuda::stream>(job); }

}  // namespace prorata::cli
