// sort_words: keys of many groups in their order.
#pragma once

#include <cstdint>
#include <vector>

namespace prorata::events {

/// Sorts keys, and moves what belongs to them along; equal ones keep their order.
///   threads  0: every core
void sort_words(std::vector<std::uint64_t>& keys, std::vector<void const*>& values, int threads);

}  // namespace prorata::events
