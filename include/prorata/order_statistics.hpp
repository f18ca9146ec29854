// The elements that would stand at given places if an array were sorted, without sorting it.
#pragma once

#include <optional>
#include <prorata/rank_search.hpp>
#include <prorata/select.hpp>
#include <prorata/total_order.hpp>

namespace prorata {

namespace detail {

/// The place of an element in an order, as an integer.
template <class T>
struct key_in {
  total_order<T> order;
  PRORATA_HD auto operator()(T const& x) const { return order.key(x); }
};

/// Keys that the device holds already.
template <class K>
struct kept_keys {
  K const* data;
  PRORATA_HD K operator()(index_t i) const { return data[i]; }
};

template <class K, class Load>
struct in_question {
  digit_rule<K> rule;
  Load load;
  PRORATA_HD bool operator()(index_t i) const { return rule.slot(load(i)) >= 0; }
};

/// The list of prefixes on every local rank's device.
template <class K, backend S>
std::vector<buffer<K, S>> placed(team<S> const& team, std::vector<K> const& list) {
  std::vector<buffer<K, S>> result;
  for (S& s : team.streams()) {
    result.emplace_back(s, static_cast<index_t>(list.size()));
    s.copy(result.back().data(), list.data(), result.back().bytes());
  }
  return result;
}

/// Runs rounds of a search over the keys that `loads` read on each local rank, until it is done, or until
/// `enough(search)` holds.
template <class K, backend S, class Load, class Enough>
void search_ranks(team<S> const& team, rank_search<K>& search, std::vector<Load> const& loads,
                  std::vector<std::pair<index_t, index_t>> const& ranges, Enough const& enough) {
  while (!search.done() && !enough(search)) {
    auto const list = search.prefixes();  // outlives what reads it
    drain_on_unwind const unwinding(team);
    auto const prefixes = placed(team, list);
    std::vector<buffer<index_t, S>> counts;
    std::vector<index_t const*> mine;
    index_t const slots = search.rule(nullptr).slots();
    for (std::size_t k = 0; k < loads.size(); ++k) {
      S& s = team.streams()[k];
      mine.push_back(counts.emplace_back(s, slots).data());
      count_digits(s, ranges[k].first, ranges[k].second, loads[k], search.rule(prefixes[k].data()),
                   counts.back().data());
    }
    search.take(all_gather_to_host<index_t>(team, std::span<index_t const* const>(mine), slots));
    team.sync();
  }
}

/// Finds the keys at the given ranks among `total` keys: on local rank k those of ranges[k], by loads[k].
///   returns  the search when it is done: keys, and for each rank of the team how many are less and equal
template <class K, backend S, class Load>
rank_search<K> search_keys(team<S> const& team, std::vector<Load> const& loads,
                           std::vector<std::pair<index_t, index_t>> const& ranges, index_t total,
                           std::vector<index_t> const& ranks) {
  rank_search<K> search(ranks, static_cast<std::size_t>(team.ranks()));
  auto const mine = [&](std::size_t k) {
    return search.in_question(static_cast<std::size_t>(team.first_local_rank()) + k);
  };
  bool first = true;
  search_ranks(team, search, loads, ranges, [&](rank_search<K> const& so_far) {
    if (std::exchange(first, false)) return false;
    index_t left = 0;
    for (int rank = 0; rank < team.ranks(); ++rank)
      left += so_far.in_question(static_cast<std::size_t>(rank));
    return left <= total / 8;
  });
  if (search.done()) return search;

  // Few keys are left: every rank keeps its own, and the rest of the search reads nothing else.
  auto const list = search.prefixes();
  drain_on_unwind const unwinding(team);
  auto const prefixes = placed(team, list);
  std::vector<buffer<K, S>> kept;
  std::vector<buffer<index_t, S>> counts;
  std::vector<kept_keys<K>> kept_loads;
  std::vector<std::pair<index_t, index_t>> kept_ranges;
  for (std::size_t k = 0; k < loads.size(); ++k) {
    S& s = team.streams()[k];
    kept.emplace_back(s, mine(k));
    counts.emplace_back(s, 1);
    select_index(s, ranges[k].first, ranges[k].second,
                 in_question<K, Load>{search.candidates(prefixes[k].data()), loads[k]}, counts.back().data(),
                 column{loads[k], kept.back().data()});
    kept_loads.push_back({kept.back().data()});
    kept_ranges.emplace_back(0, mine(k));
  }
  search_ranks(team, search, kept_loads, kept_ranges, [](rank_search<K> const&) { return false; });
  team.sync();
  return search;
}

/// The same for the elements of an array.
template <class T, backend S>
auto search_order(distributed_array<T, S> const& x, total_order<std::remove_const_t<T>> order,
                  std::vector<index_t> const& ranks) {
  using element = std::remove_const_t<T>;
  using load_type = decltype(load_of(key_in<element>{order}, 0, x));
  std::vector<load_type> loads;
  std::vector<std::pair<index_t, index_t>> ranges;
  for (std::size_t k = 0; k < x.parts().size(); ++k) {
    loads.push_back(load_of(key_in<element>{order}, k, x));
    ranges.emplace_back(x.parts()[k].begin, x.parts()[k].end());
  }
  return search_keys<typename total_order<element>::key_type>(x.team(), loads, ranges, x.size(), ranks);
}

}  // namespace detail

/// The elements that would stand at the given places if x were sorted: nth_elements(x, {0}) is the least.
///   shape   n elements over P ranks, places in [0, n) → as many elements, the same on every process
///   order   total_order<T>: −0 before +0, NaNs last in both directions
///   cost    one read of x to count keys by their leading 11 bits, one to keep those still in question (about
///           one in a thousand of scattered keys); more where keys share long prefixes, ⌈bits / 11⌉ reads at
///           most. Sends 16 KiB of counts a rank and round, and no element
///   waits   for each round
///   throws  usage_error (a place outside the array), out_of_memory
///   source  radix select, as in Alabi et al., Fast k-selection algorithms for GPUs (2012)
template <class T, backend S>
std::vector<std::remove_const_t<T>> nth_elements(distributed_array<T, S> const& x,
                                                 std::vector<index_t> const& places,
                                                 direction d = direction::ascending) {
  using element = std::remove_const_t<T>;
  for (index_t const place : places)
    require(0 <= place && place < x.size(), "nth_elements: place " + std::to_string(place) +
                                                " lies outside an array of " + std::to_string(x.size()));
  return detail::finishing(x)([&] {
    std::vector<element> result;
    if (places.empty()) return result;
    total_order<element> const order(d);
    auto const search = detail::search_order(x, order, places);
    for (auto const& target : search.found()) result.push_back(order.value(target.key));
    return result;
  });
}

}  // namespace prorata
