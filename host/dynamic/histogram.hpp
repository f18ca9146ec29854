// Histograms of files: bins by number, by rule, by range or by edges, and what lies in them.
#pragma once

#include <functional>
#include <host/dynamic/number.hpp>
#include <host/run/chunked_run.hpp>
#include <optional>
#include <prorata/bins.hpp>
#include <prorata/groups.hpp>
#include <utility>
#include <vector>

namespace prorata::dynamic {

/// How many bins there are: as said, or by a rule of NumPy's (2.4), of how far apart the elements are and how many.
enum class bin_count { said, sqrt, sturges, rice };

/// How many bins a rule makes of n elements from low to high, in a range so long: no bin of integers is narrower
/// than 1. One bin where the elements are equal, or there are none.
///   floats  whether distances are rounded to float, as NumPy's of such elements are
///   throws  usage_error where the elements are too close together for the range
index_t bins_by_rule(bin_count rule, index_t n, double low, double high, double range, bool integers,
                     bool floats);

/// The bins of a histogram.
struct bins_wanted {
  bin_count rule = bin_count::said;
  index_t bins = 10;  ///< where that is said
  std::optional<std::pair<double, double>>
      range{};                       ///< of all bins; else from the least element to the greatest
  std::optional<bin_edges> edges{};  ///< these, and nothing else counts
};

/// What lies in each bin, and then below, above, and in none (NaN).
struct file_histogram {
  bin_edges edges;
  std::vector<index_t> counts;
  std::vector<std::uint64_t> weights{};  ///< sums of weights as words; empty where there are none
  addend kind = addend::real;            ///< of the weights

  bool is_weighted() const { return !weights.empty(); }
  number weight(std::size_t slot) const;
};

/// Bytes that so many bins take: an edge, a count, a thread's count; with weights a group, too.
constexpr index_t bytes_of_bins(index_t bins, bool weighted) { return bins * (weighted ? 160 : 48); }

/// The first column's elements in bins; or what the second's, which lie beside them, add up to.
///   bins    called as soon as it is known how many bins there will be; it throws where these are too many
///   cost    reads the file once, and once before that where the elements say where the bins are
///   throws  usage_error (no range), input_error, device_error; what `bins` throws
file_histogram histogram(host::chunked_run& run, io::file_column const& column,
                         io::file_column const* weights, bins_wanted const& wanted,
                         std::function<void(index_t)> const& bins);

/// The edges in a file.
///   throws  input_error where they are none
bin_edges edges_in(io::file_column const& column);

}  // namespace prorata::dynamic
