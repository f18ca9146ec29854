// Folds in the canonical order, compiled by nvcc.
#include <host/run/gpu/kernel_of.hpp>
#include <kernels/reduce.cuh>

namespace prorata::host {

gpu_kernel ordered_kernel(gpu_reduction r) { return ordered_kernel_on<cuda::stream>(r); }

}  // namespace prorata::host
