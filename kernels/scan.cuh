// Scanning on the GPU: a warp folds each tile, warps put the tiles' totals in order level by level, and a
// warp finishes each tile.
#pragma once

#include <algorithm>
#include <kernels/launch.cuh>
#include <kernels/scan_levels.hpp>
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
  extern __shared__ __align__(16) unsigned char scan_bytes[];
  return reinterpret_cast<T*>(scan_bytes + threadIdx.x / 32 * scan_room<T>);
}

/// The running fold where a piece's tiles begin, and the one behind them.
template <class T>
struct scan_edges {
  running_fold<T> entry, exit;
};

/// One warp: the elements before the first whole tile.
template <class Op, class Load, class R>
__global__ void __launch_bounds__(32)
    scan_begin_kernel(scan_form<Op> const form, scan_plan const plan, Load const load,
                      running_fold<typename Op::value_type>* so_far,
                      scan_edges<typename Op::value_type>* edges, R* out) {
  auto running = *so_far;
  scan_loose<warp<>>(form, load, plan.tile_begin, running, out);
  __syncwarp();
  if (threadIdx.x != 0) return;
  edges->entry = running;
  if (plan.tile_begin == plan.end) *so_far = running;
  running.end = plan.tile_end;
  edges->exit = running;
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
    scan_groups_kernel(scan_carried<Op> const carried, scan_plan const plan, int level,
                       scan_edges<typename Op::value_type>* edges, typename Op::value_type* scratch) {
  index_t const group = scan_warp<typename Op::value_type>();
  if (group < plan.levels[level].groups())
    scan_group<warp<>>(carried.op, plan, level, group, edges->entry, edges->exit, scratch);
}

/// A warp for each tile, and one more for what comes behind the last one.
template <class Op, class Load, class R>
__global__ void __launch_bounds__(32 * scan_warps<typename Op::value_type>)
    scan_tiles_kernel(scan_form<Op> const form, scan_plan const plan, Load const load,
                      running_fold<typename Op::value_type>* so_far,
                      scan_edges<typename Op::value_type> const* edges,
                      typename Op::value_type const* scratch, R* out) {
  using T = typename Op::value_type;
  index_t const k = scan_warp<T>();
  if (k > plan.tiles()) return;
  index_t const number = plan.tile_begin / tile + k;
  R* const to = out + (number * tile - plan.begin);
  if (k < plan.tiles())
    return finish_tile<warp<>>(form, plan, load, number, tile, edges->entry, scratch, scan_shared<T>(), to);
  if (threadIdx.x % 32 == 0) *so_far = edges->exit;
  __syncwarp();
  if (plan.tile_end < plan.end)
    finish_tile<warp<>>(form, plan, load, number, plan.end - plan.tile_end, edges->entry, scratch,
                        scan_shared<T>(), to, so_far);
}

/// Queues the scan of a piece, read as load(i): out[i − p.begin] for every i in it. *so_far, on this device,
/// is the running fold of all elements before it, and afterwards of those of the piece too. `out` may be an
/// array that load reads at i.
///   launches  3, and one for each factor of 32 in the number of tiles
///   bytes     two reads and a write of the piece, and 2/1024 of it
template <class Op, class Load, class R>
void scan_piece(stream& s, scan_form<Op> const& form, piece p, Load load,
                running_fold<typename Op::value_type>* so_far, R* out) {
  using T = typename Op::value_type;
  if (p.begin >= p.end) return;
  auto const plan = plan_scan(p);
  constexpr std::size_t values_at = (sizeof(scan_edges<T>) + 255) / 256 * 256;
  auto* const memory =
      static_cast<std::byte*>(s.scratch(values_at + static_cast<std::size_t>(plan.values) * sizeof(T)));
  auto* const edges = reinterpret_cast<scan_edges<T>*>(memory);
  auto* const scratch = reinterpret_cast<T*>(memory + values_at);
  launch(scan_begin_kernel<Op, Load, R>, {1, 32}, s, form, plan, load, so_far, edges, out);
  if (plan.tile_begin == p.end) return;
  scan_carried<Op> const carried{form.op};
  if (plan.tiles() > 0)
    launch(scan_totals_kernel<Op, Load>, scan_shape<T>(plan.tiles(), true), s, carried,
           plan.tile_begin / tile, plan.tiles(), load, scratch + plan.totals(tile_level));
  for (int level = tile_level; level < plan.top; ++level)
    launch(scan_groups_kernel<Op>, scan_shape<T>(plan.levels[level].groups(), false), s, carried, plan, level,
           edges, scratch);
  launch(scan_tiles_kernel<Op, Load, R>, scan_shape<T>(plan.tiles() + 1, true), s, form, plan, load, so_far,
         edges, scratch, out);
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
