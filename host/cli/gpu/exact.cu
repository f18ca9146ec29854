// Exact sums, compiled by nvcc.
#include <host/cli/gpu/kernel_of.hpp>
#include <kernels/reduce.cuh>

namespace prorata::cli {

gpu_kernel exact_kernel(gpu_reduction r) { return exact_kernel_on<cuda::stream>(r); }

}  // namespace prorata::cli
