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

/// Stored elements as X, where they are, or decoded: double serves every array, 64-bit integers serve those of
/// integers and booleans, any other X those that store it, or whose values have it
/// (value_type_of).
///   threads  any number at a time
template <class X>
class decoded {
 public:
  ///   throws  usage_error where X does not serve the array
  explicit decoded(array_file const& array);

  /// Whether elements are stored as this machine has X, so that decode() would only copy them.
  bool as_stored() const { return as_stored_; }

  /// to[0, n) = the n elements at `stored`.
  void decode(std::byte const* stored, index_t n, X* to) const { decode_(stored, n, to); }

  /// The n elements at `stored`, a multiple of alignof(X): there, or decoded into `room`.
  X const* of(std::byte const* stored, index_t n, X* room) const {
    if (as_stored_) return reinterpret_cast<X const*>(stored);
    decode_(stored, n, room);
    return room;
  }

 private:
  bool as_stored_;
  void (*decode_)(std::byte const* from, index_t n, X* to);
};

}  // namespace prorata::io
