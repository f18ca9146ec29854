// Sorting arrays of bit patterns on the host: compiled once for each width, for every type of that width.
#pragma once

#include <host/stream.hpp>
#include <prorata/total_order.hpp>

namespace prorata::host::sorting {

/// Sorts n patterns in place. From inside queued work.
template <class U, number_kind Kind>
void sort_bits(stream const& s, bit_order<U, Kind> order, U* data, index_t n);

/// Sorts n patterns and moves the values along, `Bytes` bytes each; equal ones keep their order.
template <class U, number_kind Kind, int Bytes>
void sort_bit_pairs(stream const& s, bit_order<U, Kind> order, U* keys, void* values, index_t n);

/// indices[k] = first + the place of the k-th pattern in order; equal ones by their place. Sorts data too.
template <class U, number_kind Kind>
void sort_bit_indices(stream const& s, bit_order<U, Kind> order, U* data, index_t first, index_t* indices,
                      index_t n);

}  // namespace prorata::host::sorting
