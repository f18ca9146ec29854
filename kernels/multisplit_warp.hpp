// Dealing elements into buckets, as one warp does it: rows of 32 elements, one after another.
//
// Written over the warp policy; on the GPU `next` lies in shared memory.
#pragma once

#include <prorata/canonical.hpp>

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

/// Calls place(i, next[bucket_of(i)]) for every i in [begin, end), and each time moves that bucket on by one:
/// a row at a time, as if the lanes took turns.
template <class Warp, class BucketOf, class Next, class Place>
PRORATA_HD void deal_rows(index_t begin, index_t end, BucketOf const& bucket_of, Next* next,
                          Place const& place) {
  constexpr index_t L = Warp::lanes;
  for (index_t row = begin; row < end; row += L) {
    typename Warp::template varying<int> bucket, rank, alike;
    Warp::each([&](index_t lane) {
      bucket.set(lane, row + lane < end ? static_cast<int>(bucket_of(row + lane)) : -1);
    });
    Warp::match(bucket, rank, alike);
    Warp::each([&](index_t lane) {
      if (row + lane < end) place(row + lane, next[bucket.get(lane)] + rank.get(lane));
    });
    Warp::meet();
    Warp::each([&](index_t lane) {
      if (row + lane < end && rank.get(lane) == 0) next[bucket.get(lane)] += alike.get(lane);
    });
    Warp::meet();
  }
}

}  // namespace prorata::cuda
