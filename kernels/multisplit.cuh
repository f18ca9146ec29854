// Dealing elements into buckets on the GPU, in order within each: warps count, one scan places, warps deal.
#pragma once

#include <cub/device/device_scan.cuh>
#include <kernels/for_each.cuh>
#include <kernels/multisplit_warp.hpp>
#include <kernels/temporary.cuh>
#include <kernels/warp.cuh>
#include <prorata/error.hpp>

namespace prorata::cuda {

/// The most buckets: a block keeps a count of each for every warp in shared memory.
inline constexpr index_t multisplit_buckets = 1024;

namespace detail {
inline constexpr int multisplit_warps = 4;  // of a block

struct no_place {
  PRORATA_HD void operator()(index_t, index_t) const {}
};
template <class Load, class T>
struct put_in_place {
  Load load;
  T* out;
  PRORATA_HD void operator()(index_t i, index_t place) const { out[place] = static_cast<T>(load(i)); }
};
struct bucket_sizes {  // from where each bucket begins in the scan of the counts, which are by bucket, then
                       // warp
  index_t const* starts;
  index_t warps, buckets, n;
  index_t* counts;
  PRORATA_HD void operator()(index_t b) const {
    counts[b] = (b + 1 < buckets ? starts[(b + 1) * warps] : n) - starts[b * warps];
  }
};
}  // namespace detail

/// Each warp takes its stretch with its own counts in shared memory. Counting, they begin at zero and are
/// stored; dealing, they begin where the scan put them.
template <bool Dealing, class BucketOf, class Place>
__global__ void __launch_bounds__(32 * detail::multisplit_warps)
    multisplit_kernel(index_t begin, index_t end, index_t stretch, index_t warps, index_t buckets,
                      BucketOf const bucket_of, Place const place, index_t* counts) {
  extern __shared__ index_t shared[];
  index_t const mine = index_t{blockIdx.x} * detail::multisplit_warps + threadIdx.x / 32;
  if (mine >= warps) return;
  index_t* const kept = shared + threadIdx.x / 32 * buckets;
  for (index_t b = warp<>::lane(); b < buckets; b += 32) kept[b] = Dealing ? counts[b * warps + mine] : 0;
  warp<>::meet();
  index_t const first = begin + mine * stretch;
  deal_rows<warp<>>(first, first + stretch < end ? first + stretch : end, bucket_of, kept, place);
  if constexpr (!Dealing)
    for (index_t b = warp<>::lane(); b < buckets; b += 32) counts[b * warps + mine] = kept[b];
}

/// Queues: load(i) for i in [begin, end) goes to `out`, bucket after bucket by bucket_of(i) ∈ [0, buckets)
/// and in the order of i within each; counts[b] = how many went to bucket b.
///   needs   buckets ≤ 1024
///   cost    asks for every bucket twice, loads and writes every element once. (Warp-level multisplit with
///           ballots: Ashkiani, Davidson, Meyer and Owens, GPU Multisplit, 2017.)
template <class BucketOf, class Load, class T>
void multisplit_index(stream& s, index_t begin, index_t end, index_t buckets, BucketOf bucket_of, Load load,
                      T* out, index_t* counts) {
  require(buckets <= multisplit_buckets, "a GPU deals into at most 1024 buckets at a time");
  index_t const n = end > begin ? end - begin : 0;
  index_t const stretch = multisplit_stretch(n);
  index_t const warps = n / stretch + (n % stretch != 0) + (n == 0);
  auto const bytes = static_cast<std::size_t>(warps * buckets) * sizeof(index_t);
  auto* const starts = static_cast<index_t*>(s.allocate(bytes));
  launch_shape const shape{
      static_cast<unsigned>((warps + detail::multisplit_warps - 1) / detail::multisplit_warps),
      32 * detail::multisplit_warps,
      static_cast<std::size_t>(detail::multisplit_warps * buckets) * sizeof(index_t)};
  launch(multisplit_kernel<false, BucketOf, detail::no_place>, shape, s, begin, end, stretch, warps, buckets,
         bucket_of, detail::no_place{}, starts);
  with_temporary(s, [&](void* memory, std::size_t& room) {
    return cub::DeviceScan::ExclusiveSum(memory, room, starts, starts, warps * buckets, s.native());
  });
  for_each_index(s, 0, buckets, detail::bucket_sizes{starts, warps, buckets, n, counts});
  using place = detail::put_in_place<Load, T>;
  launch(multisplit_kernel<true, BucketOf, place>, shape, s, begin, end, stretch, warps, buckets, bucket_of,
         place{load, out}, starts);
  s.deallocate(starts, bytes);
}

}  // namespace prorata::cuda
