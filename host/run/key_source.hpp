// Elements of a file as keys of an order, and the way back: so that what works on keys is made for two widths and not
// for every type.
#pragma once

#include <cstddef>
#include <cstdint>
#include <host/io/file_window.hpp>
#include <memory>
#include <prorata/total_order.hpp>
#include <span>
#include <type_traits>
#include <vector>

namespace prorata::host {

/// The unsigned integers that keys of elements of T are widened to: sorts and GPUs know two kinds.
template <class T>
using wide_key = std::conditional_t<sizeof(T) <= 4, std::uint32_t, std::uint64_t>;

/// Which elements have one key.
enum class alike {
  same_bits,  ///< those that the order does not tell apart
  equal       ///< −0 and +0 too, and every NaN
};

template <class U>
class key_source {
 public:
  explicit key_source(io::file_column const& column) : column_(column) {}
  virtual ~key_source() = default;

  io::file_column const& column() const { return column_; }

  /// The keys of n elements as they are stored, at a multiple of 64 bytes. From many threads.
  virtual void keys_of(std::byte const* stored, index_t n, U* keys) const = 0;

  /// Writes the keys of elements [first, last).
  void fetch(index_t first, index_t last, U* keys) const {
    io::each_window(column_, first, last, [&](std::byte const* stored, index_t begin, index_t n) {
      keys_of(stored, n, keys + (begin - first));
    });
  }
  U fetch(index_t i) const {
    U key;
    fetch(i, i + 1, &key);
    return key;
  }

  /// The same a block of at most Block elements at a time: f(keys, first, n).
  template <index_t Block = (index_t{16} << 10) / index_t{sizeof(U)}, class F>
  void each_block(index_t first, index_t last, F const& f) const {
    static_assert(Block % 64 == 0);
    index_t const size = io::size_of(column_.array().type);
    alignas(64) U keys[Block];
    io::each_window(column_, first, last, [&](std::byte const* stored, index_t begin, index_t all) {
      for (index_t at = 0; at < all; at += Block) {
        index_t const n = std::min(Block, all - at);
        keys_of(stored + at * size, n, keys);
        f(keys, begin + at, n);
      }
    });
  }

  /// How many of a key's low bits are used.
  virtual int bits() const = 0;
  /// Whether keys are those of the elements as they are stored, which GPUs know.
  virtual bool of_stored() const = 0;

  /// The elements that have these keys, one after another as this machine stores them; and one as a double.
  virtual std::vector<std::byte> elements(std::span<U const> keys) const = 0;
  virtual double number(U key) const = 0;

 protected:
  io::file_column const& column_;
};

/// Keys of the elements as T, as decoded<T> gives them.
///   throws  usage_error where T does not serve the column
template <class T>
std::unique_ptr<key_source<wide_key<T>>> keys_as(io::file_column const& column, direction way,
                                                 alike which = alike::same_bits);

/// Keys of the elements as they are stored; U is the width that fits.
template <class U>
std::unique_ptr<key_source<U>> key_source_of(io::file_column const& column, direction way, alike which);

/// Calls f(source) with the source of the width that fits.
template <class F>
decltype(auto) with_keys(io::file_column const& column, direction way, alike which, F const& f) {
  if (io::size_of(column.array().type) <= 4) return f(*key_source_of<std::uint32_t>(column, way, which));
  return f(*key_source_of<std::uint64_t>(column, way, which));
}
/// Of elements that have one key only where their bits are the same.
template <class F>
decltype(auto) with_keys(io::file_column const& column, direction way, F const& f) {
  return with_keys(column, way, alike::same_bits, f);
}

}  // namespace prorata::host
