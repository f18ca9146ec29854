// Where sorted runs on many ranks have to be cut so that the pieces before a cut are exactly the first so
// many elements of all.
#pragma once

#include <numeric>
#include <prorata/exchange.hpp>
#include <prorata/total_order.hpp>

namespace prorata {

/// Elements of one rank that are in order already.
template <class T>
struct sorted_run {
  T const* data;
  index_t size;
};

namespace detail {

/// How many elements of a run lie before a key: one search for each key.
template <class T>
struct count_before {
  using key_type = typename total_order<T>::key_type;
  total_order<T> order;
  sorted_run<T> run;
  key_type const* keys;
  index_t* counts;

  PRORATA_HD void operator()(index_t k) const {
    index_t low = 0, high = run.size;
    while (low < high) {
      index_t const middle = low + (high - low) / 2;
      if (order.key(run.data[middle]) < keys[k]) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    counts[k] = low;
  }
};

/// The search for one cut: the key there, digit by digit, and how many elements of each run lie before it and
/// before the next.
template <class K>
struct cut_search {
  index_t place = 0;
  K key = 0;
  std::vector<index_t> below, upto;
  bool found = false;
};

inline constexpr int split_digit_bits = 8;
inline constexpr index_t split_keys = (index_t{1} << split_digit_bits) - 1;  // asked for in one round

/// Takes the next digit of a cut's key: the greatest that leaves no more than `place` elements before it.
///   told   before(j, run): how many elements of a run lie before the key with digit j, 1 ≤ j ≤ split_keys
template <class K, class Told>
void take_digit(cut_search<K>& cut, int shift, Told const& before) {
  auto const runs = static_cast<index_t>(cut.below.size());
  auto const total = [&](index_t j) {
    index_t sum = 0;
    for (index_t run = 0; run < runs; ++run) sum += before(j, run);
    return sum;
  };
  index_t low = 0, high = split_keys;  // digit 0 is known to do
  while (low < high) {
    index_t const middle = (low + high + 1) / 2;
    if (total(middle) <= cut.place) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  cut.key = static_cast<K>(cut.key | static_cast<K>(static_cast<K>(low) << shift));
  for (index_t run = 0; run < runs; ++run) {
    if (low > 0) cut.below[static_cast<std::size_t>(run)] = before(low, run);
    if (low < split_keys) cut.upto[static_cast<std::size_t>(run)] = before(low + 1, run);
  }
  cut.found = std::accumulate(cut.below.begin(), cut.below.end(), index_t{0}) == cut.place;
}

/// What is missing at the cut is taken from the elements equal to its key, from one run after the other.
template <class K>
std::vector<index_t> settle_ties(cut_search<K> const& cut) {
  std::vector<index_t> before = cut.below;
  index_t missing = cut.place - std::accumulate(before.begin(), before.end(), index_t{0});
  for (std::size_t run = 0; run < before.size() && missing > 0; ++run) {
    index_t const taken = std::min(missing, cut.upto[run] - cut.below[run]);
    before[run] += taken;
    missing -= taken;
  }
  return before;
}

}  // namespace detail

/// Cuts sorted runs at places of the merged whole: equal elements belong to the first run that has them, so
/// that merging in the order of the runs is stable.
///   shape    mine: `groups` runs for each local rank; places: growing, in [0, all elements]
///   returns  for each place, for each group, for each rank: how many of that run's elements come before it
///   example  runs 1 3 5 | 2 3 4, place 3 → 2 | 1: before it are 1 2 3
///   cost     a round for each 8 bits of a key, fewer when the cuts are found earlier: 255 searches per
///            place and run, and as many counts told to all
///   waits    for the answer
///   source   multisequence selection: Varman, Scheufler, Iyer, Ricard (1991), by the bits of the keys
template <class T, backend S>
std::vector<index_t> split_runs(team<S> const& team, total_order<T> order,
                                std::vector<sorted_run<T>> const& mine, int groups,
                                std::vector<index_t> const& places) {
  using K = typename total_order<T>::key_type;
  auto const ranks = static_cast<index_t>(team.ranks());
  auto const local = static_cast<index_t>(team.local_ranks());
  index_t const runs = groups * ranks;
  require(static_cast<index_t>(mine.size()) == groups * local, "split_runs: as many runs on each local rank");

  std::vector<index_t> sizes;
  for (auto const& run : mine) sizes.push_back(run.size);
  sizes = all_gather_to_host(team, sizes, groups);  // of each rank its groups
  std::vector<detail::cut_search<K>> cuts(places.size());
  for (std::size_t c = 0; c < cuts.size(); ++c) {
    cuts[c].place = places[c];
    cuts[c].below.assign(static_cast<std::size_t>(runs), 0);
    for (index_t run = 0; run < runs; ++run)
      cuts[c].upto.push_back(sizes[static_cast<std::size_t>(run % ranks * groups + run / ranks)]);
    if (cuts[c].place == std::accumulate(sizes.begin(), sizes.end(), index_t{0}))
      cuts[c].below = cuts[c].upto;
    cuts[c].found = std::accumulate(cuts[c].below.begin(), cuts[c].below.end(), index_t{0}) == cuts[c].place;
  }

  for (int shift = static_cast<int>(sizeof(K)) * 8 - detail::split_digit_bits; shift >= 0;
       shift -= detail::split_digit_bits) {
    std::vector<std::size_t> sought;
    std::vector<K> keys;
    for (std::size_t c = 0; c < cuts.size(); ++c) {
      if (cuts[c].found) continue;
      sought.push_back(c);
      for (index_t j = 1; j <= detail::split_keys; ++j)
        keys.push_back(static_cast<K>(cuts[c].key | static_cast<K>(static_cast<K>(j) << shift)));
    }
    if (sought.empty()) break;
    auto const asked = static_cast<index_t>(keys.size());

    // local work: every rank searches its runs
    drain_on_unwind const unwinding(team);
    std::vector<buffer<K, S>> pivots;
    std::vector<buffer<index_t, S>> counts;
    std::vector<index_t const*> counted;
    for (index_t k = 0; k < local; ++k) {
      S& stream = team.streams()[static_cast<std::size_t>(k)];
      pivots.emplace_back(stream, asked);
      counts.emplace_back(stream, asked * groups);
      counted.push_back(counts.back().data());
      stream.copy(pivots.back().data(), keys.data(), pivots.back().bytes());
      for (index_t g = 0; g < groups; ++g)
        for_each_index(stream, 0, asked,
                       detail::count_before<T>{order, mine[static_cast<std::size_t>(k * groups + g)],
                                               pivots.back().data(), counts.back().data() + g * asked});
    }
    // bytes: all counts to all
    auto const told = all_gather_to_host<index_t>(team, counted, asked * groups);
    team.sync();
    for (std::size_t k = 0; k < sought.size(); ++k)
      detail::take_digit(cuts[sought[k]], shift, [&](index_t j, index_t run) {
        index_t const at = (run % ranks * groups + run / ranks) * asked;
        return told[static_cast<std::size_t>(at + static_cast<index_t>(k) * detail::split_keys + j - 1)];
      });
  }
  std::vector<index_t> before;
  for (auto const& cut : cuts)
    for (index_t const b : detail::settle_ties(cut)) before.push_back(b);
  return before;
}

}  // namespace prorata
