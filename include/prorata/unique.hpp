// The distinct elements of an array, in order: how often each occurs, where first, and which one is where.
#pragma once

#include <prorata/run_length.hpp>
#include <prorata/sort.hpp>

namespace prorata {

/// The distinct elements of an array, ascending, how often each occurs, and the lowest index of each.
///   invariant  all are cut alike; x[first[k]] is values[k]
template <class T, backend S>
struct first_places {
  distributed_array<T, S> values;
  distributed_array<index_t, S> counts, first;
};

/// The same, and for every element of x, cut as x, which of the values it is: values[inverse[i]] is x[i].
template <class T, backend S>
struct distinct_elements : first_places<T, S> {
  distributed_array<index_t, S> inverse;
};

namespace detail {

template <class T, backend S>
distributed_array<std::remove_const_t<T>, S> representatives(distributed_array<T, S> const& x) {
  distributed_array<std::remove_const_t<T>, S> result(x.team(), x.partition());
  transform(result, representative{}, x);
  return result;
}

/// indices[begins[k]], both of one rank.
struct index_at_begin {
  index_t const *begins, *indices;
  index_t begin;
  PRORATA_HD index_t operator()(index_t k) const { return indices[begins[k] - begin]; }
};

/// Positions that one call numbers: one search for the run they begin in, then a walk.
inline constexpr index_t numbered_together = 256;

/// Tells the elements of a sorted part the number of their run: to(position in the part, number).
template <class To>
struct number_runs {
  index_t const* begins;
  index_t runs;    // that begin on this rank
  index_t before;  // that begin on earlier ones
  index_t begin, size;
  To to;

