// Where an extreme element is: the first of equal ones, by their numbers in C order.
#pragma once

#include <host/run/chunked_run.hpp>

namespace prorata::dynamic {

/// Of the elements that are like the one stored at i (every NaN is like another), the lowest index in C order; i is the
/// first of them as they are stored.
///   cost  nothing where both orders are the same, else one more read of the file
index_t first_place(host::chunked_run& run, io::file_column const& column, index_t i);

}  // namespace prorata::dynamic
