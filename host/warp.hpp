// A warp on the host: its lanes are an array, and its steps are loops that compilers vectorise.
#pragma once

#include <host/exact.hpp>
#include <prorata/config.hpp>
#include <tuple>
#include <utility>

namespace prorata::host {

/// A state whose members should lie in arrays of their own, so that lane loops use whole SIMD registers.
/// Declares `static constexpr auto members = std::tuple{&state::a, &state::b};`. (Always inlined below: compilers
/// give up on that in the largest folds, and a call in a loop over lanes makes it five times slower.)
template <class T>
concept spread = requires {
  T::members;
};

/// One value per lane.
template <class T, index_t L>
struct varying {
  alignas(64) T at[L];
  PRORATA_HD T get(index_t lane) const { return at[lane]; }
  PRORATA_HD void set(index_t lane, T const& value) { at[lane] = value; }
};

/// A warp of one lane: a plain value. (GCC 12 mistakes an array of one for a flexible one and loses stores.)
template <class T>
struct varying<T, 1> {
  T value;
  PRORATA_HD T get(index_t) const { return value; }
  PRORATA_HD void set(index_t, T const& v) { value = v; }
};

template <class M>
struct member_of;
template <class T, class M>
struct member_of<M T::*> {
  using type = M;
};

template <spread T, index_t L>
requires(L > 1) struct varying<T, L> {
  template <class Members>
  struct arrays_of;
  template <class... M>
  struct arrays_of<std::tuple<M...>> {
    using type = std::tuple<varying<typename member_of<M>::type, L>...>;
  };
  typename arrays_of<std::remove_const_t<decltype(T::members)>>::type arrays;

  [[gnu::always_inline]] PRORATA_HD T get(index_t lane) const {
    T value;
    each([&]<std::size_t I>() { value.*std::get<I>(T::members) = std::get<I>(arrays).get(lane); });
    return value;
  }
  [[gnu::always_inline]] PRORATA_HD void set(index_t lane, T const& value) {
    each([&]<std::size_t I>() { std::get<I>(arrays).set(lane, value.*std::get<I>(T::members)); });
  }

 private:
  template <class F>
  [[gnu::always_inline]] PRORATA_HD static void each(F f) {
    each_of(f, std::make_index_sequence<std::tuple_size_v<std::remove_const_t<decltype(T::members)>>>{});
  }
  template <class F, std::size_t... I>
  [[gnu::always_inline]] PRORATA_HD static void each_of(F f, std::index_sequence<I...>) {
    (f.template operator()<I>(), ...);
  }
};

/// The warp policy of the host. The same templates that run inside CUDA kernels run over this one.
template <index_t L = 32>
struct warp {
  static constexpr index_t lanes = L;

  template <class T>
  using varying = host::varying<T, L>;

  /// How far ahead of a step its cache lines are asked for, in bytes: what a step does besides loading keeps
  /// the processor from seeing the next loads early enough. (Measured on Sapphire Rapids: without it sums of
  /// floats run at 0.83 of a plain loop, with 1 to 2.5 KiB at 0.97 to 1.03, with 4 KiB or more at 0.9; on Zen
  /// 4 no difference.)
  static constexpr index_t read_ahead = 1536;

  /// Rows that one step folds, as a power of two: enough to keep carries rare, few enough that memory is read
  /// nearly in address order (deeper steps lose the hardware prefetcher's stream). States of several members
  /// are bound by arithmetic instead: for them a longer straight-line body saves trips through L1.
  template <class T>
  static constexpr int depth = (L >= 32  ? 2
                                : L >= 8 ? 4
                                         : 6) +
                               (spread<T> ? 1 : 0);

  /// Whether a step is one loop over the lanes, or two halves, each of them nearer to address order.
  template <class T>
  static constexpr bool in_one_loop = spread<T>;

  /// The row itself, in such a way that what is read there is read after what comes before. Else the
  /// compiler's scheduler mixes the loads of several rows, and the processor does not see that memory is read
  /// in address order (measured: sums of doubles lose a sixth).
  PRORATA_HD static index_t in_order(index_t row) {
#if defined(__GNUC__) && !defined(__CUDA_ARCH__)
    asm volatile("" : "+r"(row));
#endif
    return row;
  }

  /// Runs f(lane) for every lane; lanes are independent of each other.
  template <class F>
  PRORATA_HD static void each(F const& f) {
    if constexpr (L == 1) {
      f(index_t{0});
    } else {
#if defined(__clang__)
#pragma clang loop vectorize(enable)
#elif defined(__GNUC__)
#pragma GCC ivdep
#endif
      for (index_t lane = 0; lane < L; ++lane) f(lane);
    }
  }

  /// Lane l receives the value of lane l + distance; the last lanes keep their own.
  template <class T>
  PRORATA_HD static varying<T> shift_down(varying<T> const& v, index_t distance) {
    varying<T> out;
    for (index_t lane = 0; lane < L; ++lane)
      out.set(lane, v.get(lane + distance < L ? lane + distance : lane));
    return out;
  }

  /// Folds the lanes with an operation that gives the same in any order; every lane knows the result.
  template <class T, class F>
  PRORATA_HD static T fold(varying<T> const& values, F const& f) {
    auto v = values;
    for (index_t half = L / 2; half > 0; half /= 2)
      for (index_t lane = 0; lane < half; ++lane) v.set(lane, f(v.get(lane), v.get(lane + half)));
    return v.get(0);
  }

  /// Folds the lanes one after another, from left to right, and returns the fold of all: lane l of `before`
  /// receives the fold of the lanes before it, lane 0 its own value.
  template <class T, class F>
  PRORATA_HD static T running(varying<T> const& v, F const& f, varying<T>& before) {
    T all = v.get(0);
    before.set(0, all);
    for (index_t lane = 1; lane < L; ++lane) {
      before.set(lane, all);
      all = f(all, v.get(lane));
    }
    return all;
  }

  /// Lanes that hold the same value: rank is how many lower lanes do, alike how many do in all.
  PRORATA_HD static void match(varying<int> const& v, varying<int>& rank, varying<int>& alike) {
    for (index_t lane = 0; lane < L; ++lane) {
      int before = 0, all = 0;
      for (index_t other = 0; other < L; ++other) {
        all += v.get(other) == v.get(lane);
        before += other < lane && v.get(other) == v.get(lane);
      }
      rank.set(lane, before);
      alike.set(lane, all);
    }
  }

  /// What a lane stored is seen by the others.
  PRORATA_HD static void meet() {}

  /// Whether any lane holds true.
  PRORATA_HD static bool any(varying<bool> const& v) {
    unsigned char seen = 0;
    for (index_t lane = 0; lane < L; ++lane) seen |= static_cast<unsigned char>(v.at[lane]);
    return seen != 0;
  }

  /// Deposits load(i) for i in [begin, end) in an exact accumulator.
  template <class Accumulator, class Load>
  static void deposit(Accumulator& sum, Load const& load, index_t begin, index_t end) {
    if constexpr (requires { deposit_block(sum, load.contiguous(begin), index_t{}); }) {
      deposit_block(sum, load.contiguous(begin), end - begin);
    } else {
      deposit_each(sum, begin, end, load);
    }
  }

  /// The value of one lane, known to all.
  template <class T>
  PRORATA_HD static T broadcast(varying<T> const& v, index_t lane) {
    return v.get(lane);
  }
};

}  // namespace prorata::host
