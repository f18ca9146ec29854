// Sorting keys that are in cache: vectorised quicksort where the processor has the instructions for it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace prorata::host {

/// Sorts keys in place. Not stable; equal keys are the same.
///   cost    O(n log n); about 3 ns a key of a cache-sized block with AVX-512
///   source  Blacher, Giesen, Sanders, Wassenberg: Vectorized and performance-portable Quicksort (2022),
///           through Highway; without it, or on a processor it does not know, the radix sort of
///           stable_radix.hpp
void vector_sort(std::uint32_t* keys, std::size_t n);
void vector_sort(std::uint64_t* keys, std::size_t n);

/// The instruction set that vector_sort uses for keys of this many bytes, such as "AVX-512"; "none" where it
/// is the radix sort.
char const* vector_sort_instructions(int key_bytes);

}  // namespace prorata::host
