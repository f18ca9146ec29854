// Folds in the canonical order, compiled by nvcc.
#include <host/cli/gpu/kernel_of.hpp>
#include <kernels/reduce.cuh>

namespace prorata::cli {

gpu_kernel ordered_kernel(gpu_reduction r) { return ordered_kernel_on<cuda::stream>(r); }

}  // namespace prorata::cli
