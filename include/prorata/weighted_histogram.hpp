// weighted_histogram: the exact sum of the weights of each bin's elements.
#pragma once

#include <prorata/group_by.hpp>
#include <prorata/histogram.hpp>

namespace prorata {

/// What lies in each bin, and elsewhere: elements, and the sum of their weights.
template <class Sum>
struct weighted_counts {
  histogram_counts elements;
  std::vector<Sum> weights;  ///< one for each bin; of an empty one +0
  Sum below{}, above{}, nan{};

  friend bool operator==(weighted_counts const&, weighted_counts const&) = default;
};

/// Adds up the weights w[i] of the elements x[i] in bins: numpy.histogram(x, edges, weights=w), but exact.
///   shape   two arrays of n elements, cut alike → `bins` sums, the same on every process
///   sums    as in group_by: floats are added exactly and rounded once to double, integers modulo 2^64
///   cost    reads both arrays once; as a group_by of as many keys as bins hold anything
///   waits   for the sums
///   throws  usage_error for arrays not cut alike; device_error, communication_error, out_of_memory
template <class T, class W, backend S>
weighted_counts<group_sum_type<std::remove_const_t<W>>> weighted_histogram(distributed_array<T, S> const& x,
                                                                           distributed_array<W, S> const& w,
                                                                           bin_edges const& edges) {
  using weight = std::remove_const_t<W>;
  using sum = group_sum_type<weight>;
  require_alike(x, w);
  return detail::finishing(x, w)([&] {
    auto const& team = x.team();
    auto const placed = detail::placed_edges(team, edges);
    auto const groups = detail::group_each<index_t, weight>(
        x,
        [&](std::size_t k) {
          auto const elements = load_of(identity{}, k, x);
          return slot_of_element<std::remove_const_t<decltype(elements)>>{elements,
                                                                          edges.rule(placed[k].data())};
        },
        [&](std::size_t k) { return load_of(identity{}, k, w); }, aggregate::sum, 0);

    // every rank holds some of the bins: all are told to every process
    auto const told = [&]<class V>(distributed_array<V, S> const& column) {
      std::vector<V const*> mine;
      for (auto const& p : column.parts()) mine.push_back(p.data);
      std::vector<index_t> sizes;
      for (int r = 0; r < team.ranks(); ++r) sizes.push_back(column.partition().size(r));
      return all_gatherv_to_host<V>(team, std::span<V const* const>(mine), sizes);
    };
    auto const slots = told(groups.keys);
    auto const counts = told(groups.counts);
    auto const sums = told(groups.sums);
    auto const bins = static_cast<std::size_t>(edges.bins());
    // Step by step: of nested lists GCC 12 destroys members twice when a later one throws.
    weighted_counts<sum> result;
    result.elements.edges = edges.edges();
    result.elements.counts.resize(bins);
    result.weights.resize(bins);
    for (std::size_t k = 0; k < slots.size(); ++k) {
      auto const slot = static_cast<std::size_t>(slots[k]);
      auto const [count, total] = slot < bins ? std::tie(result.elements.counts[slot], result.weights[slot])
                                  : slot == bins     ? std::tie(result.elements.below, result.below)
                                  : slot == bins + 1 ? std::tie(result.elements.above, result.above)
                                                     : std::tie(result.elements.nan, result.nan);
      count = counts[k];
      total = sums[k];
    }
    return result;
  });
}

/// Bins of equal width over a given range.
template <class T, class W, backend S>
auto weighted_histogram(distributed_array<T, S> const& x, distributed_array<W, S> const& w,
                        even_bins const& bins) {
  return weighted_histogram(x, w, bin_edges::even(bins, float_edges<std::remove_const_t<T>>));
}

/// Bins of equal width over what the finite elements span, in two passes; over [0, 1] where there is none.
template <class T, class W, backend S>
auto weighted_histogram(distributed_array<T, S> const& x, distributed_array<W, S> const& w, index_t bins) {
  return weighted_histogram(x, w, detail::bins_over_span(x, bins));
}

/// Bins between the caller's own edges.
template <class T, class W, backend S>
auto weighted_histogram(distributed_array<T, S> const& x, distributed_array<W, S> const& w,
                        std::span<double const> edges) {
  return weighted_histogram(x, w, bin_edges::custom(edges));
}

}  // namespace prorata
