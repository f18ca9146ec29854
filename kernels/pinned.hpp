// Host memory that GPUs copy from and to at the full speed of the link.
#pragma once

#include <cstddef>
#include <memory>

namespace prorata::cuda {

/// Page-locked memory; where the system refuses more of it, ordinary memory, which works and is slower.
///   cost    milliseconds per gigabyte: make it once and use it again
///   throws  out_of_memory
std::shared_ptr<std::byte> pinned_memory(std::size_t bytes);

}  // namespace prorata::cuda
