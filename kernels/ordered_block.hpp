// What one block of the canonical reduction does: its warps fold runs of rows, it folds its warps' nodes, and
// the last block of a group to arrive folds the group's. One launch, whatever the size.
#pragma once

#include <kernels/ordered_tree.hpp>
#include <prorata/ordered.hpp>

namespace prorata::cuda {

/// Warps that make up a block, as a power of two. With one lane a thread is a warp.
template <index_t L>
inline constexpr int members_level = L == 1 ? 5 : 3;

/// How a piece is dealt out to blocks. Nodes depend on their rows alone, so nothing here changes a bit.
struct ordered_plan {
  index_t begin, end, n;  // the piece
  row_layout rows;        // its whole rows, and its loose edges
  int run_level;          // a warp folds 2^run_level rows
  int chunk_level;        // a block folds 2^chunk_level rows
  index_t first_chunk;
  index_t chunks;  // ≥ 1
};

/// Chunks that each SM should see: enough that the last ones to finish are not waited for, few enough that
/// folding the blocks' nodes costs nothing.
inline constexpr index_t chunks_per_sm = 48;

/// Deals out a piece. Long runs for long arrays, so that there are about 6000 chunks on 132 SMs:
///   2^16 floats  8 chunks of 8 192     2^28  8192 chunks of 32 768
template <index_t L, class Tuning>
PRORATA_HD constexpr ordered_plan plan_ordered(piece p, int multiprocessors) {
  ordered_plan plan{p.begin, p.end, p.n, layout<L>(p.begin, p.end, p.n), Tuning::leaf, 0, 0, 1};
  if (p.begin >= p.end) plan.rows = {p.begin, 0, 0, p.begin};
  index_t const rows = plan.rows.last_row - plan.rows.first_row;
  while (plan.run_level < Tuning::leaf + Tuning::longest &&
         rows >> (plan.run_level + 1 + members_level<L>) >= chunks_per_sm * multiprocessors)
    ++plan.run_level;
  plan.chunk_level = plan.run_level + members_level<L>;
  plan.first_chunk = plan.rows.first_row >> plan.chunk_level;
  if (rows > 0) plan.chunks = ((plan.rows.last_row - 1) >> plan.chunk_level) - plan.first_chunk + 1;
  return plan;
}

/// The complete units of one level of the tree above blocks, and the groups they are folded in.
///   units 3 … 20 in groups of 8:   3–7 · 8–15 · 16–20  →  group 1 is a unit of the next level
template <index_t L, class Tuning>
struct ordered_level {
  static constexpr int group_level = Tuning::fan + members_level<L>;
  index_t first, last;  // complete units

  PRORATA_HD static constexpr ordered_level lowest(ordered_plan const& p) {
    return {ceil_shift(p.rows.first_row, p.chunk_level), p.rows.last_row >> p.chunk_level};
  }
  PRORATA_HD constexpr ordered_level above() const {
    return {ceil_shift(first, group_level), last >> group_level};
  }
  PRORATA_HD constexpr index_t units() const { return first < last ? last - first : 0; }
  PRORATA_HD constexpr index_t first_group() const { return first >> group_level; }
  PRORATA_HD constexpr index_t groups() const {
    return first < last ? ((last - 1) >> group_level) - first_group() + 1 : 0;
  }
  PRORATA_HD constexpr index_t members(index_t group) const {
    index_t const begin = group << group_level, end = (group + 1) << group_level;
    return (end < last ? end : last) - (begin > first ? begin : first);
  }
};

/// Rows of L values, and counters, that the tree above blocks needs.
struct ordered_room {
  index_t nodes, counters;
};
template <index_t L, class Tuning>
PRORATA_HD constexpr ordered_room room_for(ordered_plan const& p) {
  ordered_room room{0, 0};
  for (auto at = ordered_level<L, Tuning>::lowest(p); at.units() > 0; at = at.above()) {
    room.nodes += at.units();
    room.counters += at.groups();
  }
  return room;
}

/// The loose elements [begin, end) of one row, at their lanes' places.
template <class Warp, class Op, class Load>
PRORATA_HD void write_loose(Load const& load, index_t begin, index_t end, typename Op::value_type* to) {
  constexpr index_t L = Warp::lanes;
  if (begin >= end) return;
  index_t const row = begin / L;
  Warp::each([&](index_t lane) {
    index_t const i = row * L + lane;
    if (begin <= i && i < end) to[lane] = lifted<Op>(load(i));
  });
}

/// The work of one block. Block says what a block is: threads and barriers in a kernel, loops in a test.
///   index()            its number
///   each_warp(f)       f(w) for each of its warps, and then all of them wait for each other
///   first_warp(f)      f() by the first warp; every warp learns the answer
///   shared(w)          a row of L values that warps share
///   arrive(c, count)   inside first_warp: publishes what was stored; whether this was the last of count
template <class Tuning, class Block, class Warp, class Op, class Load>
PRORATA_HD void reduce_block(Block& block, ordered_rows<Warp, Op> const& tree, ordered_plan const& plan,
                             Load const& load, typename Op::value_type* scratch, unsigned* counters) {
  using rows = ordered_rows<Warp, Op>;
  using node = typename rows::node;
  constexpr index_t L = Warp::lanes;
  constexpr int members = members_level<L>;
  using levels = ordered_level<L, Tuning>;

  // a warp: a run of rows → at most one node
  index_t unit = plan.first_chunk + block.index();
  block.each_warp([&](int w) {
    if (w == 0 && block.index() == 0) {
      if (plan.begin < plan.rows.head_end)
        write_loose<Warp, Op>(load, plan.begin, plan.rows.head_end, tree.out - L);
      write_loose<Warp, Op>(load, plan.rows.tail_begin, plan.end,
                            tree.out + nodes_between(tree.first, tree.last) * L);
    }
    node v{};
    if (tree.template fold_run<Tuning>(load, (unit << members) + w, plan.run_level, v))
      rows::store(block.shared(w), v);
  });

  // the block: its warps' nodes → at most one; the last of a group: the group's nodes → at most one; and so
  // on
  int below = plan.run_level;  // level of the nodes that the warps hold
  for (auto at = levels::lowest(plan);; at = at.above()) {
    int const level = below + members;
    bool const last = block.first_warp([&] {
      node v[1 << members]{};
      unrolled<1 << members>([&](auto number) {
        constexpr int k = decltype(number)::value;
        if (tree.holds(((unit << members) + k) << below, below)) rows::fetch(v[k], block.shared(k));
      });
      if (!tree.template fold<members>(v, unit << level, below)) return false;
      index_t const group = unit >> levels::group_level;
      if (at.members(group) == 1) {
        tree.write(v[0], unit << level);
        return false;
      }
      rows::store(scratch + (unit - at.first) * L, v[0]);
      return block.arrive(counters + (group - at.first_group()), static_cast<unsigned>(at.members(group)));
    });
    if (!last) return;
    unit >>= levels::group_level;
    block.each_warp([&](int w) {
      index_t const base = (unit << levels::group_level) + (index_t{w} << Tuning::fan);
      node v[1 << Tuning::fan]{};
      unrolled<1 << Tuning::fan>([&](auto number) {
        constexpr int k = decltype(number)::value;
        if (tree.holds((base + k) << level, level)) rows::fetch(v[k], scratch + (base + k - at.first) * L);
      });
      if (tree.template fold<Tuning::fan>(v, base << level, level)) rows::store(block.shared(w), v[0]);
    });
    scratch += at.units() * L;
    counters += at.groups();
    below = level + Tuning::fan;
  }
}

}  // namespace prorata::cuda
