// Bins: which of them a number belongs to, decided by the edges alone, with the same answer on every device.
#pragma once

#include <prorata/half.hpp>
#include <prorata/rounded.hpp>
#include <span>
#include <type_traits>
#include <vector>

namespace prorata {

/// `count` bins of equal width over [low, high], as numpy.histogram(x, count, (low, high)) makes them.
struct even_bins {
  double low, high;
  index_t count;
};

/// What an element counts as: halves are widened to float, which is exact; everything else is itself.
PRORATA_HD constexpr float numeric(half x) { return to_float(x); }
template <class T>
PRORATA_HD constexpr T numeric(T const& x) {
  return x;
}

/// Whether even edges for elements of T are floats.
template <class T>
inline constexpr bool float_edges = std::is_same_v<T, float> || std::is_same_v<T, half>;

/// The bin of a number, from the edges that are published with the counts and from nothing else:
///   bins         bin k holds edges[k] ≤ x < edges[k + 1], the last one x = edges[bins] too (NumPy's rule);
///                of equal edges the last one counts; −0 is 0; integers are rounded to double first
///   elsewhere    slot `bins` counts what is below, bins + 1 what is above, bins + 2 NaN
///   places       the same in order of size: 0 below, 1 … bins the bins, bins + 1 above, bins + 2 NaN
///   same bits    (x − origin)·scale, rounded, is only a guess of the place; the edges beside it decide, and
///                how it was rounded does not show. It never decreases as x grows, and so is never further
///                off than it is at an edge, where it was measured. One that is off by a whole bin is not
///                used: then scale is 0, and the edges are searched
/// It is a reference and goes into kernels: `edges` are the device's, and must outlive it.
struct bin_rule {
  double const* edges = nullptr;  ///< bins + 1 of them, not decreasing
  index_t bins = 0;
  double origin = 0;       ///< half a bin below the first edge
  double scale = 0;        ///< bins / (high − low), or 0
  double slack = 1;        ///< how far the guess is off, in bins, at most
  double slack_float = 1;  ///< how far it is off when made in float, for floats and edges that are floats

  static constexpr index_t elsewhere = 3;
  PRORATA_HD constexpr index_t slots() const { return bins + elsewhere; }
  PRORATA_HD constexpr index_t slot_at(index_t place) const {
    return place == 0 ? bins : place <= bins ? place - 1 : place;
  }

  template <class T>
  PRORATA_HD constexpr index_t place(T const& element) const {
    double const x = static_cast<double>(numeric(element));
    if (!(x == x)) return bins + 2;
    // Floats are guessed in floats, others in doubles: most guesses are clear of the edges, which are then not read.
    using X = std::conditional_t<float_edges<T>, float, double>;
    double const off = float_edges<T> ? slack_float : slack;
    if (off < 0.5) {
      X const most = static_cast<X>(bins + 1);
      X guess = rounded_product(rounded_difference(static_cast<X>(x), static_cast<X>(origin)),
                                static_cast<X>(scale));
      guess = guess < X{0} ? X{0} : guess > most ? most : guess;
      auto const k = static_cast<std::uint32_t>(guess + X{0.5});
      X const part = guess - static_cast<X>(k);
      if ((part < X{0} ? -part : part) < X{0.5} - static_cast<X>(off)) return static_cast<index_t>(k);
    }
    if (x < edges[0]) return 0;
    if (x > edges[bins]) return bins + 1;
    if (scale > 0) {
      auto k = static_cast<index_t>((x - origin) * scale + 0.5);
      k = k < 1 ? 1 : k > bins ? bins : k;
      k -= static_cast<index_t>(x < edges[k - 1]);
      k += static_cast<index_t>(k < bins && x >= edges[k]);
      return k;
    }
    index_t first = 0;
    for (index_t rest = bins; rest > 1;) {  // edges[first] ≤ x, and the bin is one of the next `rest`
      index_t const half = rest / 2;
      first += edges[first + half] <= x ? half : 0;
      rest -= half;
    }
    return first + 1;
  }
  template <class T>
  PRORATA_HD constexpr index_t operator()(T const& element) const {
    return slot_at(place(element));
  }
};

/// The slot of the element that load(i) reads.
template <class Load>
struct slot_of_element {
  Load load;
  bin_rule rule;
  PRORATA_HD index_t operator()(index_t i) const { return rule(load(i)); }
};

/// The edges of bins, and the rule that goes with them.
class bin_edges {
 public:
  /// Even edges k·((high − low)/count) + low, each operation rounded once, and high itself at the end: the
  /// doubles of numpy.linspace. For elements that are floats or halves the edges are floats, as in
  /// numpy.histogram. low = high is widened by a half to each side, also as there.
  ///   throws  usage_error: no bins, a range that is not finite or runs backwards, edges that coincide
  static bin_edges even(even_bins const& wanted, bool floats);

  /// The caller's own edges, at least two, not decreasing; infinite ones are welcome.
  ///   throws  usage_error naming the edge
  static bin_edges custom(std::span<double const> edges);

  std::vector<double> const& edges() const { return edges_; }
  index_t bins() const { return static_cast<index_t>(edges_.size()) - 1; }

  /// The rule with these edges, or with a copy of them in a device's memory.
  bin_rule rule() const { return rule(edges_.data()); }
  bin_rule rule(double const* copy) const {
    bin_rule r = rule_;
    r.edges = copy;
    return r;
  }

 private:
  std::vector<double> edges_;
  bin_rule rule_;
};

}  // namespace prorata
