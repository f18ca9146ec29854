// The ways of sharing n elements besides contiguous ranges: what each rank would get.
#pragma once

#include <host/dynamic/element_costs.hpp>
#include <host/dynamic/number.hpp>
#include <host/io/file_column.hpp>
#include <optional>
#include <string>
#include <vector>

namespace prorata::dynamic {

/// Who would get how much.
struct shares {
  std::vector<index_t> counts;   ///< elements of each rank (tasks, for lpt)
  std::vector<double> loads;     ///< what they cost; the counts, where elements have no costs
  double bottleneck = 0;         ///< the largest load / weight: the time until the last rank is done
  std::vector<index_t> cuts{};   ///< of contiguous ranges
  std::vector<index_t> slots{};  ///< of hash tables: slots of 65536 each rank owns
  /// Of ranges of keys: where every rank but the first begins; nothing for one that no key can reach.
  std::vector<std::optional<number>> splitters{};
  std::string rule;  ///< in words: how to find an element's rank
};

/// Elements, or blocks of them, in turns: equal ones, or those of a weighted wheel.
shares shares_in_turns(index_t n, std::vector<double> const& weights, index_t block);

/// Keys by their hash: of n different ones, those to be expected.
shares shares_by_hash(index_t n, std::vector<double> const& weights);

/// Tasks, the costliest first, each where it would be done soonest.
shares shares_of_tasks(element_costs const& costs, std::vector<double> const& weights);

/// Keys by ranges of their values: those that the library's range_splitters give, counted.
///   cost  reads up to 65536 elements, and then all of them once
shares shares_by_value(io::file_column const& keys, std::vector<double> const& weights);

/// The largest load / weight of those that have a load.
double largest_time(std::vector<double> const& loads, std::vector<double> const& weights);

}  // namespace prorata::dynamic
