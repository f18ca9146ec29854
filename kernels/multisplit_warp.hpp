// Dealing elements into buckets, as one warp does it: rows of 32 elements, one after another.
//
// Written over the warp policy; on the GPU `places` lies in shared memory.
#pragma once

#include <prorata/config.hpp>

namespace prorata::cuda {

/// Elements of one warp's stretch among n: as many warps as the device keeps busy a few times over, so that
/// their counts stay small, and at least a tile each.
///   example  n = 2^28, 16384 warps → 2^14 elements each
PRORATA_HD constexpr index_t multisplit_stretch(index_t n) {
  constexpr index_t warps = 16384, least = 1024;
  index_t const tiles = n / least + (n % least != 0);
  return tiles <= warps ? least : (tiles / warps + (tiles % warps != 0)) * least;
}

/// Calls place(i, counts[bucket_of(i)]) for every i in [begin, end), and each time adds one to that count: a
/// row at a time, as if the lanes took turns.
template <class Warp, class BucketOf, class Place>
PRORATA_HD void deal_rows(index_t begin, index_t end, BucketOf const& bucket_of, index_t* counts,
                          Place const& place) {
  constexpr index_t L = Warp::lanes;
  for (index_t row = begin; row < end; row += L) {
    typename Warp::template varying<int> bucket, rank, alike;
    Warp::each([&](index_t lane) {
      bucket.set(lane, row + lane < end ? static_cast<int>(bucket_of(row + lane)) : -1);
    });
    Warp::match(bucket, rank, alike);
    Warp::each([&](index_t lane) {
      if (row + lane < end) place(row + lane, counts[bucket.get(lane)] + rank.get(lane));
    });
    Warp::meet();
    Warp::each([&](index_t lane) {
      if (row + lane < end && rank.get(lane) == 0) counts[bucket.get(lane)] += alike.get(lane);
    });
    Warp::meet();
  }
}

}  // namespace prorata::cuda