  PRORATA_HD void operator()(index_t block) const {
    index_t const first = block * numbered_together;
    index_t const last = first + numbered_together < size ? first + numbered_together : size;
    index_t low = 0, high = runs;  // runs that begin at or before `first`
    while (low < high) {
      index_t const middle = (low + high) / 2;
      if (begins[middle] - begin <= first) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    for (index_t j = first; j < last; ++j) {
      if (low < runs && begins[low] - begin == j) ++low;
      to(j, before + low - 1);
    }
  }
};
template <class To>
number_runs(index_t const*, index_t, index_t, index_t, index_t, To) -> number_runs<To>;

struct scatter_number {
  index_t const* indices;
  index_t* out;
  PRORATA_HD void operator()(index_t j, index_t number) const { out[indices[j]] = number; }
};
struct store_number {
  index_t* out;
  PRORATA_HD void operator()(index_t j, index_t number) const { out[j] = number; }
};
struct scatter_pair {
  index_t const *indices, *numbers;
  index_t* out;
  index_t begin;
  PRORATA_HD void operator()(index_t j) const { out[indices[j] - begin] = numbers[j]; }
};
/// How many of the ascending indices lie below each cut.
struct count_below_cut {
  index_t const *indices, *cuts;
  index_t size;
  index_t* counts;
  PRORATA_HD void operator()(index_t k) const {
    index_t low = 0, high = size;
    while (low < high) {
      index_t const middle = (low + high) / 2;
      if (indices[middle] < cuts[k]) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    counts[k] = low;
  }
};

/// inverse[indices[j]] = the number of the run that sorted position j belongs to.
template <class T, backend S>
distributed_array<index_t, S> inverse_of(found_runs<T, S> const& found,
                                         distributed_array<index_t, S>& indices) {
  auto const& team = indices.team();
  auto const& cuts = indices.partition();
  distributed_array<index_t, S> inverse(team, cuts);
  auto const number = [&](std::size_t k, auto const& to) {
    auto const& p = indices.parts()[k];
    for_each_index(*p.stream, 0, (p.size + numbered_together - 1) / numbered_together,
                   number_runs{found.begins[k].data(), found.cuts.size(p.rank), found.cuts.begin(p.rank),
                               p.begin, p.size, to});
  };
  if (team.ranks() == 1) {
    number(0, scatter_number{indices.parts()[0].data, inverse.parts()[0].data});
    return inverse;
  }
  // local work: numbers in the order of the indices, so that what goes to one rank lies together
  drain_on_unwind const unwinding(team);
  auto const ranks = static_cast<std::size_t>(team.ranks());
  std::vector<buffer<index_t, S>> numbers, edges, below;
  std::vector<index_t const*> told, my_indices, my_numbers;
  for (std::size_t k = 0; k < indices.parts().size(); ++k) {
    auto const& p = indices.parts()[k];
    S& s = *p.stream;
    index_t* const mine = numbers.emplace_back(s, p.size).data();
    number(k, store_number{mine});
    sort_pairs(s, total_order<index_t>(), p.data, mine, p.size);
    edges.emplace_back(s, static_cast<index_t>(ranks) + 1);
    s.copy(edges.back().data(), cuts.cuts.data(), edges.back().bytes());
    told.push_back(below.emplace_back(s, static_cast<index_t>(ranks) + 1).data());
    for_each_index(s, 0, static_cast<index_t>(ranks) + 1,
                   count_below_cut{p.data, edges.back().data(), p.size, below.back().data()});
    my_indices.push_back(p.data);
    my_numbers.push_back(mine);
  }
  auto const all = all_gather_to_host<index_t>(team, std::span<index_t const* const>(told),
                                               static_cast<index_t>(ranks) + 1);
  std::vector<index_t> counts;
  for (std::size_t r = 0; r < ranks; ++r)
    for (std::size_t q = 0; q < ranks; ++q)
      counts.push_back(all[r * (ranks + 1) + q + 1] - all[r * (ranks + 1) + q]);
  // bytes
  auto const got_indices = exchange<index_t>(team, std::span<index_t const* const>(my_indices), counts);
  auto const got_numbers = exchange<index_t>(team, std::span<index_t const* const>(my_numbers), counts);
  // local work
  for (std::size_t k = 0; k < inverse.parts().size(); ++k) {
    auto const& p = inverse.parts()[k];
    for_each_index(*p.stream, 0, p.size,
                   scatter_pair{got_indices[k].data(), got_numbers[k].data(), p.data, p.begin});
  }
  team.sync();
  return inverse;
}

}  // namespace detail

/// The distinct elements of x, ascending. −0 counts as +0 and every NaN as one, the last, as in numpy.unique.
///   shape   n elements over P ranks → m ≤ n elements over the same ranks
///   cost    a copy of x, sorted, and one more read of it
///   waits   as sort, and for the counts
///   throws  out_of_memory
template <class T, backend S>
distributed_array<std::remove_const_t<T>, S> unique(distributed_array<T, S> const& x) {
  return detail::finishing(x)([&] {
    auto sorted = detail::representatives(x);
    sort(sorted);
    auto found = detail::find_runs(sorted, same_value{});
    return distributed_array<std::remove_const_t<T>, S>(x.team(), std::move(found.cuts),
                                                        std::move(found.values));
  });
}

/// The same, and how often each occurs: for 3 1 3 the values 1 3 and the lengths 1 2. Of the runs only begins
/// within the sorted array are known, not indices of x.
template <class T, backend S>
runs<std::remove_const_t<T>, S> unique_counts(distributed_array<T, S> const& x) {
  return detail::finishing(x)([&] {
    auto sorted = detail::representatives(x);
    sort(sorted);
    return run_lengths(sorted);
  });
}

namespace detail {
template <class T, backend S>
struct distinct_found {
  found_runs<T, S> runs;
  distributed_array<index_t, S> indices;  // that sort the array
  std::vector<buffer<index_t, S>> counts, first;
};

template <class T, backend S>
distinct_found<std::remove_const_t<T>, S> find_distinct(distributed_array<T, S> const& x) {
  auto sorted = representatives(x);
  distributed_array<index_t, S> indices(x.team(), x.partition());
  generate(indices, own_index{});
  sort_by_key(sorted, indices);
  distinct_found<std::remove_const_t<T>, S> found{
      find_runs(sorted, same_value{}), std::move(indices), {}, {}};
  for (std::size_t k = 0; k < found.runs.values.size(); ++k) {
    auto const& p = found.indices.parts()[k];
    index_t const count = found.runs.cuts.size(p.rank);
    index_t const* const begins = found.runs.begins[k].data();
    found.counts.emplace_back(*p.stream, count);
    transform_index(*p.stream, 0, count,
                    run_length_of{begins, count - 1, found.runs.end_of(p.rank, x.size())},
                    found.counts.back().data());
    found.first.emplace_back(*p.stream, count);
    transform_index(*p.stream, 0, count, index_at_begin{begins, p.data, p.begin}, found.first.back().data());
  }
  return found;
}
}  // namespace detail

/// The distinct elements of x, how often and where first each occurs.
///   cost    a copy of x sorted with its indices
///   waits, throws, and what is distinct: as unique
template <class T, backend S>
first_places<std::remove_const_t<T>, S> unique_index(distributed_array<T, S> const& x) {
  return detail::finishing(x)([&] {
    auto found = detail::find_distinct(x);
    auto const& cuts = found.runs.cuts;
    return first_places<std::remove_const_t<T>, S>{{x.team(), cuts, std::move(found.runs.values)},
                                                   {x.team(), cuts, std::move(found.counts)},
                                                   {x.team(), cuts, std::move(found.first)}};
  });
}

/// The same, and for every element of x which of them it is.
///   cost    over several ranks, 16 bytes an element sorted and sent once more for the inverse
template <class T, backend S>
distinct_elements<std::remove_const_t<T>, S> unique_all(distributed_array<T, S> const& x) {
  return detail::finishing(x)([&] {
    auto found = detail::find_distinct(x);
    auto inverse = detail::inverse_of(found.runs, found.indices);
    auto const& cuts = found.runs.cuts;
    return distinct_elements<std::remove_const_t<T>, S>{{{x.team(), cuts, std::move(found.runs.values)},
                                                         {x.team(), cuts, std::move(found.counts)},
                                                         {x.team(), cuts, std::move(found.first)}},
                                                        std::move(inverse)};
  });
}

}  // namespace prorata
