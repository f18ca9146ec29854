// Scans of what a file holds: first what the ranks' shares come to, then every share from there on.
#pragma once

#include <algorithm>
#include <host/fp_environment.hpp>
#include <host/io/array_sink.hpp>
#include <host/io/decoded.hpp>
#include <host/run/chunked_run.hpp>
#include <host/run/store.hpp>
#include <host/scan.hpp>
#include <prorata/elements.hpp>
#include <prorata/running.hpp>
#include <utility>
#include <vector>

namespace prorata::host {

namespace detail {

/// Elements that are converted, scanned and stored while they are in cache.
inline constexpr index_t scan_slice = 256 * tile;
inline constexpr std::size_t scan_nodes_of_slice = 62 * 4;  // at most: a slice has fewer than 32^4 elements
static_assert(scan_slice < scan_node_size(4));

template <class T>
struct scan_node {
  int level;
  T total;
};

/// One rank's way through its slices.
template <class T>
struct scan_rank {
  std::vector<T> slice;
  running_fold<T> so_far{0, {}};
  std::vector<scan_node<T>> nodes;  // of all that it holds, in order
  std::vector<T> fresh = std::vector<T>(scan_nodes_of_slice);

  void append(piece p, T const* totals) {
    for (index_t at = p.begin; at < p.end;) {
      int const level = scan_node_level(at, p.end);
      nodes.push_back({level, *totals++});
      at += scan_node_size(level);
    }
  }
};

/// What the ranks of earlier processes hold.
template <class T>
std::vector<scan_node<T>> nodes_before(processes const& of, std::vector<scan_rank<T>> const& ranks) {
  std::vector<scan_node<T>> mine, before;
  for (auto const& r : ranks) mine.insert(mine.end(), r.nodes.begin(), r.nodes.end());
  auto const all = of.gather_apart(mine);
  for (int p = 0; p < of.number(); ++p) {
    auto const& theirs = all[static_cast<std::size_t>(p)];
    before.insert(before.end(), theirs.begin(), theirs.end());
  }
  return before;
}

/// Calls f(slice) for the slices of a chunk.
template <class F>
void each_slice(piece chunk, F const& f) {
  for (index_t begin = chunk.begin; begin < chunk.end; begin += scan_slice)
    f(piece{begin, std::min(begin + scan_slice, chunk.end), chunk.n});
}

}  // namespace detail

/// Scans a column, whose elements are read as the operation's type T, into what `store` does with slices of results.
///   load    load(piece, T* to) writes the elements of a piece; from many threads
///   store   store(piece, T const* results): the same the other way
///   on_gpu  what ranks with a GPU do instead, and where their results go; unused where there are none
///   reads   the column once; twice where more than one rank has a share
///   memory  256 tiles of T a rank
template <class Op, class Load, class Store>
void scan_column(chunked_run& run, scan_form<Op> const& form, Load const& load, Store const& store,
                 gpu_scan const* on_gpu = nullptr, io::array_sink const* gpu_results = nullptr) {
  using T = typename Op::value_type;
  auto const& cuts = run.cuts();
  int const first = run.team().first_local_rank(), count = run.team().local_ranks();
  std::vector<detail::scan_rank<T>> ranks(static_cast<std::size_t>(count));
  auto const rank = [&](int r) -> detail::scan_rank<T>& {
    return ranks[static_cast<std::size_t>(r - first)];
  };
  int last = 0;  // of all that have elements
  for (int r = 0; r < cuts.ranks(); ++r)
    if (cuts.size(r) > 0) last = r;
  for (int r = first; r < first + count; ++r)
    if (run.gpu(r) == nullptr)
      rank(r).slice.resize(
          static_cast<std::size_t>(std::min({detail::scan_slice, run.chunk(), cuts.size(r)})));
  auto const queue_load = [&load](stream& s, piece p, T* slice) {
    s.enqueue([&s, &load, p, slice] {
      each_grain(s, p, [&](piece grain) { load(grain, slice + (grain.begin - p.begin)); });
    });
  };
  if (last > 0 && cuts.size(last) < cuts.n) {
    run.sweep("fold", [&](stream& s, int r, piece chunk) {
      if (r == last) return;
      auto& mine = rank(r);
      if (gpu_rank* const gpu = run.gpu(r))
        return s.enqueue([&s, &mine, gpu, on_gpu, chunk] {
          gpu->scan_nodes(s, *on_gpu, chunk, [&](piece slot, std::byte const* totals) {
            mine.append(slot, reinterpret_cast<T const*>(totals));
          });
        });
      detail::each_slice(chunk, [&](piece p) {
        queue_load(s, p, mine.slice.data());
        scan_nodes(s, form.op, p, element_load<identity, T>({}, p.begin, mine.slice.data()),
                   mine.fresh.data());
        s.enqueue([&mine, p] { mine.append(p, mine.fresh.data()); });
      });
    });
    running_fold<T> so_far{0, {}};
    auto const before = detail::nodes_before<T>(run.processes(), ranks);
    canonically([&] {
      for (auto const& [level, total] : before) so_far.append(form.op, total, level);
      for (auto& r : ranks) {
        r.so_far = so_far;
        for (auto const& [level, total] : r.nodes) so_far.append(form.op, total, level);
      }
      return 0;
    });
  }
  run.sweep("scan", [&](stream& s, int r, piece chunk) {
    auto& mine = rank(r);
    if (gpu_rank* const gpu = run.gpu(r))
      return s.enqueue([&s, &mine, gpu, on_gpu, gpu_results, chunk] {
        gpu->scan(s, *on_gpu, chunk, &mine.so_far, [&](piece slot, std::byte const* elements) {
          store_elements(s, *gpu_results, slot, elements);
        });
      });
    detail::each_slice(chunk, [&](piece p) {
      queue_load(s, p, mine.slice.data());
      scan_piece(s, form, p, element_load<identity, T>({}, p.begin, mine.slice.data()), &mine.so_far,
                 mine.slice.data());
      s.enqueue([&s, &mine, &store, p] {
        each_grain(s, p, [&](piece grain) { store(grain, mine.slice.data() + (grain.begin - p.begin)); });
      });
    });
  });
}

}  // namespace prorata::host
