// Sharing the elements of a file by their values: splitters between the ranks, and what each rank would get.
#pragma once

#include <host/cli/inputs.hpp>
#include <host/cli/partitions.hpp>

namespace prorata::cli {

/// The shares that the library's range_splitters give, counted.
///   cost  reads up to 65536 elements, and then all of them once
shares share_by_value(input const& keys, std::vector<double> const& weights);

}  // namespace prorata::cli
