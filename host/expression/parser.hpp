// parser: the grammar of expressions, from text to tree.
#pragma once

#include <host/expression/tree.hpp>
#include <string_view>

namespace prorata::expression {

/// Reads an expression over the inputs.
///   variables   x y z w, or x0 … x15: the inputs in order
///   literals    12, 0.5, 1e-3, true, false, pi, e, inf, nan
///   operators   loosest first: c ? a : b · or || · and && · not · < <= > >= == != (may be chained) · + - ·
///               * / % · unary - + ! · ** (from the right)
///   functions   abs sqrt cbrt exp exp2 expm1 log log2 log10 log1p sin cos tan asin acos atan atan2 sinh cosh
///               tanh floor ceil round trunc min max pow hypot fma isnan isinf isfinite sign clamp where
///   meaning     as in NumPy: / divides truly, % takes the divisor's sign, round goes to even; and, or, not
///               give booleans; min and max of NaN are NaN
///   limits      64 KiB of text, 200 levels of nesting, 10,000 operations
///   throws      usage_error "expression: column N: reason"; columns count bytes from 1
tree parse(std::string_view text, std::vector<io::element_type> inputs);

}  // namespace prorata::expression
