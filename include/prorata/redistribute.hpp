// Moving an array to another partition: every element keeps its index and changes its rank.
#pragma once

#include <algorithm>
#include <prorata/exchange.hpp>
#include <prorata/finishing.hpp>

namespace prorata {

/// What each rank of `from` must give to each rank of `to` so that both hold the same array.
///   shape    ranks × ranks counts, row r: what rank r gives; they add up to n
///   example  cuts 0 6 10 → 0 3 10: rank 0 keeps 3 and gives 3 to rank 1, which keeps 4
inline std::vector<index_t> movement(partition const& from, partition const& to) {
  require(from.n == to.n, "two partitions of the same array have the same number of elements");
  std::vector<index_t> counts;
  for (int r = 0; r < from.ranks(); ++r)
    for (int q = 0; q < to.ranks(); ++q)
      counts.push_back(
          std::max<index_t>(0, std::min(from.end(r), to.end(q)) - std::max(from.begin(r), to.begin(q))));
  return counts;
}

/// The same elements under another partition of the same team.
///   cost    what stays on its rank is copied once, what moves is sent once; no staging
///   waits   for borrowed arrays; else the work is queued
///   throws  usage_error when sizes or ranks differ; out_of_memory
template <class T, backend S>
distributed_array<std::remove_const_t<T>, S> redistribute(distributed_array<T, S> const& x,
                                                          partition const& to) {
  using element = std::remove_const_t<T>;
  require(to.ranks() == x.team().ranks(),
          "redistribute: the partition has a range for every rank of the team");
  return detail::finishing(x)([&] {
    std::vector<element const*> send;
    for (auto const& p : x.parts()) send.push_back(p.data);
    return distributed_array<element, S>(x.team(), to,
                                         exchange<element>(x.team(), send, movement(x.partition(), to)));
  });
}

}  // namespace prorata
