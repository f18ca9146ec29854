// dtype: the twelve element types that files may hold, with their names and a dispatch to C++ types.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <prorata/boolean8.hpp>
#include <prorata/config.hpp>
#include <prorata/half.hpp>
#include <string>
#include <string_view>

namespace prorata::io {

enum class dtype : std::uint8_t { boolean, i8, i16, i32, i64, u8, u16, u32, u64, f16, f32, f64 };

/// A C++ type carried as a value: `using T = typename decltype(tag)::type`.
template <class T>
struct type_tag {
  using type = T;
};

/// Names of one dtype. `code` is NumPy's kind and size, `name` is NumPy's long name.
struct dtype_description {
  dtype type;
  index_t size;  ///< bytes
  char const* code;
  char const* name;
};

inline constexpr std::array<dtype_description, 12> dtypes{{{dtype::boolean, 1, "b1", "bool"},
                                                           {dtype::i8, 1, "i1", "int8"},
                                                           {dtype::i16, 2, "i2", "int16"},
                                                           {dtype::i32, 4, "i4", "int32"},
                                                           {dtype::i64, 8, "i8", "int64"},
                                                           {dtype::u8, 1, "u1", "uint8"},
                                                           {dtype::u16, 2, "u2", "uint16"},
                                                           {dtype::u32, 4, "u4", "uint32"},
                                                           {dtype::u64, 8, "u8", "uint64"},
                                                           {dtype::f16, 2, "f2", "float16"},
                                                           {dtype::f32, 4, "f4", "float32"},
                                                           {dtype::f64, 8, "f8", "float64"}}};

constexpr dtype_description const& describe(dtype type) { return dtypes[static_cast<std::size_t>(type)]; }

/// Bytes of one element.
constexpr index_t size_of(dtype type) { return describe(type).size; }

/// NumPy's long name, such as "float32".
constexpr char const* name_of(dtype type) { return describe(type).name; }

constexpr bool is_floating(dtype type) { return type >= dtype::f16; }
constexpr bool is_signed_integer(dtype type) { return type >= dtype::i8 && type <= dtype::i64; }
constexpr bool is_unsigned_integer(dtype type) { return type >= dtype::u8 && type <= dtype::u64; }

/// What NumPy writes in a header: "<f4", "|u1"; ">f4" when the bytes are swapped.
std::string descr(dtype type, bool swapped = false);

/// An element type and whether its bytes are in the other order than this machine's.
struct element_type {
  dtype type;
  bool swapped = false;
  friend bool operator==(element_type const&, element_type const&) = default;
};

/// Reads what a person types: "f4", "float32", "bool", with an optional byte order "<f4", ">i8".
///   throws  usage_error naming the word and the legal ones
element_type parse_dtype(std::string_view word);

/// Reverses the bytes of each of `count` elements of `size` bytes (1, 2, 4 or 8), in place.
void swap_bytes(std::byte* data, index_t count, index_t size);

/// Calls f(type_tag<T>{}) with the C++ type of `type`: boolean8, std::int8_t … std::uint64_t, half, float,
/// double. Returns what f returns; f must return the same type for all.
template <class F>
constexpr decltype(auto) visit(dtype type, F&& f) {
  switch (type) {
    case dtype::boolean:
      return f(type_tag<boolean8>{});
    case dtype::i8:
      return f(type_tag<std::int8_t>{});
    case dtype::i16:
      return f(type_tag<std::int16_t>{});
    case dtype::i32:
      return f(type_tag<std::int32_t>{});
    case dtype::i64:
      return f(type_tag<std::int64_t>{});
    case dtype::u8:
      return f(type_tag<std::uint8_t>{});
    case dtype::u16:
      return f(type_tag<std::uint16_t>{});
    case dtype::u32:
      return f(type_tag<std::uint32_t>{});
    case dtype::u64:
      return f(type_tag<std::uint64_t>{});
    case dtype::f16:
      return f(type_tag<half>{});
    case dtype::f32:
      return f(type_tag<float>{});
    case dtype::f64:
      break;
  }
  return f(type_tag<double>{});
}

/// The dtype of a C++ type: dtype_of<float> is dtype::f32.
template <class T>
inline constexpr dtype dtype_of = [] {
  static_assert(sizeof(T) == 0, "not an element type");
  return dtype::f64;
}();
template <>
inline constexpr dtype dtype_of<boolean8> = dtype::boolean;
template <>
inline constexpr dtype dtype_of<std::int8_t> = dtype::i8;
template <>
inline constexpr dtype dtype_of<std::int16_t> = dtype::i16;
template <>
inline constexpr dtype dtype_of<std::int32_t> = dtype::i32;
template <>
inline constexpr dtype dtype_of<std::int64_t> = dtype::i64;
template <>
inline constexpr dtype dtype_of<std::uint8_t> = dtype::u8;
template <>
inline constexpr dtype dtype_of<std::uint16_t> = dtype::u16;
template <>
inline constexpr dtype dtype_of<std::uint32_t> = dtype::u32;
template <>
inline constexpr dtype dtype_of<std::uint64_t> = dtype::u64;
template <>
inline constexpr dtype dtype_of<half> = dtype::f16;
template <>
inline constexpr dtype dtype_of<float> = dtype::f32;
template <>
inline constexpr dtype dtype_of<double> = dtype::f64;

}  // namespace prorata::io
