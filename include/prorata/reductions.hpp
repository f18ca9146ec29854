// What a reduction is made of: states that take elements, join with their neighbours', and give a result.
//
// Every reduction has a value state<Warp> with five verbs, the same on host and GPU:
//   take(load, last)     folds in the elements [end(), last), read as load(i)
//   write(bytes)         the partial result of [begin(), end()) as bytes(piece) bytes, for exchange
//   join(bytes, piece)   appends the partial result of the neighbouring piece
//   result()             the answer, once [0, n) is covered, n ≥ 1
#pragma once

#include <cstddef>
#include <prorata/operations.hpp>
#include <prorata/ordered.hpp>

namespace prorata {

namespace detail {
template <class Op, class Load>
struct lifted_load {
  Load const& load;
  PRORATA_HD typename Op::value_type operator()(index_t i) const { return lifted<Op>(load(i)); }
  [[gnu::always_inline]] PRORATA_HD void prefetch(index_t first, index_t last,
                                                  index_t bytes) const requires requires {
    load.prefetch(first, last, bytes);
  }
  { load.prefetch(first, last, bytes); }
};
}  // namespace detail

/// Folds with `op` in the canonical order of L lanes.
///   cost   n − 1 operations; a partial result is O(log n) rows of L values
template <class Op, index_t Lanes = standard_lanes>
struct ordered {
  using operation = Op;
  using result_type = typename Op::value_type;
  static constexpr index_t lanes = Lanes;
  [[no_unique_address]] Op op{};

  PRORATA_HD static index_t bytes(piece p) {
    return forest<lanes_only, Op>::slots(p) * Lanes * static_cast<index_t>(sizeof(result_type));
  }

  template <class Warp>
  class state {
   public:
    PRORATA_HD state(ordered const& r, index_t n, index_t begin) : forest_(r.op, n, begin) {}
    template <class Load>
    PRORATA_HD void take(Load const& load, index_t last) {
      forest_.take(detail::lifted_load<Op, Load>{load}, last);
    }
    PRORATA_HD void write(std::byte* out) const { forest_.write(reinterpret_cast<result_type*>(out)); }
    PRORATA_HD void join(std::byte const* in, piece p) {
      forest_.join(reinterpret_cast<result_type const*>(in), p);
    }
    PRORATA_HD result_type result() { return sealed(forest_.result()); }

   private:
    forest<Warp, Op> forest_;
  };

 private:
  struct lanes_only {
    static constexpr index_t lanes = Lanes;
    template <class T>
    using varying = T;
  };
};

/// Folds with an operation that gives the same bits in any order: no tree, one value per lane.
///   cost   n − 1 operations; a partial result is one value
template <class Op>
struct order_free {
  using operation = Op;
  using result_type = typename Op::value_type;
  static constexpr index_t lanes = standard_lanes;
  [[no_unique_address]] Op op{};

  PRORATA_HD static constexpr index_t bytes(piece) { return sizeof(result_type); }

  template <class Warp>
  class state {
    static constexpr index_t L = Warp::lanes;

   public:
    PRORATA_HD state(order_free const& r, index_t n, index_t begin) : op_(r.op), n_(n), end_(begin) {
      Warp::each([&](index_t lane) { fold_.set(lane, Op::identity()); });
    }
    template <class Load>
    PRORATA_HD void take(Load const& load, index_t last) {
      auto fold = fold_;
      Op const op = op_;
      auto const at = layout<L>(end_, last, n_);
      take_loose(fold, load, end_, at.head_end);
      index_t const complete = n_ / L < at.last_row ? n_ / L : at.last_row;
      for (index_t row = at.first_row; row < complete; ++row) {
        if constexpr (Warp::read_ahead > 0 && requires { load.prefetch(row, row, row); })
          load.prefetch(row * L, (row + 1) * L, Warp::read_ahead);
        Warp::each(
            [&](index_t lane) { fold.set(lane, op(fold.get(lane), lifted<Op>(load(row * L + lane)))); });
      }
      index_t const rest = complete > at.first_row ? complete * L : at.head_end;
      take_loose(fold, load, rest, last);
      fold_ = fold;
      end_ = last;
    }
    PRORATA_HD void write(std::byte* out) const {
      result_type const all = folded();
      Warp::each([&](index_t lane) {
        if (lane == 0) *reinterpret_cast<result_type*>(out) = all;
      });
    }
    PRORATA_HD void join(std::byte const* in, piece p) {
      if (p.begin >= p.end) return;
      result_type const other = *reinterpret_cast<result_type const*>(in);
      Warp::each([&](index_t lane) {
        if (lane == 0) fold_.set(lane, op_(fold_.get(lane), other));
      });
      end_ = p.end;
    }
    PRORATA_HD result_type result() const { return sealed(folded()); }

