// The nodes of a piece and the one rule of the canonical tree: a complete node whose parent lies inside the
// piece meets its sibling; any other node is a result, and is written in its place.
#pragma once

#include <kernels/bits.hpp>
#include <kernels/unrolled.hpp>
#include <prorata/canonical.hpp>
#include <prorata/operations.hpp>

namespace prorata::cuda {

/// How many maximal aligned nodes cover rows [first, last): node_count() without its loop.
///   [5, 16) = row 5 · rows 6–7 · rows 8–15: up from 5 to 8 and 16 by the bits of 11 = 8 + 2 + 1
PRORATA_HD constexpr int nodes_between(index_t first, index_t last) {
  if (first >= last) return 0;
  int const split =
      bit_length(first ^ last) - 1;  // the highest boundary inside is last with the bits below cut
  index_t const middle = last >> split << split;
  return bits_set(middle - first) + bits_set(last - middle);
}

/// How a warp's registers are used: rows whose loads are in flight together, and rows an edge takes at once.
template <class X, class T>
struct ordered_tuning {
  static constexpr std::size_t widest = sizeof(X) > sizeof(T) / 4 ? sizeof(X) : sizeof(T) / 4;
  /// A leaf is 2^leaf rows: 32 × 2^leaf × sizeof(X) = 4 KiB of loads in flight per warp (X of 1, 2 bytes: 1,
  /// 2 KiB). On an SM 32 warps with states of 4 bytes keep up to 128 KiB in flight, 24 with 8 bytes 96 KiB,
  /// 16 with 16 bytes 64 KiB. States of 32 bytes leave registers for half of that.
  static constexpr int leaf = widest <= 4 ? 5 : widest <= 8 && sizeof(T) <= 24 ? 4 : widest <= 16 ? 3 : 2;
  static constexpr int by_state = sizeof(T) <= 4 ? 3 : 2;
  static constexpr int edge = by_state < leaf ? by_state : leaf;
  /// A warp folds a run of up to 2^longest leaves before it meets others.
  static constexpr int longest = sizeof(T) <= 16 ? 5 : 2;
  /// Nodes that one warp folds together when a group is complete, as a power of two.
  static constexpr int fan = sizeof(T) <= 4 ? 4 : sizeof(T) <= 8 ? 3 : 2;
};

/// The whole rows of a piece, and the place of their nodes.
template <class Warp, class Op>
struct ordered_rows {
  using value_type = typename Op::value_type;
  using node = typename Warp::template varying<value_type>;
  static constexpr index_t L = Warp::lanes;

  Op op;
  index_t n;            // elements of the array
  index_t first, last;  // whole rows of the piece
  value_type* out;      // where its nodes are written, oldest first

  /// Whether the node of 2^level rows at `row` lies inside the piece.
  PRORATA_HD bool holds(index_t row, int level) const {
    return first <= row && row + (index_t{1} << level) <= last;
  }

  /// left = left ⊕ right; both stand for 2^level rows, the right one's begin at `middle`. Lanes that the
  /// array's last row lacks are passed over.
  PRORATA_HD void join(node& left, node const& right, index_t middle, int level) const {
    index_t const size = index_t{1} << level;
    Warp::each([&](index_t lane) {
      if (middle * L + lane < n)
        left.set(lane, combine(op, left.get(lane), right.get(lane), size,
                               present<L>(n, lane, middle, middle + size)));
    });
  }

  /// Writes the node that begins at `row` in its place among the results.
  PRORATA_HD void write(node const& v, index_t row) const {
    value_type* const to = out + nodes_between(first, row) * L;
    Warp::each([&](index_t lane) {
      if (row * L + lane < n) to[lane] = v.get(lane);
    });
  }

  PRORATA_HD static void store(value_type* to, node const& v) {
    Warp::each([&](index_t lane) { to[lane] = v.get(lane); });
  }
  PRORATA_HD static void fetch(node& v, value_type const* from) {
    Warp::each([&](index_t lane) { v.set(lane, from[lane]); });
  }

  /// Folds 2^Levels neighbouring nodes of 2^level rows each, the first one at `row`; v[k] counts only where
  /// the piece holds it. Returns whether all of them made one node, left in v[0]; otherwise the nodes they
  /// made have been written.
  ///   pieces of nodes 1 … 6 of 8:   1 · 2⊕3 · 4⊕5 · 6
  template <int Levels>
  PRORATA_HD bool fold(node (&v)[1 << Levels], index_t row, int level) const {
    constexpr int count = 1 << Levels;
    int const begin = clipped(ceil_shift(first > row ? first - row : 0, level), count);
    int const end = clipped((last > row ? last - row : 0) >> level, count);
    meet<Levels, 1>(v, row, level, begin, end);
    if (begin == 0 && end == count) return true;
    int next = begin;
    unrolled<count>([&](auto number) {
      constexpr int k = decltype(number)::value;
      if (k == next && k < end) {
        write(v[k], row + (index_t{k} << level));
        int const by_place = k == 0 ? Levels : trailing_zeros(k == 0 ? 1 : k);
        int const by_room = bit_length(end - k) - 1;
        next += 1 << (by_place < by_room ? by_place : by_room);
      }
    });
    return false;
  }

