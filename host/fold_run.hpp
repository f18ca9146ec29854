// Folding runs of a few thousand elements at most, by one thread and without a forest: rows that end early
// are filled up with the operation's identity, so that every step is a loop of fixed length.
#pragma once

#include <algorithm>
#include <bit>
#include <host/warp.hpp>
#include <prorata/reductions.hpp>
#include <prorata/short_run.hpp>
#include <type_traits>

namespace prorata::host {

/// Whether op(x, identity) is x for every x, to the last bit but for what a NaN carries, which the root
/// drops: to add −0 is to pass over an absent operand.
template <class Op>
inline constexpr bool fills_up = false;
template <class Op>
requires(Op::order_free&& std::is_arithmetic_v<typename Op::value_type>) inline constexpr bool fills_up<Op> =
    requires {
  Op::identity();
};
template <std::floating_point T>
inline constexpr bool fills_up<plus<T>> = true;
template <std::floating_point T>
inline constexpr bool fills_up<multiplies<T>> = true;

/// Whether runs are folded here.
template <class R>
inline constexpr bool folds_runs = false;
template <class Op>
inline constexpr bool folds_runs<ordered<Op, standard_lanes>> = fills_up<Op>;
template <class Op>
inline constexpr bool folds_runs<order_free<Op>> = fills_up<Op>;

/// Short runs that are folded side by side.
inline constexpr index_t run_batch = 16;

namespace detail {

/// Folds neighbours until `Out` values are left of N, level by level: the rows of Out runs, or one row of
/// lanes.
template <index_t Out, index_t N, class Op, class T>
void fold_neighbours(Op op, T const* in, T* out) {
  if constexpr (N == 2 * Out) {
    for (index_t k = 0; k < Out; ++k) out[k] = op(in[2 * k], in[2 * k + 1]);
  } else {
    alignas(64) T half[N / 2];
    fold_neighbours<N / 2, N>(op, in, half);
    fold_neighbours<Out, N / 2>(op, half, out);
  }
}

/// Folds run_batch runs of at most Width ≤ 32 elements: run k is [places[k], places[k + 1]). Elements behind
/// a run are read, and not folded in.
template <index_t Width, class Op, class Load>
[[gnu::noinline]] void fold_batch(Op op, Load load, index_t const* places, typename Op::value_type* out) {
  using T = typename Op::value_type;
  alignas(64) T rows[(run_batch + 1) * Width];
  for (index_t k = 0; k < run_batch; ++k) {
    index_t const first = warp<>::in_order(places[k]);  // else rows become columns, and their loads gathers
    T* const row = rows + k * Width;
    T* const behind = row + (places[k + 1] - first);  // into the next row, which is written next
    for (index_t i = 0; i < Width; ++i) row[i] = lifted<Op>(load(first + i));
    for (index_t i = 0; i < Width; ++i) behind[i] = Op::identity();
  }
  fold_neighbours<run_batch, run_batch * Width>(op, rows, out);
  for (index_t k = 0; k < run_batch; ++k) out[k] = sealed(out[k]);
}

/// The longest run that fold_run takes.
inline constexpr index_t longest_folded = index_t{1} << 18;

/// Folds the n elements from `first` on, 1 ≤ n ≤ longest_folded, as an array of their own: four rows at a
/// time into a node, and nodes of one size with their left neighbours, as a binary counter carries.
template <class Op, class Load>
[[gnu::noinline]] typename Op::value_type fold_run(Op op, Load load, index_t first, index_t n) {
  using T = typename Op::value_type;
  using lanes = warp<standard_lanes>;
  constexpr index_t L = standard_lanes, group = 4 * L;
  varying<T, L> nodes[std::bit_width(static_cast<std::uint64_t>(longest_folded / group)) + 1];
  int size = 0;
  auto const take_four = [&](auto const& at) {  // rows in address order, as the prefetcher likes them
    varying<T, L> left, right;
    lanes::each([&](index_t l) { left.at[l] = at(l); });
    index_t const second = lanes::in_order(L);
    lanes::each([&](index_t l) { left.at[l] = op(left.at[l], at(second + l)); });
    index_t const third = lanes::in_order(2 * L);
    lanes::each([&](index_t l) { right.at[l] = at(third + l); });
    index_t const fourth = lanes::in_order(3 * L);
    lanes::each([&](index_t l) { right.at[l] = op(right.at[l], at(fourth + l)); });
    lanes::each([&](index_t l) { nodes[size].at[l] = op(left.at[l], right.at[l]); });
    ++size;
  };
  auto const merge_top = [&] {
    --size;
    lanes::each([&](index_t l) { nodes[size - 1].at[l] = op(nodes[size - 1].at[l], nodes[size].at[l]); });
  };
  index_t const whole = n / group;
  for (index_t k = 0; k < whole; ++k) {
    index_t const begin = first + k * group;
    if constexpr (requires { load.prefetch(begin, begin, begin); })
      load.prefetch(begin, begin + group, lanes::read_ahead);
    take_four([&](index_t i) { return lifted<Op>(load(begin + i)); });
    for (index_t carry = k; carry % 2 == 1; carry /= 2) merge_top();
  }
  if (index_t const rest = n % group; rest > 0) {
    alignas(64) T filled[group];
    index_t const begin = first + whole * group;
    for (index_t i = 0; i < rest; ++i) filled[i] = lifted<Op>(load(begin + i));
    for (index_t i = rest; i < group; ++i) filled[i] = Op::identity();
    take_four([&](index_t i) { return filled[i]; });
  }
  while (size > 1) merge_top();
  T result;
  fold_neighbours<1, L>(op, nodes[0].at, &result);
  return sealed(result);
}

}  // namespace detail
}  // namespace prorata::host
