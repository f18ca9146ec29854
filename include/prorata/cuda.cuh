// The GPU backend: the one door to kernels/. Compile with nvcc and link prorata::cuda.
#pragma once

#include <kernels/count_digits.cuh>
#include <kernels/device.hpp>
#include <kernels/for_each.cuh>
#include <kernels/group_by.cuh>
#include <kernels/histogram.cuh>
#include <kernels/multisplit.cuh>
#include <kernels/reduce.cuh>
#include <kernels/reduce_runs.cuh>
#include <kernels/scan.cuh>
#include <kernels/select.cuh>
#include <kernels/sort.cuh>
#include <kernels/stream.hpp>
#include <kernels/transform.cuh>
#include <prorata/backend.hpp>

namespace prorata {

static_assert(backend<cuda::stream>);

}  // namespace prorata
