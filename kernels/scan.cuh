// Scanning on the GPU in one pass: a warp folds each tile, tells the total, learns what lies before, and
// finishes the tile, which it holds in registers all the while.
#pragma once

#include <algorithm>
#include <cuda/atomic>
#include <kernels/check.hpp>
#include <kernels/launch.cuh>
#include <kernels/scan_levels.hpp>
#include <kernels/shared_memory.cuh>
#include <kernels/warp.cuh>
#include <vector>

namespace prorata::cuda {

/// Warps of a block, each with a tile of T in its lanes and in the memory they share.
template <class T>
inline constexpr int scan_warps = sizeof(T) <= 8    ? 8
                                  : sizeof(T) <= 16 ? 4
                                                    : 1;
template <class T>
inline constexpr std::size_t scan_room = static_cast<std::size_t>(scan_radix*(scan_radix + 1)) * sizeof(T);

template <class T>
launch_shape scan_shape(index_t warps, bool with_room) {
  index_t const blocks = (warps + scan_warps<T> - 1) / scan_warps<T>;
  require(blocks <= grid_limit, "a scan of more elements than a grid can reach");
  return {static_cast<unsigned>(std::max<index_t>(blocks, 1)), 32 * scan_warps<T>,
          with_room ? scan_room<T> * scan_warps<T> : 0};
}

/// An operation as a kernel takes it, whether or not it has members: nvcc refuses some empty parameters.
template <class Op>
struct scan_carried {
  Op op;
  char filler = 0;
};

/// Which of all warps this one is.
template <class T>
__device__ index_t scan_warp() {
  return static_cast<index_t>(blockIdx.x) * scan_warps<T> + threadIdx.x / 32;
}
template <class T>
__device__ T* scan_shared() {
  return reinterpret_cast<T*>(dynamic_shared<unsigned char>() + threadIdx.x / 32 * scan_room<T>);
}

/// Totals that warps tell each other: each is written once, and then its flag.
template <class T>
struct scan_board {
  T* totals;
  unsigned* told;

