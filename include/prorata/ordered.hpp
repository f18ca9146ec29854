// Reductions in the canonical order: the forest of nodes a piece of an array folds to, and how pieces join.
#pragma once

#include <prorata/canonical.hpp>

namespace prorata {

/// A run of elements [begin, end) of an array of n.
struct piece {
  index_t begin, end, n;
};

/// The partial result of a piece in the canonical order: the maximal aligned nodes of its whole rows, oldest
/// first, and the loose elements at its ragged edges. Joining the forests of neighbouring pieces, in any
/// grouping, gives the forest of the whole: that is why a split cannot be seen in the result.
///
/// Written once for both sides: Warp is host::warp (lanes are arrays) or cuda::warp (a lane is a thread).
template <class Warp, class Op>
class forest {
 public:
  using value_type = typename Op::value_type;
  static constexpr index_t L = Warp::lanes;
  static constexpr int capacity =
      64;  // an array has fewer than 2^63 rows: one node a level, one more in flight

  /// An empty forest that begins at element `begin` of n.
  PRORATA_HD forest(Op const& op, index_t n, index_t begin) : op_(op), n_(n), begin_(begin), end_(begin) {
    next_row_ = rows<L>(begin);
  }

  PRORATA_HD index_t begin() const { return begin_; }
  PRORATA_HD index_t end() const { return end_; }

  /// Folds in the elements [end(), last), read as load(i).
  template <class Load>
  PRORATA_HD void take(Load const& load, index_t last) {
    auto const at = layout<L>(end_, last, n_);
    take_loose(load, at.head_end);
    if (at.first_row < at.last_row) {
      take_rows(load, at.first_row, at.last_row);
      end_ = at.last_row * L < n_ ? at.last_row * L : n_;
    }
    take_loose(load, last);
  }

  /// How many rows of L values a piece is written as: the nodes of its whole rows and its loose edges.
  PRORATA_HD static index_t slots(piece p) {
    if (p.begin >= p.end) return 0;
    auto const at = layout<L>(p.begin, p.end, p.n);
    return (p.begin < at.head_end) + node_count(at.first_row, at.last_row) + (at.tail_begin < p.end);
  }

  /// Appends the neighbouring piece [end(), p.end) as another forest wrote it; returns what follows it.
  PRORATA_HD value_type const* join(value_type const* in, piece p) {
    if (p.begin >= p.end) return in;
    auto const at = layout<L>(p.begin, p.end, p.n);
    if (p.begin < at.head_end) {
      take_loose(in_row{in, p.begin / L * L}, at.head_end);
      in += L;
    }
    for (index_t row = at.first_row; row < at.last_row;) {
      int const level = aligned_level(row, at.last_row);
      auto& node = next();
      Warp::each([&](index_t lane) {
        if (row * L + lane < n_) node.set(lane, in[lane]);
      });
      push(level);
      row += index_t{1} << level;
      end_ = row * L < n_ ? row * L : n_;
      in += L;
    }
    if (at.tail_begin < p.end) {
      take_loose(in_row{in, at.tail_begin / L * L}, p.end);
      in += L;
    }
    return in;
  }

  /// Writes the forest as slots({begin(), end(), n}) rows of L values; returns what follows them.
  PRORATA_HD value_type* write(value_type* out) const {
    if (begin_ >= end_) return out;
    auto const at = layout<L>(begin_, end_, n_);
    if (begin_ < at.head_end) out = write_loose(out, head_, begin_, at.head_end);
    for (int k = 0; k < size_; ++k, out += L) {
      Warp::each([&](index_t lane) {
        if (first_row_[k] * L + lane < n_) out[lane] = nodes_[k].get(lane);
      });
    }
    if (at.tail_begin < end_) out = write_loose(out, tail_, at.tail_begin, end_);
    return out;
  }

  /// The fold of all n ≥ 1 elements, once the forest covers [0, n). Every lane returns it.
  PRORATA_HD value_type result() {
    while (size_ > 1) merge_top();
    auto& all = nodes_[0];
    for (index_t distance = 1; distance < L; distance *= 2) {
      auto const right = Warp::shift_down(all, distance);
      Warp::each([&](index_t lane) {
        index_t const here = present_in_lanes<L>(n_, lane, distance);
        index_t const there = lane + distance < L ? present_in_lanes<L>(n_, lane + distance, distance) : 0;
        if (lane % (2 * distance) == 0 && there > 0)
          all.set(lane, combine(op_, all.get(lane), right.get(lane), here, there));
      });
    }
    return Warp::broadcast(all, 0);
  }

 private:
  using node = typename Warp::template varying<value_type>;

  struct in_row {  // reads one written row by global index
    value_type const* values;
    index_t first;
    PRORATA_HD value_type operator()(index_t i) const { return values[i - first]; }
  };

  /// Elements that share their row with another piece: kept by lane until the row is complete.
  template <class Load>
  PRORATA_HD void take_loose(Load const& load, index_t last) {
    while (end_ < last) {
      index_t const row = end_ / L;
      index_t const stop = (row + 1) * L < last ? (row + 1) * L : last;
      bool const in_head = row * L < begin_;
      auto& loose = in_head ? head_ : tail_;
      Warp::each([&](index_t lane) {
        index_t const i = row * L + lane;
        if (i >= end_ && i < stop) loose.set(lane, load(i));
      });
      end_ = stop;
      bool const complete = stop == (row + 1) * L || stop == n_;
      if (complete && !in_head) {
        next() = loose;
        push(0);
      }
    }
  }

