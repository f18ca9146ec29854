// Elements of a file as keys of an order, and the way back: so that what works on keys is made for two widths
// and not for every type.
#pragma once

#include <cstddef>
#include <host/cli/answer.hpp>
#include <host/cli/inputs.hpp>
#include <host/cli/wide_key.hpp>
#include <memory>
#include <prorata/total_order.hpp>

namespace prorata::cli {

/// U is the wide_key of the file's elements.
template <class U>
class key_source {
 public:
  virtual ~key_source() = default;

  /// Writes the keys of elements [first, first + n), which are within reach or few (input::few). From many
  /// threads.
  virtual void read(index_t first, index_t n, U* keys) const = 0;

  /// How many of a key's low bits are used.
  virtual int bits() const = 0;

  /// The element that has this key.
  virtual number value(U key) const = 0;
};

template <class U>
std::unique_ptr<key_source<U>> key_source_of(input const& in, direction way);

/// Calls f(source) with the source of the width that fits.
template <class F>
decltype(auto) with_keys(input const& in, direction way, F const& f) {
  if (io::size_of(in.array().type) <= 4) return f(*key_source_of<std::uint32_t>(in, way));
  return f(*key_source_of<std::uint64_t>(in, way));
}

}  // namespace prorata::cli
