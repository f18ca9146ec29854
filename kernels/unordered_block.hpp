// Reductions whose operands may meet in any order: every warp takes strips of the array, far apart; blocks
// leave one partial result each, and the last block to finish folds those.
#pragma once

#include <kernels/unrolled.hpp>
#include <prorata/extrema.hpp>
#include <prorata/reductions.hpp>
#include <type_traits>

namespace prorata::cuda {

/// Rows of a strip, as a power of two: 4 KiB of loads in flight per warp (X of 1, 2 bytes: 1, 2 KiB).
template <class X>
inline constexpr int strip_level = sizeof(X) <= 4   ? 5
                                   : sizeof(X) <= 8 ? 4
                                                    : 3;

/// A strip's elements, and those of them that belong to the piece.
struct strip {
  index_t first;       // its first element
  index_t begin, end;  // the piece's
  PRORATA_HD constexpr bool whole(index_t elements) const {
    return begin <= first && first + elements <= end;
  }
  PRORATA_HD constexpr bool has(index_t i) const { return begin <= i && i < end; }
};

/// A fold for fold_block: what lanes hold while they take strips, and what blocks leave.
///   partial            what is left of many strips; merge(a, b) in any order, none() of no strip
///   lanes<Warp, Rows>  take(load, strip) with registers of its own, folded()
///   resolve<Warp>      the partial result's bytes from the last merge; may read elements again
template <class Op>
struct order_free_fold {
  using partial = typename Op::value_type;
  using written = partial;
  Op op;

  PRORATA_HD partial none() const { return Op::identity(); }
  PRORATA_HD partial merge(partial const& a, partial const& b) const { return op(a, b); }

  template <class Warp, int Rows>
  struct lanes {
    order_free_fold const& fold;
    typename Warp::template varying<partial> all{};
    PRORATA_HD explicit lanes(order_free_fold const& f) : fold(f) {
      Warp::each([&](index_t lane) { all.set(lane, f.none()); });
    }
    template <class Load>
    PRORATA_HD void take(Load const& load, strip const& s) {
      Warp::each([&](index_t lane) {
        partial x[Rows];
        if (s.whole(Rows * Warp::lanes)) {
          unrolled<Rows>([&](auto number) {
            constexpr int k = decltype(number)::value;
            x[k] = lifted<Op>(load(s.first + k * Warp::lanes + lane));
          });
        } else {
          unrolled<Rows>([&](auto number) {
            constexpr int k = decltype(number)::value;
            index_t const i = s.first + k * Warp::lanes + lane;
            x[k] = s.has(i) ? lifted<Op>(load(i)) : fold.none();
          });
        }
        partial a = all.get(lane);
        unrolled<Rows>([&](auto number) { a = fold.op(a, x[decltype(number)::value]); });
        all.set(lane, a);
      });
    }
    PRORATA_HD partial folded() const {
      return Warp::fold(all, [&](partial const& a, partial const& b) { return fold.op(a, b); });
    }
  };

  template <class Warp, int Rows, class Load>
  PRORATA_HD written resolve(Load const&, piece, partial const& p) const {
    return p;
  }
};

/// Finds extremes. Lanes remember in which strip their least and greatest value first appeared, not where in
/// it: that is looked up once, by one warp, when all blocks have been merged.
template <class T>
struct extrema_fold {
  using reduction = extrema<T>;
  using partial = typename reduction::found;  // with first elements of strips for indices
  using written = partial;
  using key = typename reduction::key_type;
  using bits = decltype(bits_of(T{}));
  using unsigned_bits = std::make_unsigned_t<bits>;

  PRORATA_HD partial none() const { return reduction::none(); }
  PRORATA_HD partial merge(partial const& a, partial const& b) const { return reduction::better(a, b); }

  template <class Warp, int Rows>
  struct lanes {
    typename Warp::template varying<partial> best{};
    PRORATA_HD explicit lanes(extrema_fold const& f) {
      Warp::each([&](index_t lane) { best.set(lane, f.none()); });
    }
    template <class Load>
    PRORATA_HD void take(Load const& load, strip const& s) {
      Warp::each([&](index_t lane) {
        bool const whole = s.whole(Rows * Warp::lanes);
        // lanes past the end see an element of the strip twice, which changes no extreme
        index_t const spare = s.first > s.begin ? s.first : s.begin;
        bits x[Rows];
        unrolled<Rows>([&](auto number) {
          constexpr int k = decltype(number)::value;
          index_t const i = s.first + k * Warp::lanes + lane;
          x[k] = bits_of(static_cast<T>(load(whole || s.has(i) ? i : spare)));
        });
        // as signed numbers positive floats are in order, as unsigned ones negative floats in reverse order
        bits least = x[0], greatest = x[0];
        unsigned_bits top = static_cast<unsigned_bits>(x[0]);
        unrolled<Rows>([&](auto number) {
          bits const v = x[decltype(number)::value];
          least = v < least ? v : least;
          greatest = greatest < v ? v : greatest;
          if constexpr (std::is_floating_point_v<T>)
            top = top < static_cast<unsigned_bits>(v) ? static_cast<unsigned_bits>(v) : top;
        });
        key low = least, high = greatest;
        if constexpr (std::is_floating_point_v<T>) {
          low = key_of_bits(static_cast<bits>(top) < 0 ? static_cast<bits>(top) : least);
          high = key_of_bits(greatest < 0 ? least : greatest);
        }
        partial b = best.get(lane);
        if (low < b.least || b.argmin == nowhere) {
          b.least = low;
          b.argmin = s.first;
        }
        if (b.greatest < high || b.argmax == nowhere) {
          b.greatest = high;
          b.argmax = s.first;
        }
        if (b.nan == nowhere && (reduction::is_nan_key(low) || reduction::is_nan_key(high))) b.nan = s.first;
        best.set(lane, b);
      });
    }
    PRORATA_HD partial folded() const {
      return Warp::fold(best, [](partial const& a, partial const& b) { return reduction::better(a, b); });
    }
  };