   private:
    using folds = typename Warp::template varying<result_type>;

    template <class Load>
    PRORATA_HD void take_loose(folds& fold, Load const& load, index_t first, index_t last) const {
      for (index_t row = first / L; row * L < last; ++row) {
        Warp::each([&](index_t lane) {
          index_t const i = row * L + lane;
          if (i >= first && i < last) fold.set(lane, op_(fold.get(lane), lifted<Op>(load(i))));
        });
      }
    }
    PRORATA_HD result_type folded() const { return Warp::fold(fold_, op_); }

    Op op_;
    index_t n_, end_;
    folds fold_;
  };
};

/// How many elements are true.
///   cost   one addition for each, of 32 bits: as many lanes of a vector as elements of 4 bytes
struct counting {
  using result_type = index_t;
  static constexpr index_t lanes = standard_lanes;

  PRORATA_HD static constexpr index_t bytes(piece) { return sizeof(result_type); }

  template <class Warp>
  class state {
    using counts = order_free<plus<std::uint32_t>>;

   public:
    PRORATA_HD state(counting const&, index_t n, index_t begin) : n_(n), end_(begin) {}
    template <class Load>
    PRORATA_HD void take(Load const& load, index_t last) {
      constexpr index_t strip = 16 * tile;  // far from what 32 bits count
      while (end_ < last) {
        index_t const next = last - end_ < strip ? last : end_ + strip;
        counts const adding{};
        typename counts::template state<Warp> some(adding, n_, end_);
        some.take(load, next);
        count_ += some.result();
        end_ = next;
      }
    }
    PRORATA_HD void write(std::byte* out) const {
      Warp::each([&](index_t lane) {
        if (lane == 0) *reinterpret_cast<index_t*>(out) = count_;
      });
    }
    PRORATA_HD void join(std::byte const* in, piece p) {
      if (p.begin >= p.end) return;
      count_ += *reinterpret_cast<index_t const*>(in);
      end_ = p.end;
    }
    PRORATA_HD index_t result() const { return count_; }

   private:
    index_t n_, end_, count_ = 0;
  };
};

/// Two reductions of the same elements in one pass over memory: each takes a strip while it is in L1. B
/// reads it first: put the one that reads in address order there.
///   result   {first, second}
template <class A, class B>
struct both {
  struct result_type {
    typename A::result_type first;
    typename B::result_type second;
  };
  static constexpr index_t lanes = standard_lanes;
  static constexpr index_t strip = 4 * tile;
  [[no_unique_address]] A a{};
  [[no_unique_address]] B b{};

  PRORATA_HD static constexpr index_t aligned(index_t bytes) { return (bytes + 63) / 64 * 64; }
  PRORATA_HD static index_t bytes(piece p) { return aligned(A::bytes(p)) + aligned(B::bytes(p)); }

  template <class Warp>
  class state {
   public:
    PRORATA_HD state(both const& r, index_t n, index_t begin)
        : a_(r.a, n, begin), b_(r.b, n, begin), n_(n), begin_(begin), end_(begin) {}
    template <class Load>
    PRORATA_HD void take(Load const& load, index_t last) {
      while (end_ < last) {
        index_t const next = (end_ / strip + 1) * strip;
        end_ = next < last ? next : last;
        b_.take(load, end_);
        a_.take(load, end_);
      }
    }
    PRORATA_HD void write(std::byte* out) {
      a_.write(out);
      b_.write(out + aligned(A::bytes({begin_, end_, n_})));
    }
    PRORATA_HD void join(std::byte const* in, piece p) {
      a_.join(in, p);
      b_.join(in + aligned(A::bytes(p)), p);
      end_ = p.end;
    }
    PRORATA_HD result_type result() { return {a_.result(), b_.result()}; }

   private:
    typename A::template state<Warp> a_;
    typename B::template state<Warp> b_;
    index_t n_, begin_, end_;
  };
};

}  // namespace prorata
