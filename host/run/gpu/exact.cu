// Exact sums, compiled by nvcc.
#include <host/run/gpu/kernel_of.hpp>
#include <kernels/reduce.cuh>

namespace prorata::host {

gpu_kernel exact_kernel(gpu_reduction r) { return exact_kernel_on<cuda::stream>(r); }

}  // namespace prorata::host
