// The order of scans: which element meets which in a running fold, decided by its position in base 32 alone.
//
// Elements are nodes of level 0. The 32 neighbours that begin at a multiple of 32 are the children of one
// node of the level above: 32 elements are a row, 32 rows a tile, 32 tiles a node of level 3, and so on.
// Children are folded one after another, from left to right; a node's total is the fold of its 32 children.
// An element of a scan is what was folded in its row, and before it the rows before in its tile, and before
// that the tiles before in their node, and so on outwards; where there is nothing before, nothing is done:
//
//   i = 70 = (2 6) in base 32      out[70] = op( op(R0, R1),  op(…op(op(x64, x65), x66)…, x70) )
//                                                rows before      its own row
//
// Nothing here depends on n: appending elements never changes earlier outputs. Sums of numbers ≥ 0 never
// decrease. An output is at most 31 rounded operations a level away from its elements: 31·⌈log32 n⌉.
#pragma once

#include <prorata/ordered.hpp>

namespace prorata {

/// The order of scans of this release. Results are promised bit for bit for as long as this name stands.
inline constexpr char scan_order_name[] = "base32-v1";

/// Children of a node, as a number and in bits of a position.
inline constexpr int scan_radix_bits = 5;
inline constexpr index_t scan_radix = index_t{1} << scan_radix_bits;

/// Levels that positions below 2^63 have digits for.
inline constexpr int scan_levels = 13;

/// Level of a row and of a tile.
inline constexpr int row_level = 1;
inline constexpr int tile_level = 2;
static_assert(tile == index_t{1} << (tile_level * scan_radix_bits));

/// Which child of its parent the node of this level is that begins at `position`.
PRORATA_HD constexpr index_t scan_digit(index_t position, int level) {
  return (position >> (level * scan_radix_bits)) & (scan_radix - 1);
}

/// Elements of a node.
PRORATA_HD constexpr index_t scan_node_size(int level) { return index_t{1} << (level * scan_radix_bits); }

/// The level of the largest node that begins at `first` and ends by `last`.
PRORATA_HD constexpr int scan_node_level(index_t first, index_t last) {
  int level = 0;
  while (level + 1 < scan_levels && first % scan_node_size(level + 1) == 0 &&
         last - first >= scan_node_size(level + 1))
    ++level;
  return level;
}

/// How many maximal nodes make up [first, last): at most 62 a level.
///   [30, 70) = 30 · 31 · row 1 · 64 … 69 → 9
PRORATA_HD constexpr index_t scan_node_count(index_t first, index_t last) {
  index_t count = 0;
  while (first < last) {
    int const level = scan_node_level(first, last);
    // as many of them in a row as there are before the parent's end, or before the last one
    index_t const size = scan_node_size(level);
    index_t const siblings = level + 1 < scan_levels ? scan_radix - scan_digit(first, level) : scan_radix;
    index_t const whole = (last - first) / size;
    index_t const here = whole < siblings ? whole : siblings;
    count += here;
    first += here * size;
  }
  return count;
}

/// Bytes that the nodes of a piece take beside those of others.
template <class T>
PRORATA_HD constexpr index_t scan_node_bytes(piece p) {
  return (scan_node_count(p.begin, p.end) * static_cast<index_t>(sizeof(T)) + 63) / 64 * 64;
}

/// All that elements [0, end) mean to those after them: a fold for every level. Any process that is given the
/// totals of the nodes before a place, in order, knows it.
template <class T>
struct running_fold {
  index_t end;
  T at[scan_levels];  ///< at[k]: the children of level k before `end` in their parent; present if there are
                      ///< any

  PRORATA_HD constexpr bool has(int level) const { return scan_digit(end, level) != 0; }

  /// Appends the next node of a level, which begins at `end`.
  template <class Op>
  PRORATA_HD constexpr void append(Op const& op, T total, int level) {
    index_t const size = scan_node_size(level);
    for (;; ++level) {
      index_t const digit = scan_digit(end, level);
      if (digit != 0) total = op(at[level], total);
      if (digit + 1 < scan_radix || level + 1 == scan_levels) break;
    }  // the 32nd child: its parent is complete, and the next child of the level above
    at[level] = total;
    end += size;
  }

  /// v with everything of the levels from `level` on before it.
  template <class Op>
  PRORATA_HD constexpr T before(Op const& op, T v, int level = 0) const {
    for (; level < scan_levels; ++level)
      if (has(level)) v = op(at[level], v);
    return v;
  }

  /// The fold of [0, end), end ≥ 1: what the inclusive scan has at end − 1.
  template <class Op>
  PRORATA_HD constexpr T value(Op const& op) const {
    int level = 0;
    while (!has(level)) ++level;
    return before(op, at[level], level + 1);
  }
};

/// What a scan gives for an element.
///   inclusive   the fold of the elements up to and with it; an initial value enters last, as op(init, fold)
///   exclusive   init, and then op(init, inclusive scan one element before)
template <class Op>
struct scan_form {
  using operation = Op;
  using value_type = typename Op::value_type;
  Op op;
  value_type init;
  bool has_init;
  bool exclusive;  ///< then has_init holds too
};

}  // namespace prorata
