// Elements that lie in memory on their way to a file.
#pragma once

#include <algorithm>
#include <host/for_each.hpp>
#include <host/io/atomic_file.hpp>
#include <host/stream.hpp>
#include <prorata/canonical.hpp>

namespace prorata::cli {

/// Writes the elements of a piece, `size` bytes each, to their place behind `data_begin` bytes of header. On
/// the stream's threads; called from inside its work.
inline void write_elements(host::stream const& s, io::atomic_file const& out, index_t data_begin,
                           index_t size, piece p, std::byte const* elements) {
  s.parallel((p.end - p.begin + host::loop_grain - 1) / host::loop_grain, [&](index_t k) {
    index_t const begin = p.begin + k * host::loop_grain, end = std::min(begin + host::loop_grain, p.end);
    out.write(data_begin + begin * size,
              {elements + (begin - p.begin) * size, static_cast<std::size_t>((end - begin) * size)});
  });
}

}  // namespace prorata::cli
