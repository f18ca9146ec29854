// Loops over indices on the host: spread over threads, vectorised inside.
#pragma once

#include <algorithm>
#include <cstdint>
#include <host/stream.hpp>
#include <host/streaming.hpp>
#include <prorata/canonical.hpp>
#include <type_traits>

namespace prorata::host {

/// Elements that one thread takes at a time in a loop over an array.
inline constexpr index_t loop_grain = 32 * tile;

namespace detail {
template <class F>
void in_chunks(stream& s, index_t begin, index_t end, F const& chunk) {
  index_t const count = (end - begin + loop_grain - 1) / loop_grain;
  s.parallel(count, [&](index_t k) {
    index_t const first = begin + k * loop_grain;
    chunk(first, std::min(first + loop_grain, end));
  });
}

/// to[i − first] = load(i)
template <class Load, class T>
void store_each(Load load, index_t first, index_t last, T* to) {
#if defined(__clang__)
#pragma clang loop vectorize(assume_safety)
#elif defined(__GNUC__)
#pragma GCC ivdep
#endif
  for (index_t i = first; i < last; ++i) to[i - first] = static_cast<T>(load(i));
}

/// The same past the caches: blocks are computed in cache and leave it as whole lines. Other threads may see
/// them only after a `streaming_fence`.
template <class Load, class T>
void stream_each_unfenced(Load const& load, index_t first, index_t last, T* to) {
  constexpr index_t block = sizeof(T) <= 4 ? 256 : 128;  // elements: about 1 KiB
  auto const aligned = [&](index_t i) {
    return reinterpret_cast<std::uintptr_t>(to + (i - first)) % line_bytes == 0;
  };
  index_t begin = first;
  while (begin < last && begin - first < block && !aligned(begin)) ++begin;
  store_each(load, first, begin, to);
  if (begin < last && aligned(begin)) {
    alignas(line_bytes) T staged[block];
    for (; begin + block <= last; begin += block) {
      store_each(load, begin, begin + block, staged);
      stream_lines(to + (begin - first), staged, sizeof staged);
    }
  }
  store_each(load, begin, last, to + (begin - first));
}

template <class Load, class T>
void stream_each(Load const& load, index_t first, index_t last, T* to) {
  stream_each_unfenced(load, first, last, to);
  streaming_fence();
}
}  // namespace detail

/// Queues f(i) for every i in [begin, end), in no particular order.
template <class F>
void for_each_index(stream& s, index_t begin, index_t end, F f) {
  if (begin >= end) return;
  s.enqueue([&s, begin, end, f] {
    detail::in_chunks(s, begin, end, [&](index_t first, index_t last) {
      for (index_t i = first; i < last; ++i) f(i);
    });
  });
}

/// Queues out[i − begin] = load(i) for every i in [begin, end). `out` may be an array that load reads at i.
///   cost   one read of what load reads, one write
template <class Load, class T>
void transform_index(stream& s, index_t begin, index_t end, Load load, T* out) {
  if (begin >= end) return;
  s.enqueue([&s, begin, end, load, out] {
    bool const large = static_cast<std::size_t>(end - begin) * sizeof(T) >= streaming_bytes;
    detail::in_chunks(s, begin, end, [&](index_t first, index_t last) {
      if constexpr (std::is_trivially_default_constructible_v<T>)
        if (large) return detail::stream_each(load, first, last, out + (first - begin));
      detail::store_each(load, first, last, out + (first - begin));
    });
  });
}

}  // namespace prorata::host
