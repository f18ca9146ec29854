// Minimum, maximum and where they first occur, in one pass: an order-free reduction over order keys.
#pragma once

#include <cstddef>
#include <prorata/operations.hpp>
#include <prorata/ordered.hpp>

namespace prorata {

/// Where a value is when there is none.
inline constexpr index_t nowhere = std::numeric_limits<index_t>::max();

/// What `extrema` finds. With a NaN among the elements both values are NaN and both places are its first one,
/// as IEEE 754-2019 minimum and maximum ask. −0 is less than +0.
template <class T>
struct extrema_result {
  T min, max;
  index_t argmin, argmax;
};

/// Finds the least and greatest element and their lowest indices.
///   cost   one pass at memory speed: elements are compared as integers; an index is looked up only in strips
///          that improved on all before them
template <class T>
struct extrema {
  using result_type = extrema_result<T>;
  using key_type = decltype(order_key(T{}));
  static constexpr index_t lanes = standard_lanes;
  static constexpr index_t strip = 4 * tile;

  struct found {
    key_type least, greatest;
    index_t argmin, argmax, nan;  // nan: index of the first NaN
  };

  PRORATA_HD static constexpr found none() {
    return {std::numeric_limits<key_type>::max(), std::numeric_limits<key_type>::min(), nowhere, nowhere,
            nowhere};
  }

  /// The better of two findings; equal keys go to the lower index.
  PRORATA_HD static constexpr found better(found const& a, found const& b) {
    bool const lower = b.least < a.least || (b.least == a.least && b.argmin < a.argmin);
    bool const higher = a.greatest < b.greatest || (b.greatest == a.greatest && b.argmax < a.argmax);
    return {lower ? b.least : a.least, higher ? b.greatest : a.greatest, lower ? b.argmin : a.argmin,
            higher ? b.argmax : a.argmax, b.nan < a.nan ? b.nan : a.nan};
  }

  PRORATA_HD static constexpr result_type result_of(found const& f) {
    if constexpr (std::is_floating_point_v<T>) {
      if (f.nan != nowhere) {
        T const nan = canonical_nan(std::numeric_limits<T>::quiet_NaN());
        return {nan, nan, f.nan, f.nan};
      }
    }
    return {from_order_key<T>(f.least), from_order_key<T>(f.greatest), f.argmin, f.argmax};
  }

  PRORATA_HD static constexpr bool is_nan_key(key_type key) {
    if constexpr (std::is_floating_point_v<T>) {
      return key > order_key(std::numeric_limits<T>::infinity()) ||
             key < order_key(-std::numeric_limits<T>::infinity());
    } else {
      return false;
    }
  }

  PRORATA_HD static constexpr index_t bytes(piece) { return sizeof(found); }

  template <class Warp>
  class state {
    static constexpr index_t L = Warp::lanes;

   public:
    PRORATA_HD state(extrema const&, index_t, index_t begin) : end_(begin) {}

    template <class Load>
    PRORATA_HD void take(Load const& load, index_t last) {
      index_t least_strip = nowhere, greatest_strip = nowhere, nan_strip = nowhere;
      while (end_ < last) {
        index_t const next = (end_ / strip + 1) * strip;
        index_t const stop = next < last ? next : last;
        auto const [low, high] = range_of(load, end_, stop);
        if (nan_strip == nowhere && best_.nan == nowhere && (is_nan_key(low) || is_nan_key(high)))
          nan_strip = end_;
        if (low < best_.least || best_.argmin == nowhere) {
          best_.least = low;
          best_.argmin = least_strip = end_;
        }
        if (best_.greatest < high || best_.argmax == nowhere) {
          best_.greatest = high;
          best_.argmax = greatest_strip = end_;
        }
        end_ = stop;
      }
      if (least_strip != nowhere) best_.argmin = first(load, least_strip, last, equals{best_.least});
      if (greatest_strip != nowhere) best_.argmax = first(load, greatest_strip, last, equals{best_.greatest});
      if (nan_strip != nowhere) best_.nan = first(load, nan_strip, last, nan{});
    }
    PRORATA_HD void write(std::byte* out) const {
      Warp::each([&](index_t lane) {
        if (lane == 0) *reinterpret_cast<found*>(out) = best_;
      });
    }
    PRORATA_HD void join(std::byte const* in, piece p) {
      if (p.begin < p.end) best_ = better(best_, *reinterpret_cast<found const*>(in));
      end_ = p.end;
    }
    PRORATA_HD result_type result() const { return result_of(best_); }

