// The distinct keys of what does not fit memory: sorted by way of the disk, range by range, and told in
// order.
#pragma once

#include <host/cli/external_sort.hpp>
#include <prorata/array.hpp>
#include <prorata/host.hpp>

namespace prorata::cli {

/// Where distinct keys go: called with consecutive places, in order of the keys.
template <class U>
struct distinct_sink {
  std::function<void(index_t place, std::span<U const> keys)> keys;
  /// How often each occurs, and where first. Empty where that is not asked for.
  std::function<void(index_t place, std::span<index_t const> numbers)> counts, first;
};

/// The distinct ones of n keys, for U = uint32_t and uint64_t. Returns how many there are.
///   memory   as limits say; limits.capacity is not used
///   disk     n keys, with indices where first places are asked for
///   throws   usage_error, out_of_memory, device_error; what read and the sink throw
template <class U>
index_t unique_externally(team<host::stream> const& team, std::vector<double> const& weights, index_t n,
                          element_reader<U> const& read, distinct_sink<U> const& sink, external_limits limits,
                          progress& bar);

}  // namespace prorata::cli
