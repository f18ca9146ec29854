// Scans in the canonical order, compiled by nvcc.
#include <host/run/gpu/scan_of.hpp>
#include <kernels/scan.cuh>

namespace prorata::host {

gpu_scan_kernel scan_kernel(gpu_scan const& job) { return scan_kernel_on_device<cuda::stream>(job); }

}  // namespace prorata::host
