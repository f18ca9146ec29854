// npy: NumPy's .npy header, read by a grammar and written as NumPy writes it.
#pragma once

#include <cstddef>
#include <host/io/array_file.hpp>
#include <span>
#include <string>
#include <vector>

namespace prorata::io {

class input_file;

/// Bytes that are enough to read any header we accept: magic, version, length, and 64 KiB of header.
/// Every version 1.0 header fits. (NumPy stops at 10,000 characters because it evaluates them; we do not.)
inline constexpr index_t npy_header_limit = 65535;
inline constexpr index_t npy_head_bytes = 12 + npy_header_limit;

/// Reads the header at the beginning of a .npy file. Versions 1.0, 2.0, 3.0; C and Fortran order; either byte
/// order; the keys in any order, either quote, Python 2's `3L`. One dictionary of exactly three keys with
/// plain values is all the grammar knows: nothing is evaluated, nothing recurses.
///   head        the first min(file_bytes, npy_head_bytes) bytes of the file
///   file_bytes  the size of the file
///   path        for messages
///   returns     the array's place; bytes after the declared data are ignored, as np.load does, and counted
///   throws      input_error: one line with path, byte offset and reason
array_file parse_npy(std::span<std::byte const> head, index_t file_bytes, std::string const& path);

/// Reads the header of an open file.
array_file read_npy(input_file const& file);

/// The header np.save writes for this array, byte for byte: version 1.0, or 2.0 when the shape is too long;
/// its size is a multiple of 64.
std::string npy_header(dtype type, std::vector<index_t> const& shape, bool fortran_order = false,
                       bool swapped = false);

}  // namespace prorata::io
