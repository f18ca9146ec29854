// The index logic of the GPU's scan: which nodes each level has, and what one warp does with 32 of them.
// Plain functions over a warp policy, which tests run on the host.
#pragma once

#include <prorata/operations.hpp>
#include <prorata/running.hpp>
#include <prorata/scan_tile.hpp>

namespace prorata::cuda {

/// The nodes of one level that are completed inside a piece: the first ones may have begun before it.
struct scan_level {
  index_t first, last;  ///< complete nodes [first, last), by number
  index_t offset;       ///< where the level's values begin

  PRORATA_HD constexpr index_t nodes() const { return last - first; }
};

/// The levels of a piece from tiles on, as far up as any node is complete.
///   values    one for the total of each level's nodes
///   example   tiles [30, 70): level 2 30…69, level 3 0 and 1 (node 0 was completed by tiles 30 and 31)
struct scan_plan {
  index_t begin, end;            // the piece
  index_t tile_begin, tile_end;  // its whole tiles: elements before and after them share tiles with others
  int top;                       // levels[tile_level … top − 1] have nodes
  index_t values;
  scan_level levels[scan_levels];

  PRORATA_HD constexpr index_t tiles() const { return (tile_end - tile_begin) / tile; }
};

PRORATA_HD constexpr scan_plan plan_scan(piece p) {
  index_t const up = (p.begin + tile - 1) / tile * tile, down = p.end / tile * tile;
  bool const apart = up > p.end;  // begins and ends inside one tile: all of it comes before the tiles
  scan_plan plan{p.begin, p.end, apart ? p.end : up, apart ? p.end : down, tile_level, 0, {}};
  if (apart) return plan;
  index_t first = up / tile, last = down / tile;
  for (int level = tile_level; level < scan_levels && first < last; ++level) {
    plan.levels[level] = {first, last, plan.values};
    plan.values += last - first;
    plan.top = level + 1;
    first >>= scan_radix_bits;
    last >>= scan_radix_bits;
  }
  return plan;
}

/// What is put before the elements of a tile, innermost first.
template <class T>
struct tile_fronts {
  int count = 0;
  int level[scan_levels];
  T at[scan_levels];
};

/// One warp, for tile `number` of a piece: tells the totals of the nodes that end with this tile, if it is a
/// whole one, and learns from the board what lies before it: on each level its siblings, folded from left to
/// right. All that it waits for is told on account of lower tiles alone, so tiles that are begun in order
/// never wait for each other in a circle; and no order of arrival decides who is folded with whom. The way
/// from the first tile to the last is 31 siblings a level long, not one step for each tile.
///   entry   the running fold where the piece's tiles begin
///   board   tell(place, total), by lane 0; learn(place) returns what was told, and waits for it
template <class Warp, class Op, class Board>
PRORATA_HD tile_fronts<typename Op::value_type> meet_on_board(
    Op const& op, scan_plan const& plan, index_t number, bool whole, typename Op::value_type total,
    running_fold<typename Op::value_type> const& entry, Board const& board) {
  using T = typename Op::value_type;
  tile_fronts<T> fronts;
  index_t node = number;
  bool ends_node = whole;  // whether `total` is that of `node`, which ends with this tile
  for (int level = tile_level; level < scan_levels; ++level, node >>= scan_radix_bits) {
    scan_level const at = plan.levels[level];
    bool const has_nodes = level < plan.top;
    if (ends_node && has_nodes) {
      Warp::each([&](index_t lane) {
        if (lane == 0) board.tell(at.offset + node - at.first, total);
      });
    }
    if (node == 0) break;
    index_t const digit = node % scan_radix, base = node - digit;
    if (digit > 0) {
      index_t const begin = !has_nodes ? node : at.first > base ? at.first : base;
      bool some = begin > base;  // then the siblings before `begin` lie before the piece
      T run = some ? entry.at[level] : T{};
      typename Warp::template varying<T> told;
      Warp::each([&](index_t lane) {
        if (begin <= base + lane && base + lane < node)
          told.set(lane, board.learn(at.offset + base + lane - at.first));
      });
      for (index_t k = begin - base; k < digit; ++k) {
        T const next = Warp::broadcast(told, k);
        run = some ? op(run, next) : next;
        some = true;
      }
      fronts.level[fronts.count] = level;
      fronts.at[fronts.count++] = run;
      if (ends_node) total = op(run, total);
    }
    ends_node = ends_node && digit + 1 == scan_radix;
  }
  return fronts;
}

/// One warp: elements one after another, from where the running fold ends up to `last`; to[0] is the first.
template <class Warp, class Op, class Load, class R>
PRORATA_HD void scan_loose(scan_form<Op> const& form, Load const& load, index_t last,
                           running_fold<typename Op::value_type>& so_far, R* to) {
  using T = typename Op::value_type;
  index_t const first = so_far.end;
  for (index_t row = first; row < last; row += scan_radix) {
    typename Warp::template varying<T> x, out;
    Warp::each([&](index_t lane) {
      if (row + lane < last) x.set(lane, lifted<Op>(load(row + lane)));
    });
    for (index_t k = 0; k < scan_radix && row + k < last; ++k) {
      T const next = Warp::broadcast(x, k);
      T v = form.init;
      if (!form.exclusive) {
        v = so_far.before(form.op, next);
        if (form.has_init) v = form.op(form.init, v);
      } else if (so_far.end > 0) {
        v = form.op(form.init, so_far.value(form.op));
      }
      Warp::each([&](index_t lane) {
        if (lane == k) out.set(lane, v);
      });
      so_far.append(form.op, next, 0);
    }
    Warp::each([&](index_t lane) {
      if (row + lane < last) to[row + lane - first] = static_cast<R>(sealed(out.get(lane)));
    });
  }
}

/// One warp: brings `count` ≥ 1 elements of a tile into its lanes; places behind them repeat the first one,
/// which changes nothing before them. `room` is 32 rows of 33 values that the warp shares.
template <class Warp, class Op, class Load>
PRORATA_HD void take_tile(Load const& load, index_t first, index_t count, typename Op::value_type* room,
                          scan_tile<Warp, typename Op::value_type>& work) {
  using T = typename Op::value_type;
#if defined(__CUDA_ARCH__)
#pragma unroll
#endif
  for (int row = 0; row < scan_radix; ++row) {
    Warp::each([&](index_t lane) {
      index_t const i = row * scan_radix + lane;
      room[row * (scan_radix + 1) + lane] = lifted<Op>(load(first + (i < count ? i : 0)));
    });
  }
  Warp::meet();
#if defined(__CUDA_ARCH__)
#pragma unroll
#endif
  for (int c = 0; c < scan_radix; ++c) {
    Warp::each([&](index_t lane) {
      T const v = room[lane * (scan_radix + 1) + c];
      work.column[c].set(lane, v);
    });
  }
  Warp::meet();
}

/// One warp: the total of a whole tile.
template <class Warp, class Op, class Load>
PRORATA_HD void fold_tile(Op const& op, Load const& load, index_t first, typename Op::value_type* room,
                          typename Op::value_type* total) {
  scan_tile<Warp, typename Op::value_type> work;
  take_tile<Warp, Op>(load, first, tile, room, work);
  typename scan_tile<Warp, typename Op::value_type>::lanes before;
  auto const all = work.fold(op, before);
  Warp::each([&](index_t lane) {
    if (lane == 0) *total = all;
  });
}

/// One warp: the scan of the first `count` elements of tile `number`, to out[0], out[1], … The place behind
/// the piece's whole tiles has a number too: there `count` is less than a tile, perhaps 0, and `left` becomes
/// the running fold of the piece and everything before it.
template <class Warp, class Op, class Load, class Board, class R>
PRORATA_HD void scan_one_tile(scan_form<Op> const& form, scan_plan const& plan, Load const& load,
                              index_t number, running_fold<typename Op::value_type> const& entry,
                              Board const& board, typename Op::value_type* room, R* out,
                              running_fold<typename Op::value_type>* left) {
  using T = typename Op::value_type;
  constexpr index_t width = scan_radix + 1;
  index_t const rest = plan.end - number * tile, count = rest < tile ? rest : tile;
  bool const whole = count == tile;
  scan_tile<Warp, T> work;
  typename scan_tile<Warp, T>::lanes before;
  T total{};
  if (count > 0) {
    take_tile<Warp, Op>(load, number * tile, count, room, work);
    total = work.fold(form.op, before);
  }
  auto const fronts = meet_on_board<Warp>(form.op, plan, number, whole, total, entry, board);
  if (!whole) {
    index_t const rows = count / scan_radix, last = count % scan_radix;
    Warp::each([&](index_t lane) {
      if (lane != 0) return;
      left->end = number * tile + count;
      for (int k = 0; k < fronts.count; ++k) left->at[fronts.level[k]] = fronts.at[k];
    });
    if (count == 0) return;
    for (int c = 0; c < scan_radix; ++c)
      Warp::each([&](index_t lane) {
        if (lane == rows && c + 1 == last) left->at[0] = work.column[c].get(lane);
      });
    Warp::each([&](index_t lane) {
      if (lane == rows && rows > 0) left->at[row_level] = before.get(lane);
    });
  }
  work.put_before(form.op, before);
  T first = form.init;  // of an exclusive scan
  for (int k = 0; k <= fronts.count; ++k) {
    if (k == fronts.count && !form.has_init) break;
    T const front = k < fronts.count ? fronts.at[k] : form.init;
    first = k == 0 ? front : form.op(front, first);
#if defined(__CUDA_ARCH__)
#pragma unroll
#endif
    for (int c = 0; c < scan_radix; ++c)
      Warp::each([&](index_t lane) { work.column[c].set(lane, form.op(front, work.column[c].get(lane))); });
  }
#if defined(__CUDA_ARCH__)
#pragma unroll
#endif
  for (int c = 0; c < scan_radix; ++c)
    Warp::each([&](index_t lane) { room[lane * width + c] = work.column[c].get(lane); });
  Warp::meet();
  index_t const shift = form.exclusive ? 1 : 0;
#if defined(__CUDA_ARCH__)
#pragma unroll
#endif
  for (int row = 0; row < scan_radix; ++row) {
    Warp::each([&](index_t lane) {
      index_t const i = row * scan_radix + lane, from = i - shift;
      if (from >= 0 && i < count)
        out[i] = static_cast<R>(sealed(room[from / scan_radix * width + from % scan_radix]));
    });
  }
  Warp::each([&](index_t lane) {
    if (shift == 1 && lane == 0) out[0] = static_cast<R>(sealed(first));
  });
}

/// The nodes that lie inside a piece altogether, level by level from tiles on: scratch holds their totals.
struct node_plan {
  piece range;
  int top;
  index_t values;
  scan_level levels[scan_levels];
};

PRORATA_HD constexpr node_plan plan_nodes(piece p) {
  node_plan plan{p, tile_level, 0, {}};
  index_t first = (p.begin + tile - 1) / tile, last = p.end / tile;
  for (int level = tile_level; level < scan_levels && first < last; ++level) {
    plan.levels[level] = {first, last, plan.values};
    plan.values += last - first;
    plan.top = level + 1;
    first = (first + scan_radix - 1) >> scan_radix_bits;
    last >>= scan_radix_bits;
  }
  return plan;
}

/// One warp: the total of the node that is number `k` of those of `level`, from its 32 children.
template <class Warp, class Op>
PRORATA_HD void fold_group(Op const& op, node_plan const& plan, int level, index_t k,
                           typename Op::value_type* scratch) {
  using T = typename Op::value_type;
  scan_level const &at = plan.levels[level], &below = plan.levels[level - 1];
  T const* const children = scratch + below.offset + ((at.first + k) * scan_radix - below.first);
  typename Warp::template varying<T> total, before;
  Warp::each([&](index_t lane) { total.set(lane, children[lane]); });
  T const all = Warp::running(total, op, before);
  Warp::each([&](index_t lane) {
    if (lane == 0) scratch[at.offset + k] = all;
  });
}

/// One warp: the totals of the piece's maximal nodes, in order. Lanes take them in turns.
template <class Warp, class Op, class Load>
PRORATA_HD void list_nodes(Op const& op, node_plan const& plan, Load const& load,
                           typename Op::value_type const* scratch, typename Op::value_type* out) {
  using T = typename Op::value_type;
  Warp::each([&](index_t lane) {
    index_t count = 0;
    for (index_t at = plan.range.begin; at < plan.range.end; ++count) {
      int const level = scan_node_level(at, plan.range.end);
      if (count % scan_radix == lane) {
        if (level >= tile_level) {
          scan_level const& here = plan.levels[level];
          out[count] = scratch[here.offset + at / scan_node_size(level) - here.first];
        } else {
          T all = lifted<Op>(load(at));
          for (index_t k = 1; k < scan_node_size(level); ++k) all = op(all, lifted<Op>(load(at + k)));
          out[count] = all;
        }
      }
      at += scan_node_size(level);
    }
  });
}

/// One warp: appends the nodes of a piece to a running fold that every lane has.
template <class Warp, class Op>
PRORATA_HD void append_nodes(Op const& op, piece p, typename Op::value_type const* nodes,
                             running_fold<typename Op::value_type>& so_far) {
  using T = typename Op::value_type;
  index_t const count = scan_node_count(p.begin, p.end);
  for (index_t first = 0; first < count; first += scan_radix) {
    typename Warp::template varying<T> total;
    Warp::each([&](index_t lane) {
      if (first + lane < count) total.set(lane, nodes[first + lane]);
    });
    for (index_t k = 0; k < scan_radix && first + k < count; ++k)
      so_far.append(op, Warp::broadcast(total, k), scan_node_level(so_far.end, p.end));
  }
}

}  // namespace prorata::cuda
