// Runs of equal neighbours: where each begins, how long it is, and of what, joined across ranks.
#pragma once

#include <prorata/half.hpp>
#include <prorata/select.hpp>
#include <prorata/transform.hpp>

namespace prorata {

/// Whether two elements are the same to runs, keys and distinct values: a == b, or both NaN.
struct same_value {
  template <class T>
  PRORATA_HD constexpr bool operator()(T const& a, T const& b) const {
    if constexpr (std::is_same_v<T, half>) {
      return (*this)(to_float(a), to_float(b));
    } else if constexpr (std::is_floating_point_v<T>) {
      return (a == b) | ((a != a) & (b != b));
    } else {
      return a == b;
    }
  }
};

/// Runs of an array, in order; a run belongs to the rank on which it begins.
///   invariant   all three arrays are cut alike; begins[k] + lengths[k] = begins[k + 1], or n
template <class T, backend S>
struct runs {
  distributed_array<T, S> values;  ///< the first element of each run
  distributed_array<index_t, S> begins, lengths;
};

namespace detail {

/// Element i differs from the one before it, both on this rank.
template <class T, class Same>
struct begins_run {
  T const* data;
  index_t begin;
  Same same;
  PRORATA_HD bool operator()(index_t i) const { return !same(data[i - begin - 1], data[i - begin]); }
  [[gnu::always_inline]] void prefetch(index_t first, index_t last, index_t bytes) const {
    element_load<identity, T>(identity{}, begin, data).prefetch(first, last, bytes);
  }
};

/// begins[k + 1] − begins[k]; the last run of the rank ends at `end`.
struct run_length_of {
  index_t const* begins;
  index_t last, end;
  PRORATA_HD index_t operator()(index_t k) const { return (k < last ? begins[k + 1] : end) - begins[k]; }
};

/// What every rank says of its first and last element.
template <class T>
struct edges {
  T first, last;
};

/// For each rank: whether a run begins with its first element.
template <class T, backend S, class Same>
std::vector<bool> ranks_that_begin_runs(distributed_array<T, S> const& x, Same const& same) {
  using element = std::remove_const_t<T>;
  std::vector<buffer<edges<element>, S>> mine;
  std::vector<edges<element> const*> pointers;
  std::vector<edges<element>> const nothing(1);  // outlives what copies it
  drain_on_unwind const unwinding(x.team());
  for (auto const& p : x.parts()) {
    mine.emplace_back(*p.stream, 1);
    auto* const both = reinterpret_cast<std::byte*>(mine.back().data());
    pointers.push_back(mine.back().data());
    if (p.size == 0) {
      p.stream->copy(both, nothing.data(), sizeof(edges<element>));
      continue;
    }
    p.stream->copy(both + offsetof(edges<element>, first), p.data, sizeof(element));
    p.stream->copy(both + offsetof(edges<element>, last), p.data + (p.size - 1), sizeof(element));
  }
  auto const told =
      all_gather_to_host<edges<element>>(x.team(), std::span<edges<element> const* const>(pointers), 1);
  std::vector<bool> result;
  element const* before = nullptr;
  for (int rank = 0; rank < x.partition().ranks(); ++rank) {
    bool const empty = x.partition().size(rank) == 0;
    auto const& here = told[static_cast<std::size_t>(rank)];
    result.push_back(!empty && (before == nullptr || !same(*before, here.first)));
    if (!empty) before = &here.last;
  }
  return result;
}

/// Where runs begin and of what they are, as every rank found its own; what every process knows of it.
template <class T, backend S>
struct found_runs {
  std::vector<buffer<T, S>> values;
  std::vector<buffer<index_t, S>> begins;
  partition cuts;                    // of the runs
  std::vector<index_t> first, last;  // where the first and last run of each rank begin, if it has any