  template <class Warp, int Rows, class Load>
  PRORATA_HD written resolve(Load const& load, piece p, partial best) const {
    auto const first_of = [&](index_t strip_first, auto const& asked) {
      typename Warp::template varying<index_t> where{};
      Warp::each([&](index_t lane) {
        index_t found = nowhere;
        for (int k = 0; k < Rows; ++k) {
          index_t const i = strip_first + k * Warp::lanes + lane;
          if (found == nowhere && p.begin <= i && i < p.end && asked(order_key(static_cast<T>(load(i)))))
            found = i;
        }
        where.set(lane, found);
      });
      return Warp::fold(where, [](index_t a, index_t b) { return a < b ? a : b; });
    };
    if (best.argmin != nowhere) best.argmin = first_of(best.argmin, [&](key k) { return k == best.least; });
    if (best.argmax != nowhere)
      best.argmax = first_of(best.argmax, [&](key k) { return k == best.greatest; });
    if (best.nan != nowhere) best.nan = first_of(best.nan, [](key k) { return reduction::is_nan_key(k); });
    return best;
  }
};

/// Strips of 2^level rows that the piece touches.
struct strips {
  index_t first, count;
};
template <index_t L, int Level>
PRORATA_HD constexpr strips strips_of(piece p) {
  constexpr index_t elements = L << Level;
  if (p.begin >= p.end) return {0, 0};
  index_t const first = p.begin / elements;
  return {first, (p.end - 1) / elements - first + 1};
}

/// The work of one block of `blocks`; Block as in ordered_block.hpp, sharing one `partial` per warp.
template <int Level, int Warps, class Warp, class Block, class Fold, class Load>
PRORATA_HD void fold_block(Block& block, Fold const& fold, piece p, Load const& load, index_t blocks,
                           typename Fold::partial* scratch, unsigned* counter, typename Fold::written* out) {
  using partial = typename Fold::partial;
  constexpr int rows = 1 << Level;
  constexpr index_t elements = Warp::lanes << Level;
  auto const merge = [&](partial const& a, partial const& b) { return fold.merge(a, b); };
  auto const leave = [](partial* to, partial const& v) {
    Warp::each([&](index_t lane) {
      if (lane == 0) *to = v;
    });
  };
  auto const gather = [&](partial const* from, index_t first, index_t count, index_t step) {
    typename Warp::template varying<partial> v{};
    Warp::each([&](index_t lane) {
      partial all = fold.none();
      for (index_t k = first + lane; k < count; k += step) all = merge(all, from[k]);
      v.set(lane, all);
    });
    return Warp::fold(v, merge);
  };

  auto const at = strips_of<Warp::lanes, Level>(p);
  block.each_warp([&](int w) {
    typename Fold::template lanes<Warp, rows> held(fold);
    for (index_t k = block.index() * Warps + w; k < at.count; k += blocks * Warps)
      held.take(load, strip{(at.first + k) * elements, p.begin, p.end});
    leave(block.shared(w), held.folded());
  });
  bool const last = block.first_warp([&] {
    partial const mine = gather(block.shared(0), 0, Warps, Warp::lanes);
    leave(scratch + block.index(), mine);
    return block.arrive(counter, static_cast<unsigned>(blocks));
  });
  if (!last) return;
  block.each_warp(
      [&](int w) { leave(block.shared(w), gather(scratch, w * Warp::lanes, blocks, Warps * Warp::lanes)); });
  block.first_warp([&] {
    partial const all = gather(block.shared(0), 0, Warps, Warp::lanes);
    auto const result = fold.template resolve<Warp, rows>(load, p, all);
    Warp::each([&](index_t lane) {
      if (lane == 0) *out = result;
    });
    return false;
  });
}

}  // namespace prorata::cuda
