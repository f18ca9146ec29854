// Sums of integers of 16 bits at most and of their squares: whole numbers, so no order can show in them.
#pragma once

#include <prorata/groups.hpp>
#include <prorata/reductions.hpp>

namespace prorata {

/// Integers whose squares have 32 bits.
template <class T>
concept small_integer = std::is_integral_v<T> && sizeof(T) <= 2;

/// Elements whose sum 64 bits hold.
inline constexpr index_t most_small_integers = index_t{1} << 47;

/// What is known of the integers folded so far.
struct integer_moments_state {
  std::int64_t sum;
  std::uint64_t squares, carries;  ///< Σ x² = carries·2^64 + squares
  static constexpr auto members = std::tuple{&integer_moments_state::sum, &integer_moments_state::squares,
                                             &integer_moments_state::carries};
};

namespace detail {

/// Adds up all that there is.
struct add_integer_moments {
  using value_type = integer_moments_state;
  static constexpr bool order_free = true;
  PRORATA_HD static constexpr value_type identity() { return {0, 0, 0}; }
  template <class T>
  PRORATA_HD static constexpr value_type lift(T x) {
    auto const v = static_cast<std::int32_t>(x);
    return {v, static_cast<std::uint32_t>(v) * static_cast<std::uint32_t>(v), 0};
  }
  PRORATA_HD constexpr value_type operator()(value_type const& a, value_type const& b) const {
    std::uint64_t const squares = a.squares + b.squares;
    return {a.sum + b.sum, squares, a.carries + b.carries + (squares < a.squares ? 1 : 0)};
  }
};

/// Adds up a few thousand, in as many lanes of a vector as their sums leave room for.
template <class Square>
struct add_few_integer_moments {
  struct value_type {
    std::int32_t sum;
    Square squares;
    static constexpr auto members = std::tuple{&value_type::sum, &value_type::squares};
  };
  static constexpr bool order_free = true;
  PRORATA_HD static constexpr value_type identity() { return {0, 0}; }
  template <class T>
  PRORATA_HD static constexpr value_type lift(T x) {
    auto const v = static_cast<std::int32_t>(x);
    return {v, static_cast<std::uint32_t>(v) * static_cast<std::uint32_t>(v)};
  }
  PRORATA_HD constexpr value_type operator()(value_type const& a, value_type const& b) const {
    return {a.sum + b.sum, a.squares + b.squares};
  }
};

}  // namespace detail

/// Sums of integers of T, or of a wider type whose values fit 16 bits, and of their squares.
///   shape  n < 2^47
///   cost   a product and two additions an element, of 32 bits where T has 8; a partial result is 24 bytes
template <class T>
struct integer_moments {
  using result_type = integer_moments_state;
  static constexpr index_t lanes = standard_lanes;

  PRORATA_HD static constexpr index_t bytes(piece) { return sizeof(result_type); }

  template <class Warp>
  class state {
    using few = order_free<
        detail::add_few_integer_moments<std::conditional_t<sizeof(T) == 1, std::uint32_t, std::uint64_t>>>;

   public:
    PRORATA_HD state(integer_moments const&, index_t n, index_t begin) : n_(n), end_(begin) {}
    template <class Load>
    PRORATA_HD void take(Load const& load, index_t last) {
      constexpr index_t strip = 16 * tile;  // 2^14 numbers below 2^16, and their squares
      while (end_ < last) {
        index_t const next = last - end_ < strip ? last : end_ + strip;
        few const adding{};
        typename few::template state<Warp> some(adding, n_, end_);
        some.take(load, next);
        auto const found = some.result();
        add({found.sum, found.squares, 0});
        end_ = next;
      }
    }
    PRORATA_HD void write(std::byte* out) const {
      Warp::each([&](index_t lane) {
        if (lane == 0) *reinterpret_cast<result_type*>(out) = all_;
      });
    }
    PRORATA_HD void join(std::byte const* in, piece p) {
      if (p.begin >= p.end) return;
      add(*reinterpret_cast<result_type const*>(in));
      end_ = p.end;
    }
    PRORATA_HD result_type result() const { return all_; }

   private:
    PRORATA_HD void add(result_type const& more) { all_ = detail::add_integer_moments{}(all_, more); }

    index_t n_, end_;
    result_type all_ = detail::add_integer_moments::identity();
  };
};

/// Σ (x − mean)² of n integers, rounded once.
inline double second_moment_of(integer_moments_state const& all, index_t n) {
  natural<2> const sum(all.sum < 0 ? 0 - static_cast<std::uint64_t>(all.sum)
                                   : static_cast<std::uint64_t>(all.sum));
  natural<6> squares;
  for (int k = 0; k < 2; ++k) {
    squares.word[k] = static_cast<std::uint32_t>(all.squares >> 32 * k);
    squares.word[2 + k] = static_cast<std::uint32_t>(all.carries >> 32 * k);
  }
  return detail::variance_of(sum, squares, 0, n, n - 1);  // n·1 below the line
}

}  // namespace prorata
