// Folds in any order, compiled by nvcc.
#include <host/run/gpu/kernel_of.hpp>
#include <kernels/reduce.cuh>

namespace prorata::host {

gpu_kernel unordered_kernel(gpu_reduction r) { return unordered_kernel_on<cuda::stream>(r); }

}  // namespace prorata::host
