// Sorting distributed arrays: the result is unique, whichever rank sorted which share.
#pragma once

#include <numeric>
#include <optional>
#include <prorata/elements.hpp>
#include <prorata/redistribute.hpp>
#include <prorata/reductions.hpp>
#include <prorata/splitting.hpp>

namespace prorata {

namespace detail {

/// How many elements rank r gives to rank q so that rank q has exactly its share of the sorted whole.
template <class T, backend S>
std::vector<index_t> shares_of_sorted(distributed_array<T, S> const& x, total_order<T> order) {
  std::vector<sorted_run<T>> runs;
  for (auto const& p : x.parts()) runs.push_back({p.data, p.size});
  auto const ranks = static_cast<std::size_t>(x.team().ranks());
  auto const& cuts = x.partition().cuts;
  auto const before = split_runs(x.team(), order, runs, 1, std::vector<index_t>(cuts.begin(), cuts.end()));
  std::vector<index_t> counts;
  for (std::size_t r = 0; r < ranks; ++r)
    for (std::size_t q = 0; q < ranks; ++q)
      counts.push_back(before[(q + 1) * ranks + r] - before[q * ranks + r]);
  return counts;
}

inline bool all_stay(std::vector<index_t> const& counts, int ranks) {
  for (int r = 0; r < ranks; ++r)
    for (int q = 0; q < ranks; ++q)
      if (r != q && counts[static_cast<std::size_t>(r * ranks + q)] != 0) return false;
  return true;
}

/// The sorted runs of one rank after an exchange: where each ends; empty ones are left out.
inline std::vector<index_t> run_ends(std::vector<index_t> const& counts, int ranks, int rank) {
  std::vector<index_t> ends{0};
  for (int r = 0; r < ranks; ++r) {
    index_t const size = counts[static_cast<std::size_t>(r * ranks + rank)];
    if (size > 0) ends.push_back(ends.back() + size);
  }
  return ends;
}

/// Merges neighbouring runs two by two until one is left, from `data` to `out` and back; it ends in `out`.
///   merge  merge(from data?, begin, middle, end)
///   copy   copies everything from data to out
template <class Merge, class Copy>
void merge_in_rounds(std::vector<index_t> ends, Merge const& merge, Copy const& copy) {
  bool in_data = true;
  while (ends.size() > 2) {
    std::vector<index_t> next{0};
    for (std::size_t k = 0; k + 1 < ends.size(); k += 2) {
      index_t const middle = ends[k + 1], end = k + 2 < ends.size() ? ends[k + 2] : middle;
      merge(in_data, ends[k], middle, end);
      next.push_back(end);
    }
    ends = std::move(next);
    in_data = !in_data;
  }
  if (in_data) copy();
}

/// Brings locally sorted shares into global order: exact cuts, one exchange, merging.
template <class T, backend S>
void exchange_and_merge(distributed_array<T, S>& x, total_order<T> order) {
  int const ranks = x.team().ranks();
  if (ranks == 1) return;
  auto const counts = shares_of_sorted(x, order);
  if (all_stay(counts, ranks)) return;
  std::vector<T const*> send;
  for (auto const& p : x.parts()) send.push_back(p.data);
  auto const received = exchange<T>(x.team(), send, counts);
  for (std::size_t k = 0; k < x.parts().size(); ++k) {
    auto const& p = x.parts()[k];
    T* const data = received[k].data();
    merge_in_rounds(
        run_ends(counts, ranks, p.rank),
        [&](bool in_data, index_t begin, index_t middle, index_t end) {
          T const* const from = in_data ? data : p.data;
          T* const to = in_data ? p.data : data;
          merge_keys(*p.stream, order, from + begin, middle - begin, from + middle, end - middle, to + begin);
        },
        [&] { p.stream->copy(p.data, data, static_cast<std::size_t>(p.size) * sizeof(T)); });
  }
}

template <class K, class V, backend S>
void exchange_and_merge(distributed_array<K, S>& keys, distributed_array<V, S>& values,
                        total_order<K> order) {
  int const ranks = keys.team().ranks();
  if (ranks == 1) return;
  auto const counts = shares_of_sorted(keys, order);
  if (all_stay(counts, ranks)) return;
  std::vector<K const*> send;
  std::vector<V const*> send_values;
  for (auto const& p : keys.parts()) send.push_back(p.data);
  for (auto const& p : values.parts()) send_values.push_back(p.data);
  auto const received = exchange<K>(keys.team(), send, counts);
  auto const received_values = exchange<V>(keys.team(), send_values, counts);
  for (std::size_t k = 0; k < keys.parts().size(); ++k) {
    auto const& p = keys.parts()[k];
    auto const& v = values.parts()[k];
    K* const data = received[k].data();
    V* const with = received_values[k].data();
    merge_in_rounds(
        run_ends(counts, ranks, p.rank),
        [&](bool in_data, index_t begin, index_t middle, index_t end) {
          K const* const from = in_data ? data : p.data;
          V const* const from_values = in_data ? with : v.data;
          K* const to = in_data ? p.data : data;
          V* const to_values = in_data ? v.data : with;
          merge_pairs(*p.stream, order, from + begin, from_values + begin, middle - begin, from + middle,
                      from_values + middle, end - middle, to + begin, to_values + begin);
        },
        [&] {
          p.stream->copy(p.data, data, static_cast<std::size_t>(p.size) * sizeof(K));
          p.stream->copy(v.data, with, static_cast<std::size_t>(p.size) * sizeof(V));
        });
  }
}

}  // namespace detail

/// Sorts x in place, over all its ranks; its partition stays.
///   shape   n elements over P ranks → the same, x[0] ≤ x[1] ≤ …
///   order   total_order<T>: −0 before +0, NaNs last in both directions; true booleans come back as 1
///   cost    a local sort, 8 rounds of counts at most, one exchange, log₂ P rounds of merging; as much memory
///           again on every rank
///   waits   between rounds; to the end for borrowed arrays, else the last merge is queued
///   throws  out_of_memory, device_error, communication_error: x is then in no order
///   source  sorting by exact splitting: Cheng, Shah, Gilbert, Edelman (2007)
template <class T, backend S>
void sort(distributed_array<T, S>& x, direction d = direction::ascending) {
  detail::finishing(x)([&] {
    total_order<T> const order(d);
    for (auto const& p : x.parts()) sort_keys(*p.stream, order, p.data, p.size);
    detail::exchange_and_merge(x, order);
  });
}

/// Sorts keys in place and moves values[i] along with keys[i]. Equal keys keep the order they were in, in
/// both directions.
///   shape   both have the same partition, which stays
///   cost, order, waits, throws: as sort
template <class K, class V, backend S>
void sort_by_key(distributed_array<K, S>& keys, distributed_array<V, S>& values,
                 direction d = direction::ascending) {
  require_alike(keys, values);
  detail::finishing(keys, values)([&] {
    total_order<K> const order(d);
    for (std::size_t k = 0; k < keys.parts().size(); ++k) {
      auto const& p = keys.parts()[k];
      sort_pairs(*p.stream, order, p.data, values.parts()[k].data, p.size);
    }
    detail::exchange_and_merge(keys, values, order);
  });
}

/// The indices that would sort x: x[argsort(x)[0]] ≤ x[argsort(x)[1]] ≤ … Equal elements in the order of
/// their indices, in both directions.
///   shape   n elements → n indices, with the partition of x
///   cost, order, waits, throws: as sort
template <class T, backend S>
distributed_array<index_t, S> argsort(distributed_array<T, S> const& x, direction d = direction::ascending) {
  using element = std::remove_const_t<T>;
  return detail::finishing(x)([&] {
    total_order<element> const order(d);
    distributed_array<element, S> keys(x.team(), x.partition());
    distributed_array<index_t, S> indices(x.team(), x.partition());
    for (std::size_t k = 0; k < keys.parts().size(); ++k) {
      auto const& p = keys.parts()[k];
      p.stream->copy(p.data, x.parts()[k].data, static_cast<std::size_t>(p.size) * sizeof(element));
      sort_indices(*p.stream, order, p.data, p.begin, indices.parts()[k].data, p.size);
    }
    detail::exchange_and_merge(keys, indices, order);
    return indices;
  });
}

/// Merges two arrays that are in order already; among equal elements those of a come first.
///   shape   n and m elements of one team → n + m; every rank gets as many as it had of both
///   cost    8 rounds of counts at most, two exchanges of what is not there yet, one merge
///   needs   is_sorted(a, d) and is_sorted(b, d); else the result is in no order
template <class T, backend S>
distributed_array<T, S> merge(distributed_array<T, S> const& a, distributed_array<T, S> const& b,
                              direction d = direction::ascending) {
  require(a.team() == b.team(), "merged arrays belong to the same team");
  return detail::finishing(a, b)([&] {
    total_order<T> const order(d);
    auto const ranks = static_cast<std::size_t>(a.team().ranks());
    partition whole{a.size() + b.size(), {}}, of_a{a.size(), {}}, of_b{b.size(), {}};
    for (std::size_t q = 0; q <= ranks; ++q)
      whole.cuts.push_back(a.partition().cuts[q] + b.partition().cuts[q]);
    std::vector<sorted_run<T>> runs;
    for (std::size_t k = 0; k < a.parts().size(); ++k)
      for (auto const* x : {&a, &b}) runs.push_back({x->parts()[k].data, x->parts()[k].size});
    auto const before = split_runs(a.team(), order, runs, 2, whole.cuts);
    for (std::size_t q = 0; q <= ranks; ++q) {
      index_t const* const at = before.data() + q * 2 * ranks;
      of_a.cuts.push_back(std::accumulate(at, at + ranks, index_t{0}));
      of_b.cuts.push_back(std::accumulate(at + ranks, at + 2 * ranks, index_t{0}));
    }
    // What every rank merges; what is there already stays where it is.
    std::optional<distributed_array<T, S>> moved_a, moved_b;
    if (of_a.cuts != a.partition().cuts) moved_a = redistribute(a, of_a);
    if (of_b.cuts != b.partition().cuts) moved_b = redistribute(b, of_b);
    distributed_array<T, S> out(a.team(), whole);
    for (std::size_t k = 0; k < out.parts().size(); ++k) {
      auto const &p = out.parts()[k], &x = (moved_a ? *moved_a : a).parts()[k],
                 &y = (moved_b ? *moved_b : b).parts()[k];
      merge_keys(*p.stream, order, x.data, x.size, y.data, y.size, p.data);
    }
    return out;
  });
}

namespace detail {
template <class T>
struct goes_down {
  total_order<T> order;
  T const* data;
  PRORATA_HD std::uint32_t operator()(index_t i) const { return order(data[i + 1], data[i]) ? 1 : 0; }
};
}  // namespace detail

/// Whether no element comes before the one in front of it.
///   cost    reads x once; tells two elements of each rank
///   waits   for the answer, the same on every process
template <class T, backend S>
bool is_sorted(distributed_array<T, S> const& x, direction d = direction::ascending) {
  using element = std::remove_const_t<T>;
  struct ends {
    index_t size, descents;
    element first, last;
  };
  return detail::finishing(x)([&] {
    total_order<element> const order(d);
    std::vector<ends> mine(x.parts().size());
    drain_on_unwind const unwinding(x.team());
    std::vector<buffer<std::byte, S>> partial;
    std::vector<buffer<index_t, S>> answer;
    for (std::size_t k = 0; k < mine.size(); ++k) {
      auto const& p = x.parts()[k];
      mine[k] = {};
      mine[k].size = p.size;
      if (p.size == 0) continue;
      p.stream->copy(&mine[k].first, p.data, sizeof(element));
      p.stream->copy(&mine[k].last, p.data + (p.size - 1), sizeof(element));
      if (p.size == 1) continue;
      piece const pairs{0, p.size - 1, p.size - 1};
      partial.emplace_back(*p.stream, counting::bytes(pairs));
      answer.emplace_back(*p.stream, 1);
      reduce_piece(*p.stream, counting{}, pairs, detail::goes_down<element>{order, p.data},
                   partial.back().data());
      reduce_finish(*p.stream, counting{}, pairs.n, partial.back().data(), answer.back().data());
      p.stream->copy(&mine[k].descents, answer.back().data(), sizeof(index_t));
    }
    x.team().sync();
    element const* before = nullptr;
    auto const all = all_gather_to_host(x.team(), mine, 1);
    for (ends const& e : all) {
      if (e.size == 0) continue;
      if (e.descents != 0 || (before != nullptr && order(e.first, *before))) return false;
      before = &e.last;
    }
    return true;
  });
}

}  // namespace prorata
