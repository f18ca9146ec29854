// A warp on the GPU: a lane is a thread, and the lanes' values meet by shuffles.
#pragma once

#include <cstdint>
#include <cstring>
#include <prorata/config.hpp>
#include <type_traits>

namespace prorata::cuda {

/// One value per lane: this thread's own.
template <class T>
struct varying {
  T value;
  __device__ T get(index_t) const { return value; }
  __device__ void set(index_t, T const& v) { value = v; }
};

/// The warp policy of the GPU: all 32 threads of a warp come to every verb together. With one lane a thread
/// is a warp by itself (the order of sequences).
template <index_t L = 32>
struct warp {
  static_assert(L == 32 || L == 1, "on a GPU the canonical order has 32 lanes, or 1");
  static constexpr index_t lanes = L;
  static constexpr unsigned everyone = 0xffffffffu;

  template <class T>
  using varying = cuda::varying<T>;

  /// Loads in flight hide the latency; nothing is asked for ahead.
  static constexpr index_t read_ahead = 0;

  /// Rows that one step folds, as a power of two: 4 KiB of loads in flight per warp.
  template <class T>
  static constexpr int depth = sizeof(T) <= 4   ? 5
                               : sizeof(T) <= 8 ? 4
                                                : 3;
  template <class T>
  static constexpr bool in_one_loop = true;

  __device__ static index_t lane() { return L == 1 ? 0 : static_cast<index_t>(threadIdx.x % 32); }

  template <class F>
  __device__ static void each(F const& f) {
    f(lane());
  }

  /// Lane l receives the value of lane l + distance; the last lanes keep their own.
  template <class T>
  __device__ static varying<T> shift_down(varying<T> const& v, index_t distance) {
    return moved(v, [=](std::uint32_t word) {
      return __shfl_down_sync(everyone, word, static_cast<unsigned>(distance));
    });
  }

  /// The value of one lane, known to all.
  template <class T>
  __device__ static T broadcast(varying<T> const& v, index_t lane) {
    return moved(v, [=](std::uint32_t word) { return __shfl_sync(everyone, word, static_cast<int>(lane)); })
        .value;
  }

  /// Folds the lanes with an operation that gives the same in any order; every lane knows the result.
  template <class T, class F>
  __device__ static T fold(varying<T> const& values, F const& f) {
    auto v = values;
    for (int half = static_cast<int>(L) / 2; half > 0; half /= 2) {
      auto const other = moved(v, [=](std::uint32_t word) { return __shfl_xor_sync(everyone, word, half); });
      v.value = f(v.value, other.value);
    }
    return v.value;
  }

  /// Folds the lanes one after another, from left to right, and returns the fold of all: lane l of `before`
  /// receives the fold of the lanes before it, lane 0 its own value. Every lane does all of it: the shuffles
  /// need not wait for each other, and the order allows nothing shorter.
  template <class T, class F>
  __device__ static T running(varying<T> const& v, F const& f, varying<T>& before) {
    T all = broadcast(v, 0);
    before.value = all;
#pragma unroll
    for (index_t k = 1; k < L; ++k) {
      if (lane() == k) before.value = all;
      all = f(all, broadcast(v, k));
    }
    return all;
  }

  /// Lanes that hold the same value: rank is how many lower lanes do, alike how many do in all.
  __device__ static void match(varying<int> const& v, varying<int>& rank, varying<int>& alike) {
    unsigned const same = __match_any_sync(everyone, v.value);
    rank.value = __popc(same & ((1u << lane()) - 1));
    alike.value = __popc(same);
  }

  /// What a lane stored is seen by the others.
  __device__ static void meet() {
    if constexpr (L > 1) __syncwarp();
  }

  /// Whether any lane holds true.
  __device__ static bool any(varying<bool> const& v) {
    return L == 1 ? v.value : __any_sync(everyone, v.value) != 0;
  }

 private:
  /// Moves a value of any size between lanes, four bytes at a time.
  template <class T, class Move>
  __device__ static varying<T> moved(varying<T> const& v, Move const& move) {
    static_assert(std::is_trivially_copyable_v<T>, "lanes exchange trivially copyable values");
    if constexpr (L == 1) {
      return v;
    } else {
      constexpr std::size_t words = (sizeof(T) + 3) / 4;
      std::uint32_t word[words] = {};
      memcpy(word, &v.value, sizeof(T));
      for (std::size_t k = 0; k < words; ++k) word[k] = move(word[k]);
      varying<T> result = v;
      memcpy(&result.value, word, sizeof(T));
      return result;
    }
  }
};

}  // namespace prorata::cuda
