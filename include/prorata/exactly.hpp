// Exact sums and dot products as reductions: order-free, rounded once, over any split.
#pragma once

#include <cstddef>
#include <prorata/canonical.hpp>
#include <prorata/exact.hpp>
#include <prorata/ordered.hpp>

namespace prorata {

/// Two factors of a product that is to be kept exactly.
template <class T>
struct factors {
  T x, y;
};

/// Deposits every element in an exact accumulator: exact_sum<T> takes elements of T (or what converts to it),
/// exact_dot<T> takes factors<T>.
///   result  the accumulator itself: .round(), .mean(count), quotient(a, b)
///   cost    reads every element once; a partial result is the accumulator, at most 1.1 KiB
template <class Accumulator>
struct exactly {
  using result_type = Accumulator;
  static constexpr index_t lanes = standard_lanes;

  PRORATA_HD static constexpr index_t bytes(piece) { return sizeof(Accumulator); }

  template <class Warp>
  class state {
   public:
    PRORATA_HD state(exactly const&, index_t, index_t begin) : end_(begin) {}
    template <class Load>
    PRORATA_HD void take(Load const& load, index_t last) {
      Warp::deposit(sum_, load, end_, last);
      end_ = last;
    }
    PRORATA_HD void write(std::byte* out) {
      sum_.propagate();
      Warp::each([&](index_t lane) {
        if (lane == 0) *reinterpret_cast<Accumulator*>(out) = sum_;
      });
    }
    PRORATA_HD void join(std::byte const* in, piece p) {
      if (p.begin < p.end) sum_.merge(*reinterpret_cast<Accumulator const*>(in));
      end_ = p.end;
    }
    PRORATA_HD result_type result() {
      sum_.propagate();
      return sum_;
    }

   private:
    index_t end_;
    Accumulator sum_{};
  };
};

/// The same, with the accumulator rounded as the answer: for many sums, of which only the numbers are wanted.
///   result  Accumulator::round()
template <class Accumulator>
struct exactly_rounded : exactly<Accumulator> {
  using result_type = decltype(Accumulator{}.round());

  template <class Warp>
  class state : public exactly<Accumulator>::template state<Warp> {
    using base = typename exactly<Accumulator>::template state<Warp>;

   public:
    PRORATA_HD state(exactly_rounded const& r, index_t n, index_t begin) : base(r, n, begin) {}
    PRORATA_HD result_type result() { return base::result().round(); }
  };
};

}  // namespace prorata