   private:
    struct equals {
      key_type key;
      PRORATA_HD bool operator()(key_type k) const { return k == key; }
    };
    struct nan {
      PRORATA_HD bool operator()(key_type k) const { return is_nan_key(k); }
    };
    struct range {
      key_type low, high;
    };

    /// Least and greatest key among [begin, end), end − begin ≤ strip.
    template <class Load>
    PRORATA_HD static range range_of(Load const& load, index_t begin, index_t end) {
      bounds seen;
      seen.start(bits_of(static_cast<T>(load(begin))));
      index_t i = begin;
      for (; i + 4 * L <= end; i += 4 * L)
        seen.template add<4>([&](index_t lane) { return bits_of(static_cast<T>(load(i + lane))); });
      for (; i < end; i += L)
        seen.template add<1>(
            [&](index_t lane) { return bits_of(static_cast<T>(load(i + lane < end ? i + lane : begin))); });
      return seen.fold();
    }

    /// The least and greatest key of what each lane has seen. Integers are their own keys. Floats are
    /// compared by their bits, without making keys of them first: as signed numbers positive floats are in
    /// order and above all negative ones, as unsigned numbers negative floats are in reverse order above all
    /// positive ones. So three comparisons an element are enough:
    ///   least      the greatest unsigned if any is negative, else the least signed
    ///   greatest   the greatest signed if any is positive, else the least signed
    struct bounds {
      using bits = decltype(bits_of(T{}));
      using unsigned_bits = std::make_unsigned_t<bits>;
      typename Warp::template varying<bits> low, high;
      typename Warp::template varying<unsigned_bits> top;

      PRORATA_HD void start(bits x) {
        Warp::each([&](index_t lane) {
          low.set(lane, x);
          high.set(lane, x);
          top.set(lane, static_cast<unsigned_bits>(x));
        });
      }
      /// Takes Rows rows: of(lane), of(lane + L), …; several at once, so that bounds stay out of memory.
      template <int Rows, class Bits>
      PRORATA_HD void add(Bits const& of) {
        Warp::each([&](index_t lane) {
          bits least = low.get(lane), greatest = high.get(lane);
          unsigned_bits above = top.get(lane);
          for (int row = 0; row < Rows; ++row) {
            bits const x = of(row * L + lane);
            least = x < least ? x : least;
            greatest = greatest < x ? x : greatest;
            if constexpr (std::is_floating_point_v<T>)
              above = above < static_cast<unsigned_bits>(x) ? static_cast<unsigned_bits>(x) : above;
          }
          low.set(lane, least);
          high.set(lane, greatest);
          top.set(lane, above);
        });
      }
      PRORATA_HD range fold() {
        bits const least = Warp::fold(low, [](bits a, bits b) { return b < a ? b : a; });
        bits const greatest = Warp::fold(high, [](bits a, bits b) { return a < b ? b : a; });
        if constexpr (std::is_floating_point_v<T>) {
          auto const above = Warp::fold(top, [](unsigned_bits a, unsigned_bits b) { return a < b ? b : a; });
          bits const negative = static_cast<bits>(above);
          return {key_of_bits(negative < 0 ? negative : least), key_of_bits(greatest < 0 ? least : greatest)};
        } else {
          return {least, greatest};
        }
      }
    };

    /// The first index in [begin, end) whose key answers the question; there is one.
    template <class Load, class Question>
    PRORATA_HD static index_t first(Load const& load, index_t begin, index_t end, Question asked) {
      auto const answers = [&](index_t i) { return asked(order_key(static_cast<T>(load(i)))); };
      typename Warp::template varying<bool> here;
      index_t i = begin;
      for (; i + L <= end; i += L) {
        Warp::each([&](index_t lane) { here.set(lane, answers(i + lane)); });
        if (Warp::any(here)) break;
      }
      while (i < end && !answers(i)) ++i;
      return i;
    }

    index_t end_;
    found best_ = none();
  };
};

}  // namespace prorata
