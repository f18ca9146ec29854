// loops: one tight loop per operation and type, found by name at run time.
#pragma once

#include <host/expression/tree.hpp>

namespace prorata::expression {

/// Computes n results from up to three operands. `out` overlaps no operand; all are aligned to their type.
using loop = void (*)(void* out, void const* a, void const* b, void const* c, index_t n);

/// The loop of an operation on operands of type t. Bit k of `scalars` says that operand k is one value, not
/// n. For select, t is the type of what is selected.
loop find_loop(operation op, type t, unsigned scalars);

/// Conversion within an expression.
loop find_convert(type from, type to);

/// Elements of a file to the type the expression sees, and results (or one result, n times) to a file's
/// elements.
loop find_load(io::dtype from);
loop find_store(type from, io::dtype to, bool scalar);

}  // namespace prorata::expression
