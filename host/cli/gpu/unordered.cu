// Folds in any order, compiled by nvcc.
#include <host/cli/gpu/kernel_of.hpp>
#include <kernels/reduce.cuh>

namespace prorata::cli {

gpu_kernel unordered_kernel(gpu_reduction r) { return unordered_kernel_on<cuda::stream>(r); }

}  // namespace prorata::cli
