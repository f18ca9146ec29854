// Where an extreme element is: the first of equal ones, by their numbers in C order.
#pragma once

#include <host/cli/answer.hpp>
#include <host/cli/session.hpp>

namespace prorata::cli {

/// Of the elements that are like the one stored at i (every NaN is like another), the one with the lowest
/// index in C order; i is the first of them as they are stored.
///   cost  nothing where both orders are the same, else one more read of the file
finding first_place(char const* name, session& job, input const& in, index_t i);

}  // namespace prorata::cli
