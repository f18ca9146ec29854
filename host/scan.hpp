// Scanning on the host: one read and one write. Threads take blocks of tiles in order, scan each into cache,
// hand the running fold from block to block, and finish from cache.
#pragma once

#include <algorithm>
#include <exception>
#include <host/chain.hpp>
#include <host/for_each.hpp>
#include <host/reduce.hpp>
#include <host/transpose.hpp>
#include <host/warp.hpp>
#include <memory>
#include <prorata/operations.hpp>
#include <prorata/reductions.hpp>
#include <prorata/scan_tile.hpp>
#include <vector>

namespace prorata::host {

/// Tiles that one thread takes at a time: what it scanned stays in its L2 until it is finished from there.
template <class T>
inline constexpr index_t scan_grain = std::max<index_t>((index_t{128} << 10) / (tile * index_t{sizeof(T)}),
                                                        1);

namespace detail {

/// One thread's tile, and the elements on their way into it.
template <class Op>
class tile_scanner {
  using T = typename Op::value_type;

 public:
  /// Takes the elements of a whole tile. The fold of the tile.
  template <class Load>
  T fold(Op const& op, Load const& load, index_t first) {
    take(load, first);
    typename scan_tile<warp<>, T>::lanes before;
    return work_.fold(op, before);
  }

  /// The same, and the inclusive scan of the tile to `to`.
  template <class Load>
  T scan(Op const& op, Load const& load, index_t first, T* to) {
    take(load, first);
    T const total = work_.scan(op);
    transpose(work_.column[0].at, to);
    return total;
  }

 private:
  template <class Load>
  void take(Load const& load, index_t first) {
    T const* rows = nullptr;
    if constexpr (
        requires {
          { load.contiguous(first) } -> std::same_as<T const*>;
        } &&
        !requires(T x) { Op::lift(x); })
      rows = load.contiguous(first);
    if (rows == nullptr) {
      store_each(prorata::detail::lifted_load<Op, Load>{load}, first, first + tile, row_);
      rows = row_;
    }
    transpose(rows, work_.column[0].at);
  }

  scan_tile<warp<>, T> work_;  // columns lie one after another: 32 × 32 elements
  alignas(64) T row_[tile];
};
static_assert(sizeof(varying<float, 32>) == 32 * sizeof(float));

/// out[i] of a scanned tile: what lies before the tile, level by level, is put before each element.
template <class Op, int Count>
struct scan_finish {
  using T = typename Op::value_type;
  Op op;
  T before[Count == 0 ? 1 : Count];
  T const* scanned;
  T operator()(index_t i) const {
    T v = scanned[i];
    for (int k = 0; k < Count; ++k) v = op(before[k], v);
    return v;
  }
};
template <class Finish>
struct scan_seal {
  Finish finish;
  auto operator()(index_t i) const { return sealed(finish(i)); }
};

/// What is put before the elements of a tile, innermost first; with the initial value last.
template <class Op>
struct scan_fronts {
  using T = typename Op::value_type;
  int count = 0;
  T at[scan_levels + 1];

