// Dealing elements into buckets on the host, in order within each: counted first, then dealt.
#pragma once

#include <algorithm>
#include <host/for_each.hpp>
#include <prorata/error.hpp>
#include <utility>
#include <vector>

namespace prorata::host {

/// Elements that one thread counts and deals at a time.
inline constexpr index_t multisplit_grain = 64 * tile;

/// How many numbers `count_buckets` leaves for `scatter_buckets`: of each grain, where it begins in
/// each bucket.
inline index_t multisplit_places(stream const&, index_t n, index_t buckets) {
  return (n + multisplit_grain - 1) / multisplit_grain * buckets;
}

namespace detail {
/// f(i) for the elements of grain k of [begin, end).
template <class F>
void each_of_grain(index_t begin, index_t end, index_t k, F const& f) {
  index_t const first = begin + k * multisplit_grain;
  for (index_t i = first; i < std::min(first + multisplit_grain, end); ++i) f(i);
}
}  // namespace detail

/// Queues counts[b] = how many i in [begin, end) have bucket_of(i) = b ∈ [0, buckets), and the places for
/// scattering them.
///   needs   multisplit_places(…) places
///   cost    asks for every bucket once
template <class BucketOf>
void count_buckets(stream& s, index_t begin, index_t end, index_t buckets, BucketOf bucket_of,
                   index_t* places, index_t* counts) {
  s.enqueue([&s, begin, end, buckets, bucket_of, places, counts] {
    index_t const grains = multisplit_places(s, end - begin, 1);
    s.parallel(grains, [&](index_t k) {
      index_t* const mine = places + k * buckets;
      std::fill_n(mine, buckets, index_t{0});
      detail::each_of_grain(begin, end, k, [&](index_t i) { ++mine[bucket_of(i)]; });
    });
    std::fill_n(counts, buckets, index_t{0});
    for (index_t k = 0; k < grains; ++k)
      for (index_t b = 0; b < buckets; ++b) {
        index_t const count = std::exchange(places[k * buckets + b], counts[b]);
        counts[b] += count;
      }
  });
}

/// Queues: load(i) for i in [begin, end) goes to out[bucket_of(i)][…], in the order of i within each bucket.
///   needs   places as count_buckets left them for the same elements; a pointer for every bucket
///   cost    asks for every bucket once, loads and writes every element once
template <class BucketOf, class Load, class T>
void scatter_buckets(stream& s, index_t begin, index_t end, index_t buckets, BucketOf bucket_of, Load load,
                     index_t const* places, T* const* out) {
  s.enqueue([&s, begin, end, buckets, bucket_of, load, places, out] {
    s.parallel(multisplit_places(s, end - begin, 1), [&](index_t k) {
      std::vector<T*> next(out, out + buckets);
      for (index_t b = 0; b < buckets; ++b) next[static_cast<std::size_t>(b)] += places[k * buckets + b];
      T** const to = next.data();
      detail::each_of_grain(begin, end, k, [&](index_t i) { *to[bucket_of(i)]++ = static_cast<T>(load(i)); });
    });
  });
}

}  // namespace prorata::host