  /// Folds the run of 2^run_level rows numbered `run`, as far as the piece holds it. Returns whether that
  /// made one node; otherwise the nodes it made have been written.
  template <class Tuning, class Load>
  PRORATA_HD bool fold_run(Load const& load, index_t run, int run_level, node& result) const {
    constexpr index_t leaf_rows = index_t{1} << Tuning::leaf;
    constexpr index_t edge_rows = index_t{1} << Tuning::edge;
    index_t const run_first = run << run_level;
    index_t const run_last = (run + 1) << run_level;
    index_t const begin = run_first > first ? run_first : first;
    index_t const end = run_last < last ? run_last : last;
    node waiting[Tuning::leaf + Tuning::longest - Tuning::edge + 1]{};
    bool complete = false;
    for (index_t row = begin >> Tuning::leaf << Tuning::leaf; row < end; row += leaf_rows) {
      if (holds(row, Tuning::leaf) && (row + leaf_rows) * L <= n) {
        fold_leaf<Tuning::leaf>(load, row, result);
        complete = rise<Tuning, Tuning::leaf>(waiting, result, row, run_level);
      } else {
        for (index_t part = row; part < row + leaf_rows; part += edge_rows) {
          node v[edge_rows]{};
          unrolled<edge_rows>([&](auto number) {
            constexpr int k = decltype(number)::value;
            if (holds(part + k, 0)) {
              Warp::each([&](index_t lane) {
                index_t const i = (part + k) * L + lane;
                if (i < n) v[k].set(lane, lifted<Op>(load(i)));
              });
            }
          });
          if (fold<Tuning::edge>(v, part, 0)) {
            result = v[0];
            complete = rise<Tuning, Tuning::edge>(waiting, result, part, run_level);
          }
        }
      }
    }
    return complete;
  }

 private:
  PRORATA_HD static int clipped(index_t x, int most) { return x < most ? static_cast<int>(x) : most; }

  template <int Levels, int Distance>
  PRORATA_HD void meet(node (&v)[1 << Levels], index_t row, int level, int begin, int end) const {
    constexpr int count = 1 << Levels;
    if constexpr (Distance < count) {
      unrolled<count / (2 * Distance)>([&](auto number) {
        constexpr int k = decltype(number)::value * 2 * Distance;
        if (begin <= k && k + 2 * Distance <= end)
          join(v[k], v[k + Distance], row + (index_t{k + Distance} << level),
               level + bit_length(Distance) - 1);
      });
      meet<Levels, 2 * Distance>(v, row, level, begin, end);
    }
  }

  /// 2^Level complete rows at once: all loads first, then the tree.
  template <int Level, class Load>
  PRORATA_HD void fold_leaf(Load const& load, index_t row, node& result) const {
    Warp::each([&](index_t lane) {
      using element = std::remove_cvref_t<decltype(load(index_t{}))>;
      element x[1 << Level];
      index_t const i = row * L + lane;
      unrolled<1 << Level>([&](auto number) {
        constexpr int k = decltype(number)::value;
        x[k] = load(i + k * L);
      });
      result.set(lane, tree_of<Level, 0>(x));
    });
  }

  template <int Level, int K, class X>
  PRORATA_HD value_type tree_of(X const* x) const {
    if constexpr (Level == 0) {
      return lifted<Op>(x[K]);
    } else {
      constexpr int half = 1 << (Level - 1);
      return combine(op, tree_of<Level - 1, K>(x), tree_of<Level - 1, K + half>(x), half, half);
    }
  }

  /// Takes the complete node v of 2^Level rows at `row` as far up the run as it goes: right children join
  /// their waiting left siblings, left ones begin to wait. True when it has become the run's node.
  template <class Tuning, int Level>
  PRORATA_HD bool rise(node* waiting, node& v, index_t row, int run_level) const {
    bool complete = false, orphan = false;
    climb<Tuning, Level>(waiting, v, row, run_level, complete, orphan);
    if (orphan) write(v, row);
    return complete;
  }

  template <class Tuning, int Level>
  PRORATA_HD void climb(node* waiting, node& v, index_t& row, int run_level, bool& complete,
                        bool& orphan) const {
    if (Level == run_level) {
      complete = true;
      return;
    }
    if constexpr (Level < Tuning::leaf + Tuning::longest) {
      index_t const parent = row >> (Level + 1) << (Level + 1);
      if (!holds(parent, Level + 1)) {
        orphan = true;
        return;
      }
      node& left = waiting[Level - Tuning::edge];
      if (parent == row) {
        left = v;
        return;
      }
      join(left, v, row, Level);
      v = left;
      row = parent;
      climb<Tuning, Level + 1>(waiting, v, row, run_level, complete, orphan);
    }
  }
};

}  // namespace prorata::cuda
