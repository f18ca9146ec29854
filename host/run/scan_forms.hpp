// What the command line's scans give, on the host and on GPUs.
#pragma once

#include <prorata/operations.hpp>
#include <prorata/running.hpp>

namespace prorata::host {

/// An exclusive scan begins with 0, 1, or what no element exceeds. (The identity of sums, −0, would look
/// odd.)
template <class Op>
constexpr scan_form<Op> scan_form_of(bool exclusive) {
  using T = typename Op::value_type;
  return {Op{}, std::is_same_v<Op, plus<T>> ? T{0} : Op::identity(), exclusive, exclusive};
}

}  // namespace prorata::host
