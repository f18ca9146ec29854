// Adding up sorted rows of groups on the GPU, chunk by chunk.
#pragma once

#include <kernels/grouping/atomics.cuh>
#include <kernels/grouping/chunk.hpp>
#include <kernels/grouping/totals.hpp>

namespace prorata::cuda {

/// Counts the records and keys of all chunks, and how many records begin in each.
template <bool Bands>
__global__ void __launch_bounds__(256) heads_kernel(std::uint64_t const* keys, std::uint64_t const* values,
                                                    index_t n, group_totals* totals, index_t* begun) {
  sorted_rows<Bands> const rows{keys, values, n, origin_of(totals)};
  index_t const chunks = (n + group_chunk - 1) / group_chunk;
  for (index_t c = index_t{blockIdx.x} * 256 + threadIdx.x; c < chunks; c += index_t{gridDim.x} * 256) {
    auto const heads = heads_in(rows, c);
    begun[c] = heads.records;
    if (heads.records > 0) atomicAdd(&totals->records, static_cast<unsigned long long>(heads.records));
    if (heads.keys > 0) atomicAdd(&totals->keys, static_cast<unsigned long long>(heads.keys));
  }
}

/// Adds up all chunks. before[c]: records that begin before chunk c. Records start as none().
template <class State>
__global__ void __launch_bounds__(256)
    add_chunks_kernel(std::uint64_t const* keys, std::uint64_t const* values, index_t n,
                      group_totals const* totals, index_t const* before, group_record<State>* records) {
  sorted_rows<State::has_bands> const rows{keys, values, n, origin_of(totals)};
  index_t const chunks = (n + group_chunk - 1) / group_chunk;
  for (index_t c = index_t{blockIdx.x} * 256 + threadIdx.x; c < chunks; c += index_t{gridDim.x} * 256)
    add_chunk(rows, c, before[c], records, device_words{});
}

}  // namespace prorata::cuda
