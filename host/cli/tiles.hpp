// Elements of a file a tile at a time: aligned, in this machine's byte order, as their own C++ type.
#pragma once

#include <algorithm>
#include <cstring>
#include <host/cli/inputs.hpp>
#include <prorata/canonical.hpp>

namespace prorata::cli {

/// A tile of elements read from an input. `T` has the size of the input's elements.
template <class T>
class tile_reader {
 public:
  explicit tile_reader(input const& in) : in_(in) {}

  /// The n ≤ tile elements from `first` on, until the next call.
  T const* read(index_t first, index_t n) {
    constexpr auto size = static_cast<index_t>(sizeof(T));
    std::memcpy(static_cast<void*>(elements_), in_.data() + first * size, static_cast<std::size_t>(n * size));
    if (in_.array().swapped) io::swap_bytes(reinterpret_cast<std::byte*>(elements_), n, size);
    return elements_;
  }

 private:
  input const& in_;
  alignas(64) T elements_[tile];
};

/// f(elements, first, n) for the tiles of [begin, end), brought into reach before.
template <class T, class F>
void each_tile(input const& in, index_t begin, index_t end, F const& f) {
  in.prepare(begin, end);
  tile_reader<T> reader(in);
  for (index_t first = begin; first < end; first += tile) {
    index_t const n = std::min(tile, end - first);
    f(reader.read(first, n), first, n);
  }
}

}  // namespace prorata::cli
