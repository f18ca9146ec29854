// Numbers of a type known at run time, which keep their type, their bits and their shortest decimal form.
#pragma once

#include <cstddef>
#include <cstdint>
#include <host/io/dtype.hpp>
#include <optional>
#include <prorata/boolean8.hpp>
#include <prorata/half.hpp>
#include <string>
#include <type_traits>
#include <variant>

namespace prorata::dynamic {

using number = std::variant<double, float, std::int64_t, std::uint64_t, bool>;

/// An element of any type.
template <class T>
number number_of(T const& x) {
  if constexpr (std::is_same_v<T, half>) {
    return to_float(x);
  } else if constexpr (std::is_same_v<T, boolean8>) {
    return static_cast<bool>(x);
  } else if constexpr (std::is_floating_point_v<T>) {
    return x;
  } else if constexpr (std::is_signed_v<T>) {
    return static_cast<std::int64_t>(x);
  } else {
    return static_cast<std::uint64_t>(x);
  }
}

/// An element as this machine stores it.
number number_at(io::dtype type, std::byte const* element);

/// The shortest decimal text that reads back as the same number.
std::string shortest(number const& x);
/// The IEEE bits of a float as "0x…"; nothing for integers.
std::optional<std::string> bits_text(number const& x);
/// NumPy's code of its type: "f8", "i8", "u8", "b1".
char const* code_of(number const& x);

}  // namespace prorata::dynamic