  /// Takes over what every rank has told of its runs.
  void know(std::vector<rank_runs> const& told) {
    std::vector<index_t> sizes;
    for (rank_runs const& r : told) {
      sizes.push_back(r.count);
      first.push_back(r.first);
      last.push_back(r.last);
    }
    cuts = partition_by_sizes(sizes);
  }
  /// Whether the last run of a rank goes on behind the rank's elements.
  bool goes_on(int rank, partition const& elements) const {
    return cuts.size(rank) > 0 && end_of(rank, elements.n) > elements.end(rank);
  }
  /// Where the last run of a rank ends: where the next one begins, on whichever rank.
  index_t end_of(int rank, index_t n) const {
    for (int next = rank + 1; next < cuts.ranks(); ++next)
      if (cuts.size(next) > 0) return first[static_cast<std::size_t>(next)];
    return n;
  }
};

struct tell_runs {
  index_t const *count, *begins;
  index_t more;  // a run that was not counted, at the front
  rank_runs* to;
  PRORATA_HD void operator()(index_t) const {
    index_t const all = *count + more;
    *to = {all, all > 0 ? begins[0] : 0, all > 0 ? begins[all - 1] : 0};
  }
};

template <class T, backend S, class Same>
auto find_runs(distributed_array<T, S> const& x, Same const& same) {
  using element = std::remove_const_t<T>;
  auto const begins_here = ranks_that_begin_runs(x, same);
  found_runs<element, S> found;
  std::vector<buffer<index_t, S>> counts;
  std::vector<buffer<rank_runs, S>> mine;
  std::vector<rank_runs const*> pointers;
  for (std::size_t k = 0; k < x.parts().size(); ++k) {
    auto const& p = x.parts()[k];
    S& s = *p.stream;
    // The first element begins a run or does not: that is known. The others are compared with a neighbour.
    index_t const one = begins_here[static_cast<std::size_t>(p.rank)] ? 1 : 0;
    auto& values = found.values.emplace_back(s, p.size);
    auto& begins = found.begins.emplace_back(s, p.size);
    if (one == 1) {
      s.copy(values.data(), p.data, sizeof(element));
      transform_index(s, p.begin, p.begin + 1, own_index{}, begins.data());
    }
    index_t* const count = counts.emplace_back(s, 1).data();
    select_index(s, std::min(p.begin + 1, p.end()), p.end(), begins_run<element, Same>{p.data, p.begin, same},
                 count, column{load_of(identity{}, k, x), values.data() + one},
                 column{own_index{}, begins.data() + one});
    pointers.push_back(mine.emplace_back(s, 1).data());
    for_each_index(s, 0, 1, tell_runs{count, begins.data(), one, mine.back().data()});
  }
  found.know(all_gather_to_host<rank_runs>(x.team(), std::span<rank_runs const* const>(pointers), 1));
  for (std::size_t k = 0; k < found.values.size(); ++k) {
    index_t const kept = found.cuts.size(x.parts()[k].rank);
    shrink(found.values[k], kept);
    shrink(found.begins[k], kept);
  }
  return found;
}

}  // namespace detail

/// The runs of equal neighbours of x: for 7 7 2 2 2 7 the values 7 2 7, the begins 0 2 5, the lengths 2 3 1.
/// A run that straddles ranks is one run, on the rank where it begins.
///   shape   n elements over P ranks → r ≤ n runs over the same ranks
///   cost    reads x once, writes each run's value, begin and length; every rank tells two elements and three
///           numbers
///   waits   for the numbers; to the end for borrowed arrays
///   throws  out_of_memory
template <class T, backend S, class Same = same_value>
runs<std::remove_const_t<T>, S> run_lengths(distributed_array<T, S> const& x, Same same = {}) {
  return detail::finishing(x, same)([&] {
    auto found = detail::find_runs(x, same);
    std::vector<buffer<index_t, S>> lengths;
    for (std::size_t k = 0; k < found.values.size(); ++k) {
      auto const& p = x.parts()[k];
      index_t const count = found.cuts.size(p.rank);
      auto& here = lengths.emplace_back(*p.stream, count);
      transform_index(
          *p.stream, 0, count,
          detail::run_length_of{found.begins[k].data(), count - 1, found.end_of(p.rank, x.size())},
          here.data());
    }
    return runs<std::remove_const_t<T>, S>{{x.team(), found.cuts, std::move(found.values)},
                                           {x.team(), found.cuts, std::move(found.begins)},
                                           {x.team(), found.cuts, std::move(lengths)}};
  });
}

}  // namespace prorata
