// Keys of few widths for elements of many types.
#pragma once

#include <cstdint>
#include <type_traits>

namespace prorata::cli {

/// The unsigned integers that keys of elements of T are widened to: sorts and GPUs know two kinds.
template <class T>
using wide_key = std::conditional_t<sizeof(T) <= 4, std::uint32_t, std::uint64_t>;

}  // namespace prorata::cli