  scan_fronts(scan_form<Op> const& form, running_fold<T> const& so_far) {
    for (int level = tile_level; level < scan_levels; ++level)
      if (so_far.has(level)) at[count++] = so_far.at[level];
    if (form.has_init) at[count++] = form.init;
  }
};

/// to[i] = fronts before scanned[i] for i in [0, count). `scanned` is changed where there are many fronts.
template <class Op, class R>
void put_before(Op const& op, scan_fronts<Op> const& fronts, typename Op::value_type* scanned, index_t count,
                R* to, bool large) {
  auto const with = [&]<int Count>(int from) {
    scan_finish<Op, Count> finish{op, {}, scanned};
    for (int k = 0; k < Count; ++k) finish.before[k] = fronts.at[from + k];
    return finish;
  };
  int from = 0;
  for (; fronts.count - from > 4; from += 4) store_each(with.template operator()<4>(from), 0, count, scanned);
  auto const last = [&]<int Count>() {
    scan_seal<scan_finish<Op, Count>> const finish{with.template operator()<Count>(from)};
    if constexpr (std::is_trivially_default_constructible_v<R>)
      if (large) return stream_each(finish, 0, count, to);
    store_each(finish, 0, count, to);
  };
  switch (fronts.count - from) {
    case 0:
      return last.template operator()<0>();
    case 1:
      return last.template operator()<1>();
    case 2:
      return last.template operator()<2>();
    case 3:
      return last.template operator()<3>();
    default:
      return last.template operator()<4>();
  }
}

/// What an exclusive scan gives for the element at so_far.end.
template <class Op>
typename Op::value_type exclusive_value(scan_form<Op> const& form,
                                        running_fold<typename Op::value_type> const& so_far) {
  return so_far.end == 0 ? form.init : form.op(form.init, so_far.value(form.op));
}

/// Finishes one tile from its inclusive scan.
template <class Op, class R>
void finish_tile(scan_form<Op> const& form, running_fold<typename Op::value_type> const& so_far,
                 typename Op::value_type* scanned, R* to, bool large) {
  scan_fronts<Op> const fronts(form, so_far);
  if (!form.exclusive) return put_before(form.op, fronts, scanned, tile, to, large);
  *to = static_cast<R>(sealed(exclusive_value(form, so_far)));
  put_before(form.op, fronts, scanned, tile - 1, to + 1, large);
}

/// Elements that share their tile with another piece, one after another.
template <class Op, class Load, class R>
void scan_loose(scan_form<Op> const& form, Load const& load, index_t last,
                running_fold<typename Op::value_type>& so_far, R* to) {
  if constexpr (prepared<Load>)
    if (so_far.end < last) load.prepare(so_far.end, last);
  while (so_far.end < last) {
    auto const x = lifted<Op>(load(so_far.end));
    if (form.exclusive) {
      *to++ = static_cast<R>(sealed(exclusive_value(form, so_far)));
    } else {
      auto const v = so_far.before(form.op, x);
      *to++ = static_cast<R>(sealed(form.has_init ? form.op(form.init, v) : v));
    }
    so_far.append(form.op, x, 0);
  }
}

/// The whole tiles of a piece; so_far.end is where they begin.
template <class Op, class Load, class R>
void scan_tiles(stream const& s, scan_form<Op> const& form, Load const& load, index_t tiles,
                running_fold<typename Op::value_type>& so_far, R* out) {
  using T = typename Op::value_type;
  constexpr index_t grain = scan_grain<T>;
  index_t const first = so_far.end;
  index_t const blocks = (tiles + grain - 1) / grain;
  bool const large = static_cast<std::size_t>(tiles * tile) * sizeof(R) >= streaming_bytes;
  chain_state chain;
  auto const work = [&] {
    auto const scanner = std::make_unique_for_overwrite<tile_scanner<Op>>();
    struct alignas(64) line {
      std::byte bytes[64];
    };
    auto const memory = std::make_unique_for_overwrite<line[]>(
        static_cast<std::size_t>(std::min(grain, tiles) * tile) * sizeof(T) / sizeof(line));
    T* const scanned = reinterpret_cast<T*>(memory.get());
    T totals[grain];
    for (index_t k; (k = chain.take()) < blocks;) {
      index_t const count = std::min(grain, tiles - k * grain);
      index_t const begin = first + k * grain * tile;
      if constexpr (prepared<Load>) load.prepare(begin, begin + count * tile);
      for (index_t t = 0; t < count; ++t)
        totals[t] = scanner->scan(form.op, load, begin + t * tile, scanned + t * tile);
      if (!chain.await(k)) return;
      running_fold<T> mine = so_far;
      for (index_t t = 0; t < count; ++t) so_far.append(form.op, totals[t], tile_level);
      chain.hand_on(k);
      for (index_t t = 0; t < count; ++t) {
        finish_tile(form, mine, scanned + t * tile, out + (mine.end - first), large);
        mine.append(form.op, totals[t], tile_level);
      }
    }
  };
  s.parallel(std::min<index_t>(blocks, s.threads()), [&](index_t) {
    try {
      work();
    } catch (...) { chain.fail(std::current_exception()); }
  });
  chain.rethrow();
}

/// The totals of the maximal nodes of [first, last), in order, from those of its tiles.
template <class Op, class Load>
void fold_nodes(Op const& op, Load const& load, index_t first, index_t last, index_t first_tile,
                typename Op::value_type const* tiles, typename Op::value_type* out) {
  using T = typename Op::value_type;
  auto const total = [&](auto const& self, index_t begin, int level) -> T {
    if (level == 0) return lifted<Op>(load(begin));
    if (level == tile_level) return tiles[begin / tile - first_tile];
    index_t const child = scan_node_size(level - 1);
    T all = self(self, begin, level - 1);
    for (index_t k = 1; k < scan_radix; ++k) all = op(all, self(self, begin + k * child, level - 1));
    return all;
  };
  while (first < last) {
    int const level = scan_node_level(first, last);
    *out++ = total(total, first, level);
    first += scan_node_size(level);
  }
}

}  // namespace detail

/// Queues the totals of the maximal nodes of a piece, in order: scan_node_count(p.begin, p.end) values.
///   cost   reads every element once
template <class Op, class Load>
void scan_nodes(stream& s, Op const& op, piece p, Load load, typename Op::value_type* out) {
  if (p.begin >= p.end) return;
  s.enqueue([&s, op, p, load, out] {
    using T = typename Op::value_type;
    index_t const first = (p.begin + tile - 1) / tile, last = p.end / tile;
    std::vector<T> tiles(static_cast<std::size_t>(std::max<index_t>(last - first, 0)));
    constexpr index_t grain = scan_grain<T>;
    if (first < last)
      s.parallel((last - first + grain - 1) / grain, [&](index_t k) {
        auto const scanner = std::make_unique_for_overwrite<detail::tile_scanner<Op>>();
        index_t const begin = first + k * grain, end = std::min(begin + grain, last);
        if constexpr (prepared<Load>) load.prepare(begin * tile, end * tile);
        for (index_t t = begin; t < end; ++t)
          tiles[static_cast<std::size_t>(t - first)] = scanner->fold(op, load, t * tile);
      });
    if constexpr (prepared<Load>) {
      load.prepare(p.begin, std::min(first * tile, p.end));
      load.prepare(std::max(last * tile, p.begin), p.end);
    }
    detail::fold_nodes(op, load, p.begin, p.end, first, tiles.data(), out);
  });
}

/// Queues *so_far = the running fold of neighbouring pieces from element 0 on, whose nodes lie one piece
/// after another, each at the next multiple of 64 bytes.
template <class Op>
void scan_enter(stream& s, Op const& op, std::vector<piece> pieces, std::byte const* nodes,
                running_fold<typename Op::value_type>* so_far) {
  s.enqueue([op, pieces = std::move(pieces), nodes, so_far] {
    using T = typename Op::value_type;
    so_far->end = 0;
    std::byte const* at = nodes;
    for (piece const& p : pieces) {
      auto const* next = reinterpret_cast<T const*>(at);
      for (index_t begin = p.begin; begin < p.end;) {
        int const level = scan_node_level(begin, p.end);
        so_far->append(op, *next++, level);
        begin += scan_node_size(level);
      }
      at += scan_node_bytes<T>(p);
    }
  });
}

/// Queues the scan of a piece, read as load(i): out[i − p.begin] for every i in it. *so_far is the running
/// fold of all elements before it, and afterwards of those of the piece too. `out` may be an array that load
/// reads at i.
///   cost   one read, one write; 8 KiB and 128 KiB more a thread
template <class Op, class Load, class R>
void scan_piece(stream& s, scan_form<Op> const& form, piece p, Load load,
                running_fold<typename Op::value_type>* so_far, R* out) {
  if (p.begin >= p.end) return;
  s.enqueue([&s, form, p, load, so_far, out] {
    auto running = *so_far;
    index_t const head = std::min((p.begin + tile - 1) / tile * tile, p.end);
    detail::scan_loose(form, load, head, running, out);
    index_t const tiles = (p.end - head) / tile;
    if (tiles > 0) detail::scan_tiles(s, form, load, tiles, running, out + (head - p.begin));
    detail::scan_loose(form, load, p.end, running, out + (running.end - p.begin));
    *so_far = running;
  });
}

}  // namespace prorata::host
