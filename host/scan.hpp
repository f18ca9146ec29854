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
#include <new>
#include <prorata/operations.hpp>
#include <prorata/reductions.hpp>
#include <prorata/scan_tile.hpp>
#include <vector>

namespace prorata::host {

/// Tiles that one thread takes at a time: what it scanned, 64 KiB, stays in its L2 until it is finished from
/// there.
template <class T>
inline constexpr index_t scan_grain = std::max<index_t>((index_t{64} << 10) / (tile * index_t{sizeof(T)}), 1);

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

  /// The same, and the inclusive scan of the tile to `to`. Between its steps it calls between(0) …
  /// between(3), and asks for a quarter of the next tile each time: so that one tile comes from memory and
  /// another one's results leave for it while this one is computed. (Rows side by side are no stream to a
  /// prefetcher.)
  template <class Load, class Between>
  T scan(Op const& op, Load const& load, index_t first, T* to, Between const& between) {
    auto const step = [&](int number) {
      if constexpr (in_place<Load>) prefetch(load.contiguous(first + tile) + number * (tile / 4));
      between(number);
    };
    take(load, first);
    step(0);
    typename scan_tile<warp<>, T>::lanes before;
    T const total = work_.fold(op, before);
    step(1);
    work_.put_before(op, before);
    step(2);
    transpose(work_.column[0].at, to);
    step(3);
    return total;
  }

 private:
  /// Whether the elements lie in memory as they are.
  template <class Load>
  static constexpr bool in_place = requires(Load const& load, index_t i) {
    { load.contiguous(i) } -> std::same_as<T const*>;
  }
  &&!requires(T x) { Op::lift(x); };

  static void prefetch(T const* quarter) {
    constexpr auto line = static_cast<index_t>(line_bytes / sizeof(T));
    if constexpr (line > 0)
      for (index_t k = 0; k < tile / 4; k += line) __builtin_prefetch(quarter + k);
  }

