// decoded: the elements of an array in a file as numbers of one C++ type, whatever type and byte order it has.
#pragma once

#include <cstring>
#include <host/io/array_file.hpp>
#include <prorata/half.hpp>
#include <type_traits>

namespace prorata::io {

/// The arithmetic value of a stored element.
template <class T>
PRORATA_HD constexpr auto value_of(T x) {
  if constexpr (std::is_same_v<T, half>) {
    return to_float(x);
  } else if constexpr (std::is_same_v<T, boolean8>) {
    return static_cast<std::uint8_t>(x ? 1 : 0);
  } else {
    return x;
  }
}
template <class Stored>
using value_type_of = decltype(value_of(Stored{}));

/// Elements as X, read where they lie in memory, or decoded: double serves every array, 64-bit integers serve those of
/// integers and booleans, any other X those that store it, or whose values have it
/// (value_type_of).
///   threads  any number at a time
template <class X>
class decoded {
 public:
  /// Of an array whose first element is at `data`.
  ///   throws  usage_error where X does not serve it
  decoded(array_file const& array, std::byte const* data);

  /// Whether elements are stored as this machine has X, so that decode() would only copy them.
  bool as_stored() const { return in_place_; }

  /// Elements from `first` on, where they lie as this machine has them; else null.
  X const* in_place(index_t first) const {
    return in_place_ ? reinterpret_cast<X const*>(data_) + first : nullptr;
  }

  /// to[0, n) = elements [first, first + n).
  void read(index_t first, index_t n, X* to) const { read_(data_ + first * size_, n, to); }
  /// The same of n elements as they are stored.
  void decode(std::byte const* stored, index_t n, X* to) const { read_(stored, n, to); }

  /// Elements from `first` on, at least n of them: in place, or read into `room`.
  X const* at(index_t first, index_t n, X* room) const {
    if (auto const* const here = in_place(first)) return here;
    read(first, n, room);
    return room;
  }

 private:
  std::byte const* data_;
  index_t size_;  // of a stored element, in bytes
  bool in_place_;
  void (*read_)(std::byte const* from, index_t n, X* to);
};

}  // namespace prorata::io
