// Histograms on the GPU: integer additions in shared memory while the bins fit there, else in global memory.
#pragma once

#include <kernels/histogram_plan.hpp>
#include <kernels/launch.cuh>
#include <kernels/shared_memory.cuh>
#include <kernels/unrolled.hpp>
#include <prorata/bins.hpp>

namespace prorata::cuda {

/// f(load(i)) for the elements of this block, `histogram_items` loads under way in each thread.
template <class Load, class F>
__device__ void each_element_of_block(index_t begin, index_t end, Load const& load, F const& f) {
  using T = std::remove_cvref_t<decltype(load(begin))>;
  index_t const threads = blockDim.x;
  index_t const step = threads * histogram_items;
  for (index_t first = begin + blockIdx.x * step; first < end; first += gridDim.x * step) {
    index_t const mine = first + threadIdx.x;
    if (first + step <= end) {
      T x[histogram_items];
      unrolled<histogram_items>([&](auto number) {
        constexpr int k = decltype(number)::value;
        x[k] = load(mine + k * threads);
      });
      unrolled<histogram_items>([&](auto number) { f(x[decltype(number)::value]); });
    } else {
      for (index_t i = mine; i < end && i < first + step; i += threads) f(load(i));
    }
  }
}

struct add_shared {
  unsigned* counts;
  __device__ void operator()(index_t place, unsigned run) const { atomicAdd(counts + place, run); }
};
struct add_global {
  unsigned long long* counts;
  bin_rule const& rule;
  __device__ void operator()(index_t place, unsigned run) const {
    atomicAdd(counts + rule.slot_at(place), static_cast<unsigned long long>(run));
  }
};

/// Counters of 32 bits are enough: a block would need 2^32 elements, and a device holds fewer per block.
template <class Load>
__global__ void __launch_bounds__(1024, 1)
    histogram_shared_kernel(bin_rule const rule, int copies, index_t begin, index_t end, Load const load,
                            unsigned long long* counts) {
  auto* const counters = dynamic_shared<unsigned>();
  index_t const slots = rule.slots();
  for (index_t k = threadIdx.x; k < slots * copies; k += blockDim.x) counters[k] = 0;
  __syncthreads();
  add_shared const add{counters + (threadIdx.x / 32 % copies) * slots};
  slot_run<add_shared> run(add);
  each_element_of_block(begin, end, load, [&](auto const& x) { run.take(rule.place(x)); });
  run.flush();
  __syncthreads();
  for (index_t k = threadIdx.x; k < slots; k += blockDim.x) {
    unsigned long long sum = 0;
    for (int c = 0; c < copies; ++c) sum += counters[c * slots + k];
    if (sum > 0) atomicAdd(counts + rule.slot_at(k), sum);
  }
}

template <class Load>
__global__ void __launch_bounds__(256)
    histogram_global_kernel(bin_rule const rule, index_t begin, index_t end, Load const load,
                            unsigned long long* counts) {
  add_global const add{counts, rule};
  slot_run<add_global> run(add);
  each_element_of_block(begin, end, load, [&](auto const& x) { run.take(rule.place(x)); });
  run.flush();
}

/// Queues counts[rule(load(i))] += 1 for every i in [begin, end). The rule's edges are this device's.
///   bytes   the elements once; counters stay on the chip up to 58 000 bins
template <class Load>
void histogram_index(stream& s, bin_rule rule, index_t begin, index_t end, Load load, index_t* counts) {
  if (begin >= end) return;
  histogram_room const room{s.multiprocessors(), s.attribute(cudaDevAttrMaxSharedMemoryPerBlockOptin),
                            s.attribute(cudaDevAttrMaxSharedMemoryPerMultiprocessor)};
  auto const plan = plan_histogram(end - begin, rule.slots(), room);
  auto* const words = reinterpret_cast<unsigned long long*>(counts);
  if (plan.copies > 0) {
    launch(histogram_shared_kernel<Load>, plan.shape, s, rule, plan.copies, begin, end, load, words);
  } else {
    launch(histogram_global_kernel<Load>, plan.shape, s, rule, begin, end, load, words);
  }
}

}  // namespace prorata::cuda