  template <class Load>
  void take(Load const& load, index_t first) {
    if constexpr (in_place<Load>) {
      transpose(load.contiguous(first), work_.column[0].at);
    } else {
      store_each(prorata::detail::lifted_load<Op, Load>{load}, first, first + tile, row_);
      transpose(row_, work_.column[0].at);
    }
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

/// What an exclusive scan gives for the element at so_far.end.
template <class Op>
typename Op::value_type exclusive_value(scan_form<Op> const& form,
                                        running_fold<typename Op::value_type> const& so_far) {
  return so_far.end == 0 ? form.init : form.op(form.init, so_far.value(form.op));
}

/// Makes the results of one tile from its inclusive scan, a quarter at a time.
template <class Op, class R>
class tile_finisher {
  using T = typename Op::value_type;

 public:
  static constexpr int parts = 4;

  /// `large` results go past the caches; `scanned` may be changed.
  tile_finisher(scan_form<Op> const& form, running_fold<T> const& so_far, T* scanned, R* to, bool large)
      : op_(form.op),
        fronts_(form, so_far),
        first_(form.exclusive ? exclusive_value(form, so_far) : *scanned),
        shift_(form.exclusive ? 1 : 0),
        scanned_(scanned),
        to_(to),
        large_(large) {}

  void part(int number) const {
    constexpr index_t size = tile / parts;
    index_t begin = number * size;
    index_t const end = begin + size;
    if (shift_ > 0 && begin == 0) to_[begin++] = static_cast<R>(sealed(first_));
    int from = 0;  // many fronts: four at a time
    for (; fronts_.count - from > 4; from += 4)
      store_each(with<4>(from), begin - shift_, end - shift_, scanned_ + (begin - shift_));
    switch (fronts_.count - from) {
      case 0:
        return store<0>(from, begin, end);
      case 1:
        return store<1>(from, begin, end);
      case 2:
        return store<2>(from, begin, end);
      case 3:
        return store<3>(from, begin, end);
      default:
        return store<4>(from, begin, end);
    }
  }

 private:
  template <int Count>
  scan_finish<Op, Count> with(int from) const {
    scan_finish<Op, Count> finish{op_, {}, scanned_};
    for (int k = 0; k < Count; ++k) finish.before[k] = fronts_.at[from + k];
    return finish;
  }
  template <int Count>
  void store(int from, index_t begin, index_t end) const {
    scan_seal<scan_finish<Op, Count>> const finish{with<Count>(from)};
    if constexpr (std::is_trivially_default_constructible_v<R>)
      if (large_) return stream_each_unfenced(finish, begin - shift_, end - shift_, to_ + begin);
    store_each(finish, begin - shift_, end - shift_, to_ + begin);
  }

  Op op_;
  scan_fronts<Op> fronts_;
  T first_;
  index_t shift_;
  T* scanned_;
  R* to_;
  bool large_;
};

/// A block of tiles that one thread has scanned: in its cache, and what lies before it.
template <class T>
struct scanned_block {
  static constexpr index_t most = scan_grain<T>;
  alignas(line_bytes) T scanned[most * tile];
  T totals[most];
  running_fold<T> before;
  index_t count = 0;
};

/// Elements that share their tile with another piece, one after another.
template <class Op, class Load, class R>
void scan_loose(scan_form<Op> const& form, Load const& load, index_t last,
                running_fold<typename Op::value_type>& so_far, R* to) {
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

/// The whole tiles of a piece; so_far.end is where they begin. A thread scans one block while it finishes the
/// one before: reading, computing and writing overlap.
template <class Op, class Load, class R>
void scan_tiles(stream const& s, scan_form<Op> const& form, Load const& load, index_t tiles,
                running_fold<typename Op::value_type>& so_far, R* out) {
  using T = typename Op::value_type;
  using block = scanned_block<T>;
  constexpr index_t grain = block::most;
  index_t const first = so_far.end;
  index_t const blocks = (tiles + grain - 1) / grain;
  bool const large = static_cast<std::size_t>(tiles * tile) * sizeof(R) >= streaming_bytes;
  chain_state chain;
  auto const next_tile = [&](block& b, index_t t) {
    tile_finisher<Op, R> const finisher(form, b.before, b.scanned + t * tile, out + (b.before.end - first),
                                        large);
    b.before.append(form.op, b.totals[t], tile_level);
    return finisher;
  };
  struct workspace {
    tile_scanner<Op> scanner;
    block one, two;
  };
  static_assert(std::is_trivially_destructible_v<workspace>);
  index_t const workers = std::min<index_t>(blocks, s.threads());
  std::byte* const memory = s.scratch(static_cast<std::size_t>(workers) * sizeof(workspace));
  auto const work = [&](index_t worker) {
    auto* const space = new (memory + worker * index_t{sizeof(workspace)}) workspace;
    auto& scanner = space->scanner;
    block *now = &space->one, *last = &space->two;
    for (index_t k; (k = chain.take()) < blocks; std::swap(now, last)) {
      now->count = std::min(grain, tiles - k * grain);
      index_t const begin = first + k * grain * tile;
      index_t finished = 0;
      for (index_t t = 0; t < now->count; ++t) {
        auto const scan = [&](auto const& between) {
          now->totals[t] = scanner.scan(form.op, load, begin + t * tile, now->scanned + t * tile, between);
        };
        if (finished < last->count) {
          auto const finisher = next_tile(*last, finished++);
          scan([&](int part) { finisher.part(part); });
        } else {
          scan([](int) {});
        }
      }
      for (; finished < last->count; ++finished) {
        auto const finisher = next_tile(*last, finished);
        for (int part = 0; part < finisher.parts; ++part) finisher.part(part);
      }
      if (!chain.await(k)) return;
      now->before = so_far;
      for (index_t t = 0; t < now->count; ++t) so_far.append(form.op, now->totals[t], tile_level);
      chain.hand_on(k);
    }
    for (index_t t = 0; t < last->count; ++t) {
      auto const finisher = next_tile(*last, t);
      for (int part = 0; part < finisher.parts; ++part) finisher.part(part);
    }
    streaming_fence();
  };
  s.parallel(workers, [&](index_t worker) {
    try {
      work(worker);
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
        detail::tile_scanner<Op> scanner;
        index_t const begin = first + k * grain, end = std::min(begin + grain, last);
        for (index_t t = begin; t < end; ++t)
          tiles[static_cast<std::size_t>(t - first)] = scanner.fold(op, load, t * tile);
      });
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
///   cost   one read, one write; about 150 KiB of the stream's scratch for each thread
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
