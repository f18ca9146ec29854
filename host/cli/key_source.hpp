// Elements of a file as keys of an order, and the way back: so that what works on keys is made for two widths
// and not for every type.
#pragma once

#include <cstddef>
#include <host/cli/answer.hpp>
#include <host/cli/inputs.hpp>
#include <host/cli/wide_key.hpp>
#include <memory>
#include <prorata/total_order.hpp>
#include <span>
#include <vector>

namespace prorata::cli {

/// Which elements have one key.
enum class alike {
  same_bits,  ///< those that the order does not tell apart
  equal       ///< −0 and +0 too, and every NaN
};

/// U is the wide_key of the file's elements.
template <class U>
class key_source {
 public:
  explicit key_source(input const& in) : in_(in) {}
  virtual ~key_source() = default;

  /// Writes the keys of elements [first, first + n), which are within reach or few (input::few). From many
  /// threads.
  virtual void read(index_t first, index_t n, U* keys) const = 0;

  /// The same for elements [first, last), brought within reach and given back.
  void fetch(index_t first, index_t last, U* keys) const {
    bool const mapped = last - first >= input::few;
    if (mapped) in_.prepare(first, last);
    read(first, last - first, keys);
    if (mapped) in_.release(first, last);
  }

  /// The same a block at a time: f(keys, first, n).
  template <class F>
  void each_block(index_t first, index_t last, F const& f) const {
    constexpr index_t block = (index_t{16} << 10) / index_t{sizeof(U)};  // on the stack
    in_.prepare(first, last);
    U keys[block];
    for (index_t begin = first; begin < last; begin += block) {
      index_t const n = std::min(block, last - begin);
      read(begin, n, keys);
      f(keys, begin, n);
    }
    in_.release(first, last);
  }

  /// How many of a key's low bits are used.
  virtual int bits() const = 0;

  /// The elements that have these keys, one after another as this machine stores them; and one as a number.
  virtual std::vector<std::byte> elements(std::span<U const> keys) const = 0;
  virtual number value(U key) const = 0;

 protected:
  input const& in_;
};

template <class U>
std::unique_ptr<key_source<U>> key_source_of(input const& in, direction way, alike which);

/// Calls f(source) with the source of the width that fits.
template <class F>
decltype(auto) with_keys(input const& in, direction way, alike which, F const& f) {
  if (io::size_of(in.array().type) <= 4) return f(*key_source_of<std::uint32_t>(in, way, which));
  return f(*key_source_of<std::uint64_t>(in, way, which));
}
/// Of elements as they are.
template <class F>
decltype(auto) with_keys(input const& in, direction way, F const& f) {
  return with_keys(in, way, alike::same_bits, f);
}

}  // namespace prorata::cli
