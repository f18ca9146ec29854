// The scan of one tile, written once for both sides: every lane of a warp has a row, and walks along it.
#pragma once

#include <prorata/running.hpp>

namespace prorata {

/// A tile inside a warp: column c holds, lane by lane, element c of row `lane`. All lanes go along their rows
/// at once, so that no operation needs a neighbour: on the host the loops over lanes are SIMD loops for any
/// operation, on a GPU every thread has its row in registers. Only then do the 32 totals meet.
///
///            lane 0   lane 1         lane 31          before:  lane 0  nothing
///   column 0   x0       x32     …     x992                     lane 1  R0
///   column 1   x1       x33     …     x993                     lane 2  R0 + R1
///     …        ↓        ↓             ↓                          …
///   totals     R0       R1      …     R31
template <class Warp, class T>
struct scan_tile {
  static_assert(Warp::lanes == scan_radix);
  using lanes = typename Warp::template varying<T>;
  lanes column[scan_radix];

  /// The fold of the tile, and of the rows before each row. The columns then hold the folds along the rows.
  template <class Op>
  PRORATA_HD T fold(Op const& op, lanes& before) {
#if defined(__CUDA_ARCH__)
#pragma unroll
#endif
    for (int c = 1; c < scan_radix; ++c) {
      lanes const& left = column[c - 1];
      lanes& here = column[c];
      Warp::each([&](index_t lane) { here.set(lane, op(left.get(lane), here.get(lane))); });
    }
    return Warp::running(column[scan_radix - 1], op, before);
  }

  /// Then: puts before each row what `fold` said. The columns then hold the inclusive scan of the tile.
  template <class Op>
  PRORATA_HD void put_before(Op const& op, lanes const& before) {
#if defined(__CUDA_ARCH__)
#pragma unroll
#endif
    for (int c = 0; c < scan_radix; ++c) {
      lanes& here = column[c];
      Warp::each([&](index_t lane) {
        T const own = here.get(lane);
        T const with = op(before.get(lane), own);  // lane 0 too, without a use for it: no branch, no mask
        here.set(lane, lane > 0 ? with : own);
      });
    }
  }
};

}  // namespace prorata
