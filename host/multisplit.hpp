// Dealing elements into buckets on the host, in order within each.
#pragma once

#include <algorithm>
#include <host/for_each.hpp>
#include <prorata/error.hpp>
#include <vector>

namespace prorata::host {

/// Elements that one thread deals at a time.
inline constexpr index_t multisplit_grain = 64 * tile;

/// Queues: load(i) for i in [begin, end) goes to `out`, bucket_of(i) ∈ [0, buckets) first, bucket after
/// bucket and in the order of i within each; counts[b] = how many went to bucket b.
///   cost   asks for every bucket twice, loads and writes every element once; 8 bytes per bucket and grain
template <class BucketOf, class Load, class T>
void multisplit_index(stream& s, index_t begin, index_t end, index_t buckets, BucketOf bucket_of, Load load,
                      T* out, index_t* counts) {
  s.enqueue([&s, begin, end, buckets, bucket_of, load, out, counts] {
    index_t const blocks = std::max(index_t{0}, end - begin + multisplit_grain - 1) / multisplit_grain;
    std::vector<index_t> places(static_cast<std::size_t>(blocks * buckets));
    auto const each_index = [&](index_t k, auto const& f) {
      index_t const first = begin + k * multisplit_grain;
      index_t* const mine = places.data() + k * buckets;
      for (index_t i = first; i < std::min(first + multisplit_grain, end); ++i) f(i, mine[bucket_of(i)]);
    };
    s.parallel(blocks, [&](index_t k) { each_index(k, [](index_t, index_t& place) { ++place; }); });
    index_t before = 0;
    for (index_t b = 0; b < buckets; ++b) {
      index_t const first = before;
      for (index_t k = 0; k < blocks; ++k) {
        auto& place = places[static_cast<std::size_t>(k * buckets + b)];
        before += std::exchange(place, before);
      }
      counts[b] = before - first;
    }
    s.parallel(blocks, [&](index_t k) {
      each_index(k, [&](index_t i, index_t& place) { out[place++] = static_cast<T>(load(i)); });
    });
  });
}

}  // namespace prorata::host
