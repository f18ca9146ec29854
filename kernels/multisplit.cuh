// Dealing elements into buckets on the GPU, in order within each: warps count, one scan finds the places,
// warps deal.
#pragma once

#include <cub/device/device_scan.cuh>
#include <kernels/for_each.cuh>
#include <kernels/multisplit_warp.hpp>
#include <kernels/shared_memory.cuh>
#include <kernels/temporary.cuh>
#include <kernels/warp.cuh>
#include <prorata/error.hpp>

namespace prorata::cuda {

/// The most buckets: a block keeps a count of each for every warp in shared memory.
inline constexpr index_t multisplit_buckets = 1024;

namespace detail {
inline constexpr int multisplit_warps = 4;  // of a block

/// How n elements are shared among warps, each with 8 bytes for every bucket in shared memory.
struct multisplit_shape {
  index_t n, buckets, stretch, warps;

  multisplit_shape(index_t elements, index_t into)
      : n(elements),
        buckets(into),
        stretch(multisplit_stretch(n, into)),
        warps(n / stretch + (n % stretch != 0) + (n == 0)) {
    require(buckets <= multisplit_buckets, "a GPU deals into at most 1024 buckets at a time");
  }
  launch_shape launch() const {
    return {static_cast<unsigned>((warps + multisplit_warps - 1) / multisplit_warps), 32 * multisplit_warps,
            static_cast<std::size_t>(multisplit_warps * buckets) * sizeof(index_t)};
  }
};

struct no_place {};
template <class Load, class T>
struct put_in_place {
  Load from;
  PRORATA_HD T load(index_t i) const { return static_cast<T>(from(i)); }
  PRORATA_HD void store(T* to, T const& x) const { *to = x; }
};
struct bucket_sizes {  // from where each bucket begins in the scan of the counts: by bucket, then by warp
  index_t const* starts;
  index_t warps, buckets, n;
  index_t* counts;
  PRORATA_HD void operator()(index_t b) const {
    counts[b] = (b + 1 < buckets ? starts[(b + 1) * warps] : n) - starts[b * warps];
  }
};
}  // namespace detail

/// Each warp counts its stretch in shared memory, from zero.
template <class BucketOf>
__global__ void __launch_bounds__(32 * detail::multisplit_warps)
    count_buckets_kernel(index_t begin, index_t end, detail::multisplit_shape const shape,
                         BucketOf const bucket_of, index_t* counts) {
  index_t const mine = index_t{blockIdx.x} * detail::multisplit_warps + threadIdx.x / 32;
  if (mine >= shape.warps) return;
  index_t* const kept = dynamic_shared<index_t>() + threadIdx.x / 32 * shape.buckets;
  for (index_t b = warp<>::lane(); b < shape.buckets; b += 32) kept[b] = 0;
  warp<>::meet();
  index_t const first = begin + mine * shape.stretch;
  index_t const last = first + shape.stretch < end ? first + shape.stretch : end;
  deal_rows<warp<>>(first, last, bucket_of, kept, detail::no_place{});
  for (index_t b = warp<>::lane(); b < shape.buckets; b += 32) counts[b * shape.warps + mine] = kept[b];
}

/// Each warp deals its stretch, with a pointer for every bucket in shared memory.
template <class BucketOf, class Load, class T>
__global__ void __launch_bounds__(32 * detail::multisplit_warps)
    scatter_buckets_kernel(index_t begin, index_t end, detail::multisplit_shape const shape,
                           BucketOf const bucket_of, Load const load, index_t const* starts, T* const* out) {
  index_t const mine = index_t{blockIdx.x} * detail::multisplit_warps + threadIdx.x / 32;
  if (mine >= shape.warps) return;
  T** const next = dynamic_shared<T*>() + threadIdx.x / 32 * shape.buckets;
  for (index_t b = warp<>::lane(); b < shape.buckets; b += 32)
    next[b] = out[b] + (starts[b * shape.warps + mine] - starts[b * shape.warps]);
  warp<>::meet();
  index_t const first = begin + mine * shape.stretch;
  index_t const last = first + shape.stretch < end ? first + shape.stretch : end;
  deal_rows<warp<>>(first, last, bucket_of, next, detail::put_in_place<Load, T>{load});
}

/// How many numbers `count_buckets` leaves for `scatter_buckets`: where each warp's stretch begins
/// in each bucket.
inline index_t multisplit_places(stream const&, index_t n, index_t buckets) {
  return detail::multisplit_shape(n, buckets).warps * buckets;
}

/// Queues counts[b] = how many i in [begin, end) have bucket_of(i) = b ∈ [0, buckets), and the places for
/// scattering them.
///   needs   buckets ≤ 1024, multisplit_places(…) places
///   cost    asks for every bucket once. (Warp-level multisplit with ballots: Ashkiani, Davidson, Meyer and
///           Owens, GPU Multisplit, 2017.)
template <class BucketOf>
void count_buckets(stream& s, index_t begin, index_t end, index_t buckets, BucketOf bucket_of,
                   index_t* places, index_t* counts) {
  detail::multisplit_shape const shape(end - begin, buckets);
  launch(count_buckets_kernel<BucketOf>, shape.launch(), s, begin, end, shape, bucket_of, places);
  with_temporary(s, [&](void* memory, std::size_t& room) {
    return cub::DeviceScan::ExclusiveSum(memory, room, places, places, shape.warps * buckets, s.native());
  });
  for_each_index(s, 0, buckets, detail::bucket_sizes{places, shape.warps, buckets, shape.n, counts});
}

/// Queues: load(i) for i in [begin, end) goes to out[bucket_of(i)][…], in the order of i within each bucket.
///   needs   places as count_buckets left them for the same elements; a pointer for every bucket
///   cost    asks for every bucket once, loads and writes every element once
template <class BucketOf, class Load, class T>
void scatter_buckets(stream& s, index_t begin, index_t end, index_t buckets, BucketOf bucket_of, Load load,
                     index_t const* places, T* const* out) {
  detail::multisplit_shape const shape(end - begin, buckets);
  launch(scatter_buckets_kernel<BucketOf, Load, T>, shape.launch(), s, begin, end, shape, bucket_of, load,
         places, out);
}

}  // namespace prorata::cuda
