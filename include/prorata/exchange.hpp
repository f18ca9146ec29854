// What algorithms say to each other between ranks: numbers for every process, elements for every rank.
#pragma once

#include <prorata/array.hpp>
#include <span>
#include <utility>
#include <vector>

namespace prorata {

/// Values that every rank computed on its device, known to every process.
///   shape   mine: per local rank, a device pointer to `per_rank` values → ranks · per_rank values, in rank
///           order
///   cost    one all_gather and one copy to the host
///   waits   for the values
///   throws  device_error, communication_error
template <class T, backend S>
std::vector<T> all_gather_to_host(team<S> const& team, std::span<T const* const> mine, index_t per_rank) {
  static_assert(std::is_trivially_copyable_v<T>);
  auto const ranks = static_cast<std::size_t>(team.ranks());
  auto const block = static_cast<std::size_t>(per_rank) * sizeof(T);
  std::vector<T> all(ranks * static_cast<std::size_t>(per_rank));
  if (all.empty()) return all;
  drain_on_unwind const unwinding(team);
  S& first = team.streams().front();
  if (team.ranks() == 1) {
    first.copy(all.data(), mine.front(), block);
    first.sync();
    return all;
  }
  std::vector<std::size_t> offsets;
  for (std::size_t r = 0; r <= ranks; ++r) offsets.push_back(r * block);
  std::vector<void const*> send(mine.begin(), mine.end());
  buffer<T, S> gathered(first, static_cast<index_t>(all.size()));
  std::vector<void*> receive(send.size(), nullptr);
  receive.front() = gathered.data();
  team.bytes().all_gather(team.streams(), send, receive, offsets);
  first.copy(all.data(), gathered.data(), offsets.back());
  team.sync();
  return all;
}

/// The same for values that are on the host already: mine holds per_rank values for each local rank.
template <class T, backend S>
std::vector<T> all_gather_to_host(team<S> const& team, std::vector<T> const& mine, index_t per_rank) {
  require(static_cast<index_t>(mine.size()) == per_rank * team.local_ranks(),
          "all_gather_to_host: as many values for each local rank");
  if (team.local_ranks() == team.ranks()) return mine;
  drain_on_unwind const unwinding(team);
  std::vector<buffer<T, S>> placed;
  std::vector<T const*> pointers;
  for (int k = 0; k < team.local_ranks(); ++k) {
    S& stream = team.streams()[static_cast<std::size_t>(k)];
    placed.emplace_back(stream, per_rank);
    pointers.push_back(placed.back().data());
    stream.copy(placed.back().data(), mine.data() + k * per_rank, placed.back().bytes());
  }
  return all_gather_to_host<T>(team, std::span<T const* const>(pointers), per_rank);
}

/// Values of which every rank has a number of its own, known to every process.
///   shape   mine: per local rank, a device pointer to its values; sizes: of every rank, the same on every
///           process → all values, in rank order
///   cost, waits, throws: as above
template <class T, backend S>
std::vector<T> all_gatherv_to_host(team<S> const& team, std::span<T const* const> mine,
                                   std::vector<index_t> const& sizes) {
  static_assert(std::is_trivially_copyable_v<T>);
  require(sizes.size() == static_cast<std::size_t>(team.ranks()),
          "all_gatherv_to_host: a size for every rank");
  std::vector<std::size_t> offsets{0};
  for (index_t const size : sizes)
    offsets.push_back(offsets.back() + static_cast<std::size_t>(size) * sizeof(T));
  std::vector<T> all(offsets.back() / sizeof(T));
  if (all.empty()) return all;
  drain_on_unwind const unwinding(team);
  S& first = team.streams().front();
  if (team.ranks() == 1) {
    first.copy(all.data(), mine.front(), offsets.back());
    first.sync();
    return all;
  }
  std::vector<void const*> const send(mine.begin(), mine.end());
  buffer<T, S> gathered(first, static_cast<index_t>(all.size()));
  std::vector<void*> receive(send.size(), nullptr);
  receive.front() = gathered.data();
  team.bytes().all_gather(team.streams(), send, receive, offsets);
  first.copy(all.data(), gathered.data(), offsets.back());
  team.sync();
  return all;
}

/// Sends elements between ranks: rank r gives counts[r · ranks + q] elements to rank q, from consecutive
/// places of send[r] in the order of q; they arrive one sender after another, in rank order.
///   shape   counts: ranks × ranks, the same on every process; send: a device pointer per local rank
///   cost    one all_to_all; every element is moved once, straight into its place
///   waits   no: what is sent stays until the ranks have been waited for
template <class T, backend S>
std::vector<buffer<T, S>> exchange(team<S> const& team, std::span<T const* const> send,
                                   std::vector<index_t> const& counts) {
  int const ranks = team.ranks();
  require(counts.size() == static_cast<std::size_t>(ranks) * static_cast<std::size_t>(ranks) &&
              send.size() == static_cast<std::size_t>(team.local_ranks()),
          "exchange: a count for every pair of ranks, a pointer for every local rank");
  std::vector<std::size_t> bytes;
  for (index_t const count : counts) bytes.push_back(static_cast<std::size_t>(count) * sizeof(T));
  std::vector<buffer<T, S>> received;
  std::vector<void*> receive;
  for (int k = 0; k < team.local_ranks(); ++k) {
    index_t size = 0;
    for (int r = 0; r < ranks; ++r)
      size += counts[static_cast<std::size_t>(r * ranks + team.first_local_rank() + k)];
    received.emplace_back(team.streams()[static_cast<std::size_t>(k)], size);
    receive.push_back(received.back().data());
  }
  std::vector<void const*> const from(send.begin(), send.end());
  team.bytes().all_to_all(team.streams(), from, receive, bytes, one_after_another(bytes, ranks));
  return received;
}

/// How many elements every rank has after an exchange.
inline partition partition_after(std::vector<index_t> const& counts, int ranks) {
  std::vector<index_t> sizes(static_cast<std::size_t>(ranks));
  for (std::size_t k = 0; k < counts.size(); ++k) sizes[k % sizes.size()] += counts[k];
  return partition_by_sizes(sizes);
}

}  // namespace prorata
