// Dealing elements into buckets, as one warp does it: rows of 32 elements, one after another.
//
// Written over the warp policy; on the GPU `next` lies in shared memory.
#pragma once

#include <kernels/unrolled.hpp>
#include <prorata/canonical.hpp>
#include <type_traits>

namespace prorata::cuda {

/// Elements of one warp's stretch among n: as many warps as the device keeps busy a few times over, each with
/// whole tiles, and so many elements that the counts of all stay small: a quarter of a byte per element.
///   example  n = 2^28, 16384 warps → 2^14 elements each; 1024 buckets → 2^15
PRORATA_HD constexpr index_t multisplit_stretch(index_t n, index_t buckets) {
  constexpr index_t warps = 16384;
  index_t const tiles = n / tile + (n % tile != 0);
  index_t const least = (32 * buckets + tile - 1) / tile;
  index_t const even = tiles / warps + (tiles % warps != 0);
  return (even < least ? least : even) * tile;
}

/// Rows whose buckets are asked for together, and whose elements are then loaded together.
inline constexpr int multisplit_rows = 8;

/// Deals every i in [begin, end) to next[bucket_of(i)], and each time moves that bucket on by one: a row at a time,
/// as if the lanes took turns. place.store(to, place.load(i)) puts an element there; without them elements are only
/// counted.
template <class Warp, class BucketOf, class Next, class Place>
PRORATA_HD void deal_rows(index_t begin, index_t end, BucketOf const& bucket_of, Next* next,
                          Place const& place) {
  constexpr index_t L = Warp::lanes;
  constexpr bool places = requires { place.load(begin); };
  for (index_t first = begin; first < end; first += multisplit_rows * L) {
    typename Warp::template varying<int> bucket[multisplit_rows];
    typename Warp::template varying<Next> to[multisplit_rows];
    unrolled<multisplit_rows>([&](auto number) {
      constexpr int k = decltype(number)::value;
      Warp::each([&](index_t lane) {
        index_t const i = first + k * L + lane;
        bucket[k].set(lane, i < end ? static_cast<int>(bucket_of(i)) : -1);
      });
    });
    unrolled<multisplit_rows>([&](auto number) {
      constexpr int k = decltype(number)::value;
      index_t const row = first + k * L;
      if (row >= end) return;
      typename Warp::template varying<int> rank, alike;
      Warp::match(bucket[k], rank, alike);
      if constexpr (places)
        Warp::each([&](index_t lane) {
          if (row + lane < end) to[k].set(lane, next[bucket[k].get(lane)] + rank.get(lane));
        });
      Warp::meet();
      Warp::each([&](index_t lane) {
        if (row + lane < end && rank.get(lane) == 0) next[bucket[k].get(lane)] += alike.get(lane);
      });
      Warp::meet();
    });
    if constexpr (places)
      Warp::each([&](index_t lane) {
        std::remove_cvref_t<decltype(place.load(begin))> x[multisplit_rows];
        unrolled<multisplit_rows>([&](auto number) {
          constexpr int k = decltype(number)::value;
          if (first + k * L + lane < end) x[k] = place.load(first + k * L + lane);
        });
        unrolled<multisplit_rows>([&](auto number) {
          constexpr int k = decltype(number)::value;
          if (first + k * L + lane < end) place.store(to[k].get(lane), x[k]);
        });
      });
  }
}

}  // namespace prorata::cuda
