// Elements of a type known at run time, from texts.
#pragma once

#include <array>
#include <cstddef>
#include <host/io/dtype.hpp>
#include <optional>
#include <string_view>

namespace prorata::dynamic {

/// An element as this machine stores it, in the first of these bytes.
using stored_element = std::array<std::byte, 8>;

/// A text as an element of a type; nothing where the type does not have it: "300" of u1, "1e6" of f2, "2" of b1.
std::optional<stored_element> element_in(std::string_view text, io::dtype type);

/// What stands for an element that is not there: NaN where the type has it, or else 0.
stored_element absent_element(io::dtype type);

}  // namespace prorata::dynamic
