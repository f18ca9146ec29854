// Arrays in Fortran order, brought to C order: box by box, so that reads and writes stay long.
#pragma once

#include <functional>
#include <host/cli/inputs.hpp>

namespace prorata::cli {

/// Where a piece of the array in C order goes: bytes from its beginning on.
using write_at = std::function<void(index_t, std::span<std::byte const>)>;

/// Hands over all elements of an array that is stored in Fortran order, in C order: every one once, in any
/// order of pieces, from many threads.
///   cost    reads and writes every byte once; with a room of m elements for an array of two dimensions,
///   pieces of √m memory  `room` bytes in all, and the pages that are being read done    is called with the
///   bytes of each box
void for_each_in_c_order(input const& from, index_t room, write_at const& write,
                         std::function<void(index_t)> const& done);

}  // namespace prorata::cli
