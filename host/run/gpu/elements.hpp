// Elements of files as kernels see them: the bytes as stored, converted where they are needed.
#pragma once

#include <bit>
#include <cstdint>
#include <host/io/decoded.hpp>
#include <prorata/boolean8.hpp>
#include <prorata/half.hpp>
#include <prorata/total_order.hpp>

namespace prorata::host {

/// What is made of the elements of one file, or of two together, before they are folded.
enum class gpu_form {
  value,          ///< a
  nonzero,        ///< 1 where a is not 0; NaN is not
  product,        ///< a × b
  pair,           ///< both: two factors, or a value and its weight
  ascending_key,  ///< the key of a in the order of its type
  descending_key
};

/// What elements are converted to. 64-bit integers of either sign are the same bits; keys of fewer than 32
/// bits are widened.
enum class gpu_value { f32, f64, i64, key32, key64, factors, weighted };

constexpr index_t size_of(gpu_value v) {
  switch (v) {
    case gpu_value::f32:
    case gpu_value::key32:
      return 4;
    case gpu_value::factors:
    case gpu_value::weighted:
      return 16;
    default:
      return 8;
  }
}

/// Elements as a file stores them, aligned to their size, in memory of the device that reads them.
struct stored_elements {
  void const* data;
  io::dtype type;
  bool swapped;
};

template <class Word>
PRORATA_HD constexpr Word reversed(Word word) {
  Word result = 0;
  for (unsigned k = 0; k < sizeof(Word); ++k)
    result = static_cast<Word>(result << 8 | (word >> 8 * k & 0xff));
  return result;
}

/// Element i as its file means it; Word is the unsigned integer of its size.
template <class Stored, class Word>
PRORATA_HD Stored stored_at(stored_elements const& from, index_t i) {
  static_assert(sizeof(Stored) == sizeof(Word));
  Word word = static_cast<Word const*>(from.data)[i];
  if constexpr (sizeof(Word) > 1) {
    if (from.swapped) word = reversed(word);
  }
  return std::bit_cast<Stored>(word);
}

/// f(element i). Asking for the type at each element costs nothing beside the link that elements come over.
template <class F>
PRORATA_HD auto with_element(stored_elements const& from, index_t i, F const& f) {
  using io::dtype;
  switch (from.type) {
    case dtype::boolean:
      return f(stored_at<boolean8, std::uint8_t>(from, i));
    case dtype::i8:
      return f(stored_at<std::int8_t, std::uint8_t>(from, i));
    case dtype::i16:
      return f(stored_at<std::int16_t, std::uint16_t>(from, i));
    case dtype::i32:
      return f(stored_at<std::int32_t, std::uint32_t>(from, i));
    case dtype::i64:
      return f(stored_at<std::int64_t, std::uint64_t>(from, i));
    case dtype::u8:
      return f(stored_at<std::uint8_t, std::uint8_t>(from, i));
    case dtype::u16:
      return f(stored_at<std::uint16_t, std::uint16_t>(from, i));
    case dtype::u32:
      return f(stored_at<std::uint32_t, std::uint32_t>(from, i));
    case dtype::u64:
      return f(stored_at<std::uint64_t, std::uint64_t>(from, i));
    case dtype::f16:
      return f(stored_at<half, std::uint16_t>(from, i));
    case dtype::f32:
      return f(stored_at<float, std::uint32_t>(from, i));
    case dtype::f64:
      break;
  }
  return f(stored_at<double, std::uint64_t>(from, i));
}

using io::value_of;

template <class To>
struct value_as {
  template <class T>
  PRORATA_HD To operator()(T x) const {
    return static_cast<To>(value_of(x));
  }
};

template <class Key>
struct key_as {
  direction way;
  template <class T>
  PRORATA_HD Key operator()(T x) const {
    return static_cast<Key>(total_order<T>(way).key(x));
  }
};

/// Element i as To: the value the host's loads give, for every type and byte order.
template <class To>
PRORATA_HD To element_as(stored_elements const& from, index_t i) {
  return with_element(from, i, value_as<To>{});
}

/// A computed number as an element that a file stores; every NaN is one.
template <class Stored, class T>
PRORATA_HD Stored stored(T x) {
  if constexpr (std::is_same_v<Stored, half>) {
    return to_half(static_cast<double>(x));
  } else if constexpr (std::is_same_v<Stored, boolean8>) {
    return {static_cast<unsigned char>(x != T{0} ? 1 : 0)};
  } else if constexpr (std::is_same_v<Stored, float> && std::is_same_v<T, double>) {
    return x == x ? static_cast<float>(x) : std::bit_cast<float>(0x7fc00000u);
  } else {
    return static_cast<Stored>(x);
  }
}

/// Whether stored elements already are what a fold reads.
constexpr bool is_ready(gpu_form form, gpu_value value, io::dtype type, bool swapped) {
  using io::dtype;
  if (form != gpu_form::value || swapped) return false;
  return (value == gpu_value::f32 && type == dtype::f32) || (value == gpu_value::f64 && type == dtype::f64) ||
         (value == gpu_value::i64 && (type == dtype::i64 || type == dtype::u64));
}

}  // namespace prorata::host
