// One array over many devices: a partition and a piece of memory on each of this process's ranks.
#pragma once

#include <algorithm>
#include <prorata/buffer.hpp>
#include <prorata/partition.hpp>
#include <prorata/team.hpp>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace prorata {

/// One rank's share of an array: elements [begin, begin + size) of it, on the rank's device. `data` is a
/// plain device pointer: it goes into kernels, Thrust and CUB as it is.
template <class T, backend S>
struct part {
  S* stream;
  int rank;
  index_t begin;
  index_t size;
  T* data;

  index_t end() const { return begin + size; }
};

/// Asks for an array of the caller's memory whose verbs may return before their work is done, as those of
/// arrays that own theirs do.
struct asynchronous_t {};
inline constexpr asynchronous_t asynchronous;

/// n elements over the ranks of a team, cut by a partition. It owns its memory, or borrows the caller's.
/// It calls no algorithm and sends no byte.
///   verbs   return when they are done with borrowed memory, which may then be read, changed and freed, also
///           after an exception. Work on memory that arrays own is queued: it is done after team().sync()
///   needs   borrowed memory outlives the array; where it was borrowed to be used asynchronously, team().sync()
///           before anybody else uses or frees it
template <class T, backend S>
class distributed_array {
 public:
  using value_type = T;
  using stream_type = S;

  /// Uninitialised elements, one block of memory per local rank.
  ///   throws  usage_error when the partition has another number of ranks than the team; out_of_memory
  distributed_array(prorata::team<S> team, prorata::partition cuts)
      : team_(std::move(team)), partition_(std::move(cuts)) {
    check_ranks();
    for (int k = 0; k < team_.local_ranks(); ++k) {
      int const rank = team_.first_local_rank() + k;
      S& stream = team_.streams()[static_cast<std::size_t>(k)];
      owned_.emplace_back(stream, partition_.size(rank));
      parts_.push_back({&stream, rank, partition_.begin(rank), partition_.size(rank), owned_.back().data()});
    }
  }

  /// Takes over memory that an algorithm filled: one buffer per local rank, at least as long as its share.
  distributed_array(prorata::team<S> team, prorata::partition cuts,
                    std::vector<buffer<std::remove_const_t<T>, S>> filled)
      : team_(std::move(team)), partition_(std::move(cuts)), owned_(std::move(filled)) {
    check_ranks();
    require(owned_.size() == static_cast<std::size_t>(team_.local_ranks()),
            "an array takes over one buffer per local rank");
    for (int k = 0; k < team_.local_ranks(); ++k) {
      int const rank = team_.first_local_rank() + k;
      auto const& memory = owned_[static_cast<std::size_t>(k)];
      require(memory.size() >= partition_.size(rank), "an array's buffers hold at least its shares");
      parts_.push_back({&team_.streams()[static_cast<std::size_t>(k)], rank, partition_.begin(rank),
                        partition_.size(rank), memory.data()});
    }
  }

  /// A view of the caller's own memory: one pointer per local rank, to as many elements as its share. The
  /// pieces may be cut anywhere, not only between tiles.
  distributed_array(prorata::team<S> team, prorata::partition cuts, std::span<T* const> pieces)
      : distributed_array(asynchronous, std::move(team), std::move(cuts), pieces) {
    borrowed_ = true;
  }

  /// The same, for verbs that return at once.
  distributed_array(asynchronous_t, prorata::team<S> team, prorata::partition cuts,
                    std::span<T* const> pieces)
      : team_(std::move(team)), partition_(std::move(cuts)) {
    check_ranks();
    require(pieces.size() == static_cast<std::size_t>(team_.local_ranks()),
            "a borrowed array: one pointer per local rank");
    for (int k = 0; k < team_.local_ranks(); ++k) {
      int const rank = team_.first_local_rank() + k;
      parts_.push_back({&team_.streams()[static_cast<std::size_t>(k)], rank, partition_.begin(rank),
                        partition_.size(rank), pieces[static_cast<std::size_t>(k)]});
    }
  }

  index_t size() const { return partition_.n; }
  prorata::partition const& partition() const { return partition_; }
  prorata::team<S> const& team() const { return team_; }

