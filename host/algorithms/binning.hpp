// Elements of a file in bins: how many, or what they weigh.
#pragma once

#include <host/run/chunked_run.hpp>
#include <prorata/bins.hpp>
#include <prorata/groups.hpp>
#include <vector>

namespace prorata::host {

/// Where some elements lie, and how many they are.
struct element_span {
  double low, high;  ///< infinite the wrong way round where there is none
  index_t count;
};

/// The least and greatest of the elements from low to high, both finite.
///   X  float or double: what the column's elements are read as
template <class X>
element_span span_within(chunked_run& run, io::file_column const& column, double low, double high);

/// How many elements lie in each slot of a rule: the bins, below, above, NaN.
///   X       as the edges were made for: float or double
///   memory  a table of the rule's slots for each thread
template <class X>
std::vector<index_t> counts_in_bins(chunked_run& run, io::file_column const& column, bin_rule const& rule);

/// The same, and what the elements of another column, which lie beside those in each slot, add up to.
struct weighted_counts {
  std::vector<index_t> counts;
  std::vector<std::uint64_t> sums;  ///< as words of the addend
};
template <class X>
weighted_counts weights_in_bins(chunked_run& run, io::file_column const& column, bin_rule const& rule,
                                io::file_column const& weights);

}  // namespace prorata::host
