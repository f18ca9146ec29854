// Elements in memory on their way to a file.
#pragma once

#include <host/io/array_sink.hpp>
#include <host/run/chunked_run.hpp>

namespace prorata::host {

/// Writes the elements of a piece to their place. On the stream's threads; called from inside its work.
inline void store_elements(stream const& s, io::array_sink const& out, piece p, std::byte const* elements) {
  index_t const size = out.element_bytes();
  each_grain(s, p, [&](piece grain) {
    out.write(grain.begin, {elements + (grain.begin - p.begin) * size,
                            static_cast<std::size_t>((grain.end - grain.begin) * size)});
  });
}

}  // namespace prorata::host
