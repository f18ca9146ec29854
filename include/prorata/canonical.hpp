// The canonical order: which element meets which, decided by positions alone.
//
// An array of n elements is laid out in rows of L lanes: element i sits in lane i mod L, row i / L. Each lane
// is folded by iterated pairwise combination (neighbours first, an odd last operand is carried up unchanged);
// then the L lane results are folded by the same rule. This is the tree of WG21 P4016R0 with L = 32.
//
//        lanes →                      a node (level k, index j) holds, lane by lane,
//   row 0   0  1  2 … 31              the fold of rows [j·2^k, (j+1)·2^k):
//   row 1  32 33 34 … 63    ┐                 level 2         ┌───0───┐
//   row 2  64 65  …         │ rows            level 1       ┌─0─┐   ┌─1─┐
//   row 3  96  …            ┘                 row           0   1   2   3
//
// A node depends on nothing but its own rows, so anyone may compute it: a SIMD loop, a warp, another machine.
#pragma once

#include <prorata/config.hpp>
#include <type_traits>

namespace prorata {

/// Lanes of the standard order: one warp, or two AVX-512 registers of floats.
inline constexpr index_t standard_lanes = 32;

/// Elements of a tile: 32 rows of 32 lanes. Cuts between ranks and between chunks fall on tile boundaries.
inline constexpr index_t tile = 1024;

/// Rows that n elements occupy, the last one possibly incomplete.
template <index_t L>
PRORATA_HD constexpr index_t rows(index_t n) {
  return n / L + (n % L != 0);
}

/// Elements of one lane among n.
template <index_t L>
PRORATA_HD constexpr index_t rows_of_lane(index_t n, index_t lane) {
  return n / L + (lane < n % L);
}

/// How many of the rows [first, last) have an element in this lane.
template <index_t L>
PRORATA_HD constexpr index_t present(index_t n, index_t lane, index_t first, index_t last) {
  index_t const end = rows_of_lane<L>(n, lane);
  return (end < last ? end : last) > first ? (end < last ? end : last) - first : 0;
}

/// Elements in the lanes [lane, lane + width) among n.
template <index_t L>
PRORATA_HD constexpr index_t present_in_lanes(index_t n, index_t lane, index_t width) {
  index_t const extra = n % L - lane;
  return n / L * width + (extra < 0 ? 0 : extra > width ? width : extra);
}

/// The largest level k for which rows [first, first + 2^k) are one node inside [first, last).
PRORATA_HD constexpr int aligned_level(index_t first, index_t last) {
  int level = 0;
  while (level < 62 && (first & (index_t{1} << level)) == 0 && first + (index_t{2} << level) <= last) ++level;
  return level;
}

/// How many maximal aligned nodes cover rows [first, last): at most 2·log2(last − first).
///   [5, 16) = row 5 · rows 6–7 · rows 8–15  → 3
PRORATA_HD constexpr int node_count(index_t first, index_t last) {
  int count = 0;
  for (index_t row = first; row < last; row += index_t{1} << aligned_level(row, last)) ++count;
  return count;
}

/// How the elements [begin, end) of n fall into rows: a head and a tail of fewer than L loose elements each,
/// whose rows other pieces share, and whole rows between them. The last row of the array counts as whole.
///   n = 100, L = 32, [40, 100):  head 40–63 · rows 2–3 (row 3 has 4 elements) · no tail
struct row_layout {
  index_t head_end;             // loose elements [begin, head_end)
  index_t first_row, last_row;  // whole rows [first_row, last_row)
  index_t tail_begin;           // loose elements [tail_begin, end)
};

template <index_t L>
PRORATA_HD constexpr row_layout layout(index_t begin, index_t end, index_t n) {
  index_t const first = rows<L>(begin);
  index_t const last = end == n ? rows<L>(n) : end / L;
  if (first >= last) {  // no whole row: everything is loose, on one or both sides of a row boundary
    index_t const split = first * L < end ? first * L : end;
    return {split, first, first, split};
  }
  return {first * L, first, last, end == n ? end : last * L};
}

/// An operation that is told how many elements its operands stand for: op(a, b, count of a, count of b).
template <class Op>
concept counted = requires(Op const op, typename Op::value_type a, index_t k) {
  op(a, a, k, k);
};

template <class Op, class T>
[[gnu::always_inline]] PRORATA_HD constexpr T combine(Op const& op, T const& a, T const& b, index_t in_a,
                                                      index_t in_b) {
  if constexpr (counted<Op>) {
    return op(a, b, in_a, in_b);
  } else {
    return op(a, b);
  }
}

/// Folds 2^Level rows of one lane, starting at element i. Straight-line code: on a GPU all loads are in
/// flight together; on the host a loop over lanes around it vectorises, if all of it is inlined.
template <int Level, index_t L, class Load, class Op>
[[gnu::always_inline]] PRORATA_HD constexpr typename Op::value_type lane_tree(Load const& load, index_t i,
                                                                              Op const& op) {
  if constexpr (Level == 0) {
    return load(i);
  } else {
    constexpr index_t half = index_t{1} << (Level - 1);
    return combine(op, lane_tree<Level - 1, L>(load, i, op), lane_tree<Level - 1, L>(load, i + half * L, op),
                   half, half);
  }
}

}  // namespace prorata
