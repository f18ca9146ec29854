// Partial results of neighbouring pieces become that of the piece they make up, and finally the answer.
// One warp does it: there are a few hundred rows of values at most.
#pragma once

#include <kernels/ordered_tree.hpp>
#include <prorata/ordered.hpp>

namespace prorata::cuda {

/// Joins the pieces [cuts[0], cuts[1]), [cuts[1], cuts[2]), … of n elements, whose partial results follow one
/// another; from() gives the next row of L values. The same bytes as forest::join, without its stack.
///   waiting  room for a row of L values per level of the tree: 64 always do
template <class Warp, class Op>
class ordered_join {
 public:
  using value_type = typename Op::value_type;
  static constexpr index_t L = Warp::lanes;

  PRORATA_HD ordered_join(Op const& op, piece whole, value_type* out, value_type* waiting)
      : at_(layout<L>(whole.begin, whole.end, whole.n)),
        tree_{op, whole.n, at_.first_row, at_.last_row, out + (whole.begin < at_.head_end ? L : 0)},
        head_(out),
        tail_(tree_.out + nodes_between(at_.first_row, at_.last_row) * L),
        waiting_(waiting) {}

  template <class From>
  PRORATA_HD void take(piece p, From&& from) {
    if (p.begin >= p.end) return;
    auto const at = layout<L>(p.begin, p.end, p.n);
    if (p.begin < at.head_end) take_loose(from(), p.begin, at.head_end);
    for (index_t row = at.first_row; row < at.last_row;) {
      int const level = aligned_level(row, at.last_row);
      value_type const* const values = from();
      node v{};
      Warp::each([&](index_t lane) {
        if (row * L + lane < tree_.n) v.set(lane, values[lane]);
      });
      settle(v, row, level);
      row += index_t{1} << level;
    }
    if (at.tail_begin < p.end) take_loose(from(), at.tail_begin, p.end);
  }

 private:
  using node = typename ordered_rows<Warp, Op>::node;

  /// Elements [begin, end) of a row that pieces share: kept by lane until the row is complete, or written
  /// where the whole's own edge lies.
  PRORATA_HD void take_loose(value_type const* values, index_t begin, index_t end) {
    index_t const row = begin / L;
    value_type* const edge = begin < at_.head_end ? head_ : begin >= at_.tail_begin ? tail_ : nullptr;
    Warp::each([&](index_t lane) {
      index_t const i = row * L + lane;
      if (i < begin || i >= end) return;
      if (edge != nullptr) {
        edge[lane] = values[lane];
      } else {
        shared_row_.set(lane, values[lane]);
      }
    });
    if (edge == nullptr && (end == (row + 1) * L || end == tree_.n)) settle(shared_row_, row, 0);
  }

  PRORATA_HD void settle(node const& complete, index_t row, int level) {
    node v = complete;
    for (;; ++level) {
      index_t const parent = row >> (level + 1) << (level + 1);
      if (!tree_.holds(parent, level + 1)) return tree_.write(v, row);
      value_type* const place = waiting_ + level * L;
      if (parent == row) return ordered_rows<Warp, Op>::store(place, v);
      node left{};
      ordered_rows<Warp, Op>::fetch(left, place);
      tree_.join(left, v, row, level);
      v = left;
      row = parent;
    }
  }

  row_layout at_;
  ordered_rows<Warp, Op> tree_;
  value_type *head_, *tail_, *waiting_;
  node shared_row_{};
};

/// Levels of the tree over n elements, one row of `waiting` each.
template <index_t L>
PRORATA_HD constexpr int levels_of(index_t n) {
  return bit_length(rows<L>(n)) + 1;
}

/// The fold of all n ≥ 1 elements from the nodes of [0, n): right to left, each node under its left
/// neighbour, and then the lanes. Every lane returns it.
template <class Warp, class Op>
PRORATA_HD typename Op::value_type ordered_result(Op const& op, index_t n,
                                                  typename Op::value_type const* in) {
  constexpr index_t L = Warp::lanes;
  constexpr int batch = 8;  // nodes read together
  using node = typename ordered_rows<Warp, Op>::node;
  index_t const last = rows<L>(n);
  node all{};
  index_t first = last;  // `all` stands for rows [first, last)
  for (int slot = bits_set(last); slot > 0; slot -= batch) {
    node v[batch]{};
    unrolled<batch>([&](auto number) {
      constexpr int k = decltype(number)::value;
      if (k < slot) ordered_rows<Warp, Op>::fetch(v[k], in + (slot - 1 - k) * L);
    });
    unrolled<batch>([&](auto number) {
      constexpr int k = decltype(number)::value;
      if (k >= slot) return;
      index_t const middle = first;
      first -= index_t{1} << trailing_zeros(first);
      if (middle == last) {
        all = v[k];
        return;
      }
      Warp::each([&](index_t lane) {
        index_t const there = present<L>(n, lane, middle, last);
        if (there > 0) v[k].set(lane, combine(op, v[k].get(lane), all.get(lane), middle - first, there));
      });
      all = v[k];
    });
  }
  for (index_t distance = 1; distance < L; distance *= 2) {
    auto const right = Warp::shift_down(all, distance);
    Warp::each([&](index_t lane) {
      index_t const here = present_in_lanes<L>(n, lane, distance);
      index_t const there = lane + distance < L ? present_in_lanes<L>(n, lane + distance, distance) : 0;
      if (lane % (2 * distance) == 0 && there > 0)
        all.set(lane, combine(op, all.get(lane), right.get(lane), here, there));
    });
  }
  return Warp::broadcast(all, 0);
}

}  // namespace prorata::cuda
