// Histograms of distributed arrays: every device counts its own elements, and integers are added.
#pragma once

#include <prorata/bins.hpp>
#include <prorata/elements.hpp>
#include <prorata/exchange.hpp>
#include <prorata/reduce.hpp>

namespace prorata {

/// How many elements each bin holds, and how many lie elsewhere.
struct histogram_counts {
  std::vector<double> edges;    ///< one more than there are bins
  std::vector<index_t> counts;  ///< bin k: edges[k] ≤ x < edges[k + 1]; the last bin includes its upper edge
  index_t below = 0, above = 0, nan = 0;

  friend bool operator==(histogram_counts const&, histogram_counts const&) = default;
};

namespace detail {

/// A copy of the edges on each local rank's device.
template <backend S>
std::vector<buffer<double, S>> placed_edges(team<S> const& team, bin_edges const& edges) {
  std::vector<buffer<double, S>> placed;
  for (S& s : team.streams()) {
    placed.emplace_back(s, static_cast<index_t>(edges.edges().size()));
    s.copy(placed.back().data(), edges.edges().data(), placed.back().bytes());
  }
  return placed;
}

struct zero {
  PRORATA_HD index_t operator()(index_t) const { return 0; }
};

/// The least and the greatest finite element so far, as doubles; infinite the wrong way round while there is
/// none.
struct range_state {
  double low, high;
  static constexpr auto members = std::tuple{&range_state::low, &range_state::high};
};
struct finite_range {
  using value_type = range_state;
  static constexpr bool order_free = true;
  PRORATA_HD static constexpr range_state identity() {
    return {std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity()};
  }
  template <class T>
  PRORATA_HD static constexpr range_state lift(T const& element) {
    double const x = static_cast<double>(numeric(element));
    return x - x == 0 ? range_state{x, x} : identity();
  }
  PRORATA_HD constexpr range_state operator()(range_state const& a, range_state const& b) const {
    return {b.low < a.low ? b.low : a.low, a.high < b.high ? b.high : a.high};
  }
};

/// The counts of a rule's slots, of one table or of several one after the other.
inline histogram_counts histogram_of(bin_edges const& edges, std::vector<index_t> const& tables) {
  histogram_counts result{edges.edges(), std::vector<index_t>(static_cast<std::size_t>(edges.bins()))};
  for (std::size_t k = 0; k < tables.size(); ++k) {
    index_t const slot = static_cast<index_t>(k) % edges.rule().slots();
    (slot < edges.bins()        ? result.counts[static_cast<std::size_t>(slot)]
     : slot == edges.bins()     ? result.below
     : slot == edges.bins() + 1 ? result.above
                                : result.nan) += tables[k];
  }
  return result;
}

template <source X>
even_bins bins_over_span(X const& x, index_t bins) {
  auto const span = transform_reduce(identity{}, finite_range{}, x);
  return span.low <= span.high ? even_bins{span.low, span.high, bins} : even_bins{0, 1, bins};
}

}  // namespace detail

/// Counts the elements of x in bins: numpy.histogram's answer, and what lies below, above, and NaN besides.
///   shape   n elements over P ranks → `bins` counts, the same on every process
///   order   none: integers are counted and added
///   cost    reads n elements once; sends 8 bytes per bin and rank
///   waits   for the counts
///   throws  usage_error for edges that bin_edges refuses; device_error, communication_error, out_of_memory
template <class T, backend S>
histogram_counts histogram(distributed_array<T, S> const& x, bin_edges const& edges) {
  return detail::finishing(x)([&] {
    auto const& team = x.team();
    auto const placed = detail::placed_edges(team, edges);
    index_t const slots = edges.rule().slots();

    // local work: each rank counts its own share
    std::vector<buffer<index_t, S>> counted;
    std::vector<index_t const*> send;
    for (std::size_t k = 0; k < x.parts().size(); ++k) {
      auto const& p = x.parts()[k];
      counted.emplace_back(*p.stream, slots);
      send.push_back(counted.back().data());
      transform_index(*p.stream, 0, slots, detail::zero{}, counted.back().data());
      histogram_index(*p.stream, edges.rule(placed[k].data()), p.begin, p.end(), load_of(identity{}, k, x),
                      counted.back().data());
    }

    // bytes, and local work: all counts on every process, added
    auto const all = all_gather_to_host<index_t>(team, send, slots);
    return detail::histogram_of(edges, all);
  });
}

/// Bins of equal width over a given range.
template <source X>
histogram_counts histogram(X const& x, even_bins const& bins) {
  return histogram(x, bin_edges::even(bins, float_edges<element_of<X>>));
}

/// Bins of equal width over what the finite elements span, in two passes; over [0, 1] where there is none.
/// (NumPy refuses NaN and infinities here; they are counted elsewhere.)
template <source X>
histogram_counts histogram(X const& x, index_t bins) {
  return histogram(x, detail::bins_over_span(x, bins));
}

/// Bins between the caller's own edges.
template <source X>
histogram_counts histogram(X const& x, std::span<double const> edges) {
  return histogram(x, bin_edges::custom(edges));
}

}  // namespace prorata