  template <class Load>
  PRORATA_HD void take_rows(Load const& load, index_t row, index_t last) {
    constexpr int depth = Warp::template depth<value_type>;
    constexpr index_t step = index_t{1} << depth;
    index_t const complete = n_ / L < last ? n_ / L : last;
    for (; row < complete && row % step != 0; ++row) take_row(load, row);
    for (; row + step <= complete; row += step) {
      if constexpr (Warp::read_ahead > 0 && requires { load.prefetch(row, row, row); })
        load.prefetch(row * L, (row + step) * L, Warp::read_ahead);
      auto& fold = next();
      if constexpr (Warp::template in_one_loop<value_type>) {
        // Inlined whatever its size: a call is no vector code (of weighted moments: four times slower).
        Warp::each([&](index_t lane) __attribute__((always_inline)) {
          fold.set(lane, lane_tree<depth, L>(load, row * L + lane, op_));
        });
      } else if constexpr (depth == 2) {  // whole rows in address order, as the prefetcher likes them
        node left, right;
        Warp::each([&](index_t lane) { left.set(lane, load(row * L + lane)); });
        index_t const second = Warp::in_order(row + 1);
        Warp::each([&](index_t lane) {
          left.set(lane, combine(op_, left.get(lane), load(second * L + lane), 1, 1));
        });
        index_t const third = Warp::in_order(row + 2);
        Warp::each([&](index_t lane) { right.set(lane, load(third * L + lane)); });
        index_t const fourth = Warp::in_order(row + 3);
        Warp::each([&](index_t lane) {
          right.set(lane, combine(op_, right.get(lane), load(fourth * L + lane), 1, 1));
        });
        Warp::each(
            [&](index_t lane) { fold.set(lane, combine(op_, left.get(lane), right.get(lane), 2, 2)); });
      } else {
        constexpr index_t half = step / 2;
        Warp::each([&](index_t lane) { fold.set(lane, lane_tree<depth - 1, L>(load, row * L + lane, op_)); });
        Warp::each([&](index_t lane) {
          fold.set(lane, combine(op_, fold.get(lane),
                                 lane_tree<depth - 1, L>(load, (row + half) * L + lane, op_), half, half));
        });
      }
      push(depth);
    }
    if constexpr (Warp::read_ahead == 0) take_halves<depth - 1>(load, row, complete);
    for (; row < complete; ++row) take_row(load, row);
    if (row < last) {  // the array's last row, some lanes absent
      auto& node = next();
      Warp::each([&](index_t lane) {
        if (row * L + lane < n_) node.set(lane, load(row * L + lane));
      });
      push(0);
    }
  }

  /// What is left of a step, by half as many rows each time: where loads in flight hide the latency, 31 rows one after
  /// the other would take six times as long.
  template <int Level, class Load>
  PRORATA_HD void take_halves(Load const& load, index_t& row, index_t complete) {
    if constexpr (Level > 0) {
      constexpr index_t rows = index_t{1} << Level;
      if (row + rows <= complete) {
        auto& fold = next();
        Warp::each([&](index_t lane) { fold.set(lane, lane_tree<Level, L>(load, row * L + lane, op_)); });
        push(Level);
        row += rows;
      }
      take_halves<Level - 1>(load, row, complete);
    }
  }

  template <class Load>
  PRORATA_HD void take_row(Load const& load, index_t row) {
    auto& node = next();
    Warp::each([&](index_t lane) { node.set(lane, load(row * L + lane)); });
    push(0);
  }

  /// The place of the next node; `push` then makes it part of the forest.
  PRORATA_HD node& next() { return nodes_[size_]; }

  PRORATA_HD void push(int level) {
    first_row_[size_] = next_row_;
    level_[size_++] = level;
    next_row_ += index_t{1} << level;
    while (size_ > 1 && level_[size_ - 1] == level_[size_ - 2] &&
           (first_row_[size_ - 2] >> level_[size_ - 2]) % 2 == 0)
      merge_top();
  }

  /// Folds the newest node into its left neighbour, the older operand on the left.
  PRORATA_HD void merge_top() {
    --size_;
    auto& left = nodes_[size_ - 1];
    auto const& right = nodes_[size_];
    index_t const middle = first_row_[size_];
    index_t const last = next_row_;
    index_t const first = first_row_[size_ - 1];
    if (last * L <= n_) {
      Warp::each([&](index_t lane) {
        left.set(lane, combine(op_, left.get(lane), right.get(lane), middle - first, last - middle));
      });
    } else {  // an absent operand is passed over, not padded
      Warp::each([&](index_t lane) {
        index_t const there = present<L>(n_, lane, middle, last);
        if (there > 0) left.set(lane, combine(op_, left.get(lane), right.get(lane), middle - first, there));
      });
    }
    ++level_[size_ - 1];
  }

  PRORATA_HD value_type* write_loose(value_type* out, node const& loose, index_t first, index_t last) const {
    index_t const row = first / L;
    Warp::each([&](index_t lane) {
      index_t const i = row * L + lane;
      if (i >= first && i < last) out[lane] = loose.get(lane);
    });
    return out + L;
  }

  Op op_;
  index_t n_, begin_, end_, next_row_;
  int size_ = 0;
  int level_[capacity];
  index_t first_row_[capacity];
  node head_, tail_;
  node nodes_[capacity];
};

}  // namespace prorata
