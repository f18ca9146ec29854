// Arrays in Fortran order, brought to C order: box by box, so that reads and writes stay long.
#pragma once

#include <functional>
#include <host/io/file_column.hpp>
#include <span>
#include <string>

namespace prorata::host {

/// Where a piece of the array in C order goes: bytes from its beginning on.
using write_at = std::function<void(index_t, std::span<std::byte const>)>;

/// Has the elements of an array stored in C order from now on: where they are not, by a temporary copy.
///   folder   of the copy
///   memory   bytes
///   done     is called with the bytes that were copied
///   throws   usage_error (no such folder …), out_of_memory (the disk is full), input_error, device_error
void store_in_c_order(io::file_column& array, std::string const& folder, index_t memory,
                      std::function<void(index_t)> const& done);

/// Hands over all elements of an array that is stored in Fortran order, in C order: every one once, in any
/// order of pieces, from many threads.
///   cost    reads and writes every byte once, with a room of m elements and two dimensions in pieces of about √m
///   memory  `room` bytes in all, and the pages that are being read
///   done    is called with the bytes of each box
void for_each_in_c_order(io::file_column const& from, index_t room, write_at const& write,
                         std::function<void(index_t)> const& done);

}  // namespace prorata::host
