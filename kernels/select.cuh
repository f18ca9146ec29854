// Keeping some elements, in order, on the GPU: CUB's DeviceSelect and DevicePartition behind our verbs.
#pragma once

#include <thrust/iterator/counting_iterator.h>
#include <thrust/iterator/discard_iterator.h>
#include <thrust/iterator/tabulate_output_iterator.h>
#include <thrust/iterator/transform_iterator.h>

#include <cub/device/device_partition.cuh>
#include <cub/device/device_select.cuh>
#include <kernels/temporary.cuh>
#include <prorata/column.hpp>

namespace prorata::cuda {

namespace detail {

/// load(i), in the type it is written as.
template <class Load, class T>
struct converted_load {
  Load load;
  PRORATA_HD T operator()(index_t i) const { return static_cast<T>(load(i)); }
};
template <class Keep>
struct flag_load {
  Keep keep;
  PRORATA_HD bool operator()(index_t i) const { return static_cast<bool>(keep(i)); }
};
struct always {
  PRORATA_HD bool operator()(index_t) const { return true; }
};

/// The columns of one selection: element i, the k-th that is kept, goes to place k of each.
template <class... Column>
struct column_writer;
template <>
struct column_writer<> {
  PRORATA_HD void operator()(index_t, index_t) const {}
};
template <class Column, class... More>
struct column_writer<Column, More...> {
  Column first;
  column_writer<More...> more;
  PRORATA_HD void operator()(index_t k, index_t i) const {
    if (k < limit_of(first))
      first.out[k] = static_cast<std::remove_reference_t<decltype(*first.out)>>(first.load(i));
    more(k, i);
  }
};
inline column_writer<> writer_of() { return {}; }
template <class Column, class... More>
column_writer<Column, More...> writer_of(Column const& first, More const&... more) {
  return {first, writer_of(more...)};
}

/// Whether a column has no limit.
template <class Column>
inline constexpr bool takes_all = false;
template <class Load, class T>
inline constexpr bool takes_all<column<Load, T>> = true;

template <class F>
auto indexed(index_t begin, F const& f) {
  return thrust::make_transform_iterator(thrust::counting_iterator<index_t>(begin), f);
}

struct pair_of_counts {
  index_t kept, rest;
};

/// CUB is not asked about nothing.
inline void count_none(stream& s, index_t* count) {
  static constexpr index_t none = 0;
  s.copy(count, &none, sizeof none);
}
}  // namespace detail

/// Queues  out[k] = load(i) for the k-th index i of [begin, end) for which keep(i) holds, for every column
/// or first_column, and *count = how many there are. Columns are apart from what keep and load read; out has
/// room for all it may get.
///   cost  one pass (Merrill and Garland's look-back); of one column the values travel through it, of several
///         the indices, and what a tile loads again comes from cache
template <class Keep, class... Column>
void select_index(stream& s, index_t begin, index_t end, Keep keep, index_t* count, Column... columns) {
  if (begin >= end) return detail::count_none(s, count);
  index_t const n = end - begin;
  detail::flag_load<Keep> const flag{keep};
  with_temporary(s, [&](void* memory, std::size_t& bytes) {
    if constexpr (sizeof...(columns) == 1 && (detail::takes_all<Column> && ...)) {
      auto const only = [](auto const& c) { return c; }(columns...);
      using value = std::remove_reference_t<decltype(*only.out)>;
      detail::converted_load<decltype(only.load), value> const load{only.load};
      return cub::DeviceSelect::Flagged(memory, bytes, detail::indexed(begin, load),
                                        detail::indexed(begin, flag), only.out, count, n, s.native());
    } else {
      return cub::DeviceSelect::If(memory, bytes, thrust::counting_iterator<index_t>(begin),
                                   thrust::make_tabulate_output_iterator(detail::writer_of(columns...)),
                                   count, n, flag, s.native());
    }
  });
}

/// Queues the same for one column, and the others too: load(i) of the indices for which keep(i) does not hold
/// goes to `rest`, in order.
///   cost  one pass
template <class Keep, class Load, class T>
void partition_index(stream& s, index_t begin, index_t end, Keep keep, Load load, T* kept, T* rest,
                     index_t* count) {
  if (begin >= end) return detail::count_none(s, count);
  index_t const n = end - begin;
  detail::flag_load<Keep> const flag{keep};
  // CUB counts both parts, side by side.
  auto* const both = static_cast<index_t*>(s.allocate(sizeof(detail::pair_of_counts)));
  with_temporary(s, [&](void* memory, std::size_t& bytes) {
    return cub::DevicePartition::If(
        memory, bytes, thrust::counting_iterator<index_t>(begin),
        thrust::make_tabulate_output_iterator(detail::writer_of(column<Load, T>{load, kept})),
        thrust::make_tabulate_output_iterator(detail::writer_of(column<Load, T>{load, rest})),
        thrust::make_discard_iterator(), both, n, flag, detail::always{}, s.native());
  });
  s.copy(count, both, sizeof *count);
  s.deallocate(both, sizeof(detail::pair_of_counts));
}

}  // namespace prorata::cuda