  using flag = ::cuda::atomic_ref<unsigned, ::cuda::thread_scope_device>;
  __device__ void tell(index_t place, T const& total) const {
    totals[place] = total;
    flag(told[place]).store(1, ::cuda::memory_order_release);
  }
  __device__ T learn(index_t place) const {
    while (flag(told[place]).load(::cuda::memory_order_acquire) == 0) {}
    return totals[place];
  }
};

/// One warp: the elements before the first whole tile. *entry becomes the running fold behind them.
template <class Op, class Load, class R>
__global__ void __launch_bounds__(32)
    scan_begin_kernel(scan_form<Op> const form, scan_plan const plan, Load const load,
                      running_fold<typename Op::value_type>* so_far,
                      running_fold<typename Op::value_type>* entry, R* out) {
  auto running = *so_far;
  scan_loose<warp<>>(form, load, plan.tile_begin, running, out);
  __syncwarp();
  if (threadIdx.x != 0) return;
  *entry = running;
  if (plan.tile_begin == plan.end) *so_far = running;
}

/// A warp for each whole tile, and one more for what comes behind the last one. Blocks take the tiles in the
/// order in which they begin to run: whoever waits, waits for warps that run already.
template <class Op, class Load, class R>
__global__ void __launch_bounds__(32 * scan_warps<typename Op::value_type>)
    scan_tiles_kernel(scan_form<Op> const form, scan_plan const plan, Load const load,
                      running_fold<typename Op::value_type>* so_far,
                      running_fold<typename Op::value_type> const* entry,
                      scan_board<typename Op::value_type> const board, unsigned* next, R* out) {
  using T = typename Op::value_type;
  auto& block = block_shared<unsigned>();
  if (threadIdx.x == 0) block = atomicAdd(next, 1u);
  __syncthreads();
  index_t const k = index_t{block} * scan_warps<T> + threadIdx.x / 32;
  if (k > plan.tiles()) return;
  index_t const number = plan.tile_begin / tile + k;
  scan_one_tile<warp<>>(form, plan, load, number, *entry, board, scan_shared<T>(),
                        out + (number * tile - plan.begin), so_far);
}

/// Queues the scan of a piece, read as load(i): out[i − p.begin] for every i in it. *so_far, on this device,
/// is the running fold of all elements before it, and afterwards of those of the piece too. `out` may be an
/// array that load reads at i.
///   launches  2
///   bytes     one read and one write of the piece; a total and a flag for each tile, and for every 32 of
///   them method    after Merrill and Garland, Single-pass Parallel Prefix Scan with Decoupled Look-back
///             (NVR-2016-002); here it is a tile's place in base 32 that decides at whom it looks
template <class Op, class Load, class R>
void scan_piece(stream& s, scan_form<Op> const& form, piece p, Load load,
                running_fold<typename Op::value_type>* so_far, R* out) {
  using T = typename Op::value_type;
  if (p.begin >= p.end) return;
  auto const plan = plan_scan(p);
  auto const padded = [](std::size_t bytes) { return (bytes + 255) / 256 * 256; };
  auto const values = static_cast<std::size_t>(plan.values);
  std::size_t const entry_bytes = padded(sizeof(running_fold<T>)), total_bytes = padded(values * sizeof(T));
  std::size_t const flag_bytes = (values + 1) * sizeof(unsigned);  // the last one counts blocks
  auto* const memory = static_cast<std::byte*>(s.scratch(entry_bytes + total_bytes + flag_bytes));
  auto* const entry = reinterpret_cast<running_fold<T>*>(memory);
  auto* const flags = reinterpret_cast<unsigned*>(memory + entry_bytes + total_bytes);
  launch(scan_begin_kernel<Op, Load, R>, {1, 32}, s, form, plan, load, so_far, entry, out);
  if (plan.tile_begin == p.end) return;
  s.zero(flags, flag_bytes);
  scan_board<T> const board{reinterpret_cast<T*>(memory + entry_bytes), flags};
  launch(scan_tiles_kernel<Op, Load, R>, scan_shape<T>(plan.tiles() + 1, true), s, form, plan, load, so_far,
         entry, board, flags + values, out);
}

template <class Op, class Load>
__global__ void __launch_bounds__(32 * scan_warps<typename Op::value_type>)
    scan_totals_kernel(scan_carried<Op> const carried, index_t first_tile, index_t tiles, Load const load,
                       typename Op::value_type* totals) {
  using T = typename Op::value_type;
  index_t const k = scan_warp<T>();
  if (k < tiles) fold_tile<warp<>>(carried.op, load, (first_tile + k) * tile, scan_shared<T>(), totals + k);
}

template <class Op>
__global__ void __launch_bounds__(32 * scan_warps<typename Op::value_type>)
    scan_fold_groups_kernel(scan_carried<Op> const carried, node_plan const plan, int level,
                            typename Op::value_type* scratch) {
  index_t const k = scan_warp<typename Op::value_type>();
  if (k < plan.levels[level].nodes()) fold_group<warp<>>(carried.op, plan, level, k, scratch);
}

template <class Op, class Load>
__global__ void __launch_bounds__(32)
    scan_list_kernel(scan_carried<Op> const carried, node_plan const plan, Load const load,
                     typename Op::value_type const* scratch, typename Op::value_type* out) {
  list_nodes<warp<>>(carried.op, plan, load, scratch, out);
}

/// Queues the totals of the maximal nodes of a piece, in order: scan_node_count(p.begin, p.end) values.
///   bytes  one read of the piece
template <class Op, class Load>
void scan_nodes(stream& s, Op const& op, piece p, Load load, typename Op::value_type* out) {
  using T = typename Op::value_type;
  if (p.begin >= p.end) return;
  auto const plan = plan_nodes(p);
  auto* const scratch = static_cast<T*>(s.scratch(static_cast<std::size_t>(plan.values) * sizeof(T)));
  scan_carried<Op> const carried{op};
  for (int level = tile_level; level < plan.top; ++level) {
    auto const& at = plan.levels[level];
    if (level == tile_level) {
      launch(scan_totals_kernel<Op, Load>, scan_shape<T>(at.nodes(), true), s, carried, at.first, at.nodes(),
             load, scratch + at.offset);
    } else {
      launch(scan_fold_groups_kernel<Op>, scan_shape<T>(at.nodes(), false), s, carried, plan, level, scratch);
    }
  }
  launch(scan_list_kernel<Op, Load>, {1, 32}, s, carried, plan, load, scratch, out);
}

template <class Op>
__global__ void __launch_bounds__(32)
    scan_enter_kernel(scan_carried<Op> const carried, piece const p, bool begins,
                      typename Op::value_type const* nodes, running_fold<typename Op::value_type>* so_far) {
  auto running = *so_far;
  if (begins) running.end = 0;
  append_nodes<warp<>>(carried.op, p, nodes, running);
  __syncwarp();
  if (threadIdx.x == 0) *so_far = running;
}

/// Queues *so_far = the running fold of neighbouring pieces from element 0 on, whose nodes lie one piece
/// after another, each at the next multiple of 64 bytes.
///   launches  one for each piece
template <class Op>
void scan_enter(stream& s, Op const& op, std::vector<piece> const& pieces, std::byte const* nodes,
                running_fold<typename Op::value_type>* so_far) {
  using T = typename Op::value_type;
  scan_carried<Op> const carried{op};
  if (pieces.empty())
    launch(scan_enter_kernel<Op>, {1, 32}, s, carried, piece{0, 0, 0}, true, nullptr, so_far);
  bool begins = true;
  for (piece const& p : pieces) {
    launch(scan_enter_kernel<Op>, {1, 32}, s, carried, p, begins, reinterpret_cast<T const*>(nodes), so_far);
    nodes += scan_node_bytes<T>(p);
    begins = false;
  }
}

}  // namespace prorata::cuda
