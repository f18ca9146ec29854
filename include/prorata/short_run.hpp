// Reducing a handful of elements as one thread does it, to the bits that a whole warp would give.
#pragma once

#include <concepts>
#include <prorata/operations.hpp>
#include <prorata/reductions.hpp>

namespace prorata {

/// The most elements that fold_short takes: one row of the canonical order.
inline constexpr index_t short_run = standard_lanes;

/// load(0) … load(n − 1), folded as the reduction R folds an array of these n elements, 1 ≤ n ≤ short_run.
/// Not every reduction has it; those that have are `folds_short`.
///   ordered     one element a lane: neighbours meet, an odd last one is carried up
///   order_free  one after the other
template <class Op, class Load>
PRORATA_HD constexpr auto fold_short(ordered<Op, standard_lanes> const& r, Load const& load, index_t n) {
  using T = typename Op::value_type;
  if (n == 1) return sealed(lifted<Op>(load(index_t{0})));
  T v[short_run];
  for (index_t k = 0; k < n; ++k) v[k] = lifted<Op>(load(k));
  for (index_t distance = 1; distance < n; distance *= 2)
    for (index_t k = 0; k + distance < n; k += 2 * distance) {
      index_t const there = n - (k + distance) < distance ? n - (k + distance) : distance;
      v[k] = combine(r.op, v[k], v[k + distance], distance, there);
    }
  return sealed(v[0]);
}
template <class Op, class Load>
PRORATA_HD constexpr auto fold_short(order_free<Op> const& r, Load const& load, index_t n) {
  auto all = lifted<Op>(load(index_t{0}));
  for (index_t k = 1; k < n; ++k) all = r.op(all, lifted<Op>(load(k)));
  return sealed(all);
}

template <class R, class Load>
concept folds_short = requires(R const& r, Load const& load, index_t n) {
  { fold_short(r, load, n) } -> std::same_as<typename R::result_type>;
};

/// The runs that begin in one part of an array: how many, and where the first and the last do; 0 0 0 for
/// none.
struct rank_runs {
  index_t count, first, last;
};

/// load(i + by).
template <class Load>
struct shifted_load {
  Load load;
  index_t by;
  PRORATA_HD auto operator()(index_t i) const { return load(i + by); }
  auto contiguous(index_t i) const requires requires(Load const& l) { l.contiguous(index_t{}); }
  { return load.contiguous(i + by); }
};
template <class Load>
shifted_load(Load, index_t) -> shifted_load<Load>;

}  // namespace prorata