  /// The shares of this process's ranks, in rank order.
  std::span<part<T, S> const> parts() const { return parts_; }

  /// Whether verbs return only when they are done with this memory.
  bool borrowed() const { return borrowed_; }

 private:
  void check_ranks() const {
    require(partition_.ranks() == team_.ranks(), "the partition has " + std::to_string(partition_.ranks()) +
                                                     " ranks, the team " + std::to_string(team_.ranks()));
  }

  prorata::team<S> team_;
  prorata::partition partition_;
  std::vector<buffer<std::remove_const_t<T>, S>> owned_;
  std::vector<part<T, S>> parts_;
  bool borrowed_ = false;
};

/// n uninitialised elements, shared equally by the team, or by weight.
///   shape   weights: one finite number ≥ 0 per rank
template <class T, backend S>
distributed_array<T, S> make_array(team<S> const& team, index_t n, std::span<double const> weights = {}) {
  std::vector<double> const equal(static_cast<std::size_t>(team.ranks()), 1.0);
  return {team, partition_by_weights(n, weights.empty() ? std::span<double const>(equal) : weights)};
}

namespace detail {
/// Where each rank's stretch of a process's memory begins.
template <class T, backend S>
std::vector<T*> stretches(team<S> const& team, std::span<T> memory, partition const& cuts) {
  require(cuts.n == static_cast<index_t>(memory.size()), "borrow: the partition covers the memory exactly");
  require(team.local_ranks() == team.ranks(),
          "borrow: a span belongs to one process; pass one pointer per rank instead");
  std::vector<T*> pieces;
  for (int rank = 0; rank < cuts.ranks(); ++rank) pieces.push_back(memory.data() + cuts.begin(rank));
  return pieces;
}

inline partition equal_shares(std::size_t n, int ranks) {
  return partition_by_weights(static_cast<index_t>(n),
                              std::vector<double>(static_cast<std::size_t>(ranks), 1.0));
}
}  // namespace detail

/// A view of memory that every local rank of a one-process team can read, such as a std::vector under a host
/// team: each rank works on its own stretch of it. Verbs are done with it when they return.
template <class T, backend S>
distributed_array<T, S> borrow(team<S> const& team, std::span<T> memory, partition cuts) {
  auto const pieces = detail::stretches(team, memory, cuts);
  return {team, std::move(cuts), pieces};
}
template <class T, backend S>
distributed_array<T, S> borrow(team<S> const& team, std::span<T> memory) {
  return borrow(team, memory, detail::equal_shares(memory.size(), team.ranks()));
}

/// The same view for verbs that return at once: team.sync() before the memory is used or freed.
template <class T, backend S>
distributed_array<T, S> borrow_async(team<S> const& team, std::span<T> memory, partition cuts) {
  auto const pieces = detail::stretches(team, memory, cuts);
  return {asynchronous, team, std::move(cuts), pieces};
}
template <class T, backend S>
distributed_array<T, S> borrow_async(team<S> const& team, std::span<T> memory) {
  return borrow_async(team, memory, detail::equal_shares(memory.size(), team.ranks()));
}

/// Copies host memory into the local parts of x: element i of x is from[i].
///   waits   until `from` has been read
template <class T, backend S>
void copy_in(distributed_array<T, S>& x, std::span<T const> from) {
  require(static_cast<index_t>(from.size()) == x.size(), "copy_in: the sizes differ");
  drain_on_unwind const unwinding(x.team());
  for (auto const& p : x.parts())
    p.stream->copy(p.data, from.data() + p.begin, static_cast<std::size_t>(p.size) * sizeof(T));
  x.team().sync();
}

/// Copies the local parts of x to host memory: to[i] is element i of x.
///   waits   until `to` is written
template <class T, backend S>
void copy_out(distributed_array<T, S> const& x, std::span<std::remove_const_t<T>> to) {
  require(static_cast<index_t>(to.size()) == x.size(), "copy_out: the sizes differ");
  drain_on_unwind const unwinding(x.team());
  for (auto const& p : x.parts())
    p.stream->copy(to.data() + p.begin, p.data, static_cast<std::size_t>(p.size) * sizeof(T));
  x.team().sync();
}

}  // namespace prorata
