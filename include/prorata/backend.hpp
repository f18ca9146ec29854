// The seam between algorithms and devices: what a stream of a device must be able to do.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <prorata/bins.hpp>
#include <prorata/column.hpp>
#include <prorata/groups.hpp>
#include <prorata/rank_search.hpp>
#include <prorata/reductions.hpp>
#include <prorata/running.hpp>
#include <prorata/short_run.hpp>
#include <prorata/total_order.hpp>
#include <prorata/work_left.hpp>
#include <vector>

namespace prorata {

namespace archetype {
struct body {
  PRORATA_HD void operator()(index_t) const {}
};
struct load {
  PRORATA_HD double operator()(index_t i) const { return static_cast<double>(i); }
};
struct decode {
  PRORATA_HD double operator()(std::uint64_t word) const { return static_cast<double>(word); }
};
struct choice {
  PRORATA_HD bool operator()(index_t i) const { return i % 2 == 0; }
};
}  // namespace archetype

/// A backend is a stream type: an in-order queue of work on one device, asynchronous to the caller.
///   allocate, deallocate      stream-ordered memory of the device
///   copy                      between any memory this device can reach, the host's included
///   record, wait              order between streams; sync waits on the host and reports failures, drain
///                             only waits
///   sibling                   another queue of the same device; same_memory: whether two streams' work
///                             reaches each other's memory as its own
///   sees_host_memory          whether functors may refer to what their caller owns
///   transfer                  copies from another stream's device, in the order of both streams
///   copy_from                 the same in the order of the first alone: events have to order the other
///   for_each_index            f(i) for i in [begin, end)
///   transform_index           out[i − begin] = load(i)
///   reduce_piece/join/finish  the partial result of a piece, of neighbouring pieces, and the answer
///   scan_nodes/enter/piece    the totals of a piece's nodes, what lies before a place, and a piece's scan
///   select_index              load(i) of the i for which keep(i) holds, in order, and how many they are
///   partition_index           the same, and the others too
///   count_buckets             how many i each bucket gets, and the places for scattering them
///   scatter_buckets           load(i) to where its bucket lies, in order within each
///   histogram_index           counts[rule(load(i))] += 1
///   start_groups, resolve_overflow, merge_groups, read_records, read_groups
///                             rows by key, as sorted records or as columns
///   count_digits              counts[rule.slot(load(i))] += 1, for keys
///   reduce_runs               the result of every run of elements, each as an array of its own
///   reduce_found_runs         where runs begin, and those results, in one pass; a backend may do without
///   sort_keys, sort_pairs     n elements in a total order, in place; pairs and indices stably
///   sort_indices              the same, and where each element was
///   merge_keys, merge_pairs   two sorted arrays become one; among equal elements the first one's lead
/// The verbs are free functions found beside the stream type; `ls kernels host` shows them twice.
template <class S>
concept backend = std::movable<S> &&
    requires(S& s, S& other, void* to, void const* from, std::size_t bytes, index_t n,
             typename S::event_type const& event, std::byte* partial, double* out, index_t* count,
             running_fold<double>* so_far) {
  { s.allocate(bytes) } -> std::same_as<void*>;
  { s.deallocate(to, bytes) }
  noexcept;
  s.copy(to, from, bytes);
  { s.record() } -> std::same_as<typename S::event_type>;
  s.wait(event);
  s.sync();
  { s.drain() }
  noexcept;
  { s.sibling() } -> std::same_as<S>;
  { same_memory(s, other) } -> std::same_as<bool>;
  { sees_host_memory(s) } -> std::same_as<bool>;
  transfer(s, to, other, from, bytes);
  copy_from(s, to, other, from, bytes);
  for_each_index(s, n, n, archetype::body{});
  transform_index(s, n, n, archetype::load{}, out);
  reduce_piece(s, ordered<plus<double>>{}, piece{}, archetype::load{}, partial);
  reduce_join(s, ordered<plus<double>>{}, std::vector<piece>{}, partial, partial);
  reduce_finish(s, ordered<plus<double>>{}, n, partial, out);
  scan_nodes(s, plus<double>{}, piece{}, archetype::load{}, out);
  scan_enter(s, plus<double>{}, std::vector<piece>{}, partial, so_far);
  scan_piece(s, scan_form<plus<double>>{}, piece{}, archetype::load{}, so_far, out);
  select_index(s, n, n, archetype::choice{}, count, column<archetype::load, double>{{}, out},
               column<own_index, index_t>{{}, count});
  { reduce_runs(s, ordered<plus<double>>{}, count, n, n, archetype::load{}, out) } -> std::same_as<work_left>;
  count_digits(s, n, n, own_index{}, digit_rule<std::uint32_t>{}, count);
  partition_index(s, n, n, archetype::choice{}, archetype::load{}, out, out, count);
  { multisplit_places(s, n, n) } -> std::same_as<index_t>;
  count_buckets(s, n, n, n, own_index{}, count, count);
  scatter_buckets(s, n, n, n, own_index{}, archetype::load{}, count, &out);
  sort_keys(s, total_order<double>{}, out, n);
  sort_pairs(s, total_order<double>{}, out, count, n);
  sort_indices(s, total_order<double>{}, out, n, count, n);
  merge_keys(s, total_order<double>{}, out, n, out, n, out);
  merge_pairs(s, total_order<double>{}, out, count, n, out, count, n, out, count);
  histogram_index(s, bin_rule{}, n, n, archetype::load{}, count);
  {
    start_groups(s, group_plan{}, n, n, archetype::load{}, archetype::load{}, true).count()
    } -> std::same_as<index_t>;
  {
    resolve_overflow(s, start_groups(s, group_plan{}, n, n, archetype::load{}, archetype::load{}, true))
    } -> std::same_as<bool>;
  read_records(s, merge_groups(s, group_plan{}, std::vector<record_run>{}), partial);
  read_groups(s, merge_groups(s, group_plan{}, std::vector<record_run>{}), group_column::key,
              archetype::decode{}, out);
};

}  // namespace prorata
