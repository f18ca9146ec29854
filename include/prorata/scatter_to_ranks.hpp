// Scattering elements to ranks: counted first, then written where they belong, or sent there in chunks.
#pragma once

#include <algorithm>
#include <prorata/elements.hpp>
#include <prorata/relay.hpp>

namespace prorata::detail {

/// One local rank's elements: chunk by chunk counted, then scattered.
template <class BucketOf, class Load, class T, backend S>
class rank_scatter {
 public:
  /// Queues the counting of every chunk.
  rank_scatter(S& stream, std::vector<index_t> cuts, int ranks, BucketOf bucket_of, Load load)
      : stream_(&stream), cuts_(std::move(cuts)), ranks_(ranks), bucket_of_(bucket_of), load_(load) {
    auto const chunks = cuts_.size() - 1;
    for (std::size_t c = 0; c < chunks; ++c)
      starts_.push_back(starts_[c] + multisplit_places(stream, cuts_[c + 1] - cuts_[c], ranks_));
    places_ = buffer<index_t, S>(stream, starts_.back());
    counts_ = buffer<index_t, S>(stream, static_cast<index_t>(chunks) * ranks_);
    for (std::size_t c = 0; c < chunks; ++c)
      count_buckets(stream, cuts_[c], cuts_[c + 1], ranks_, bucket_of_, places_.data() + starts_[c],
                    counts_.data() + static_cast<index_t>(c) * ranks_);
  }

  /// Of each chunk, how many elements go to each rank.
  index_t const* counts() const { return counts_.data(); }

  /// Says where each chunk's elements for each rank go. `to` must stay until the stream has been waited for.
  void aim(std::vector<T*> const& to) {
    targets_ = buffer<T*, S>(*stream_, static_cast<index_t>(to.size()));
    stream_->copy(targets_.data(), to.data(), targets_.bytes());
  }

  void scatter(index_t chunk) const {
    auto const c = static_cast<std::size_t>(chunk);
    if (cuts_[c] == cuts_[c + 1]) return;
    scatter_buckets(*stream_, cuts_[c], cuts_[c + 1], ranks_, bucket_of_, load_, places_.data() + starts_[c],
                    targets_.data() + chunk * ranks_);
  }

 private:
  S* stream_;
  std::vector<index_t> cuts_, starts_{0};
  index_t ranks_;
  BucketOf bucket_of_;
  Load load_;
  buffer<index_t, S> places_, counts_;
  buffer<T*, S> targets_;
};

template <class F, class T>
struct rank_of_element {
  F rule;
  T const* data;
  index_t begin;
  PRORATA_HD index_t operator()(index_t i) const { return static_cast<index_t>(rule(data[i - begin], i)); }
};

/// Every stream goes on when all have come this far.
template <backend S>
void join_streams(std::span<S> streams) {
  S& first = streams.front();
  for (S& s : streams.subspan(1)) first.wait(s.record());
  auto const together = first.record();
  for (S& s : streams.subspan(1)) s.wait(together);
}

/// Every element to the rank that a rule names; rule_of(k) is local rank k's rule, with pointers to what lies
/// on its device. Senders stay in rank order and elements in theirs.
///   chunk   how many elements a rank scatters before they travel; 0: every rank writes to where they belong
///   memory  beside array and result two chunks per rank, or none; and 8 bytes per rank for every 2^16
///           elements (host) or 2^10 (GPU)
template <class T, backend S, class RuleOf>
distributed_array<std::remove_const_t<T>, S> scatter_to_ranks(distributed_array<T, S> const& x,
                                                              RuleOf const& rule_of, index_t chunk) {
  using element = std::remove_const_t<T>;
  using bucket_of = rank_of_element<std::remove_cvref_t<decltype(rule_of(0))>, element>;
  using load = decltype(load_of(identity{}, 0, x));
  auto const& team = x.team();
  int const ranks = team.ranks();
  bool const travel = chunk > 0;
  index_t longest = 1;
  for (int r = 0; r < ranks; ++r) longest = std::max(longest, x.partition().size(r));
  if (!travel || chunk > longest) chunk = longest;
  index_t const chunks = (longest + chunk - 1) / chunk;

  // local work: every rank counts
  std::vector<rank_scatter<bucket_of, load, element, S>> scatters;
  std::vector<index_t const*> counts;
  for (std::size_t k = 0; k < x.parts().size(); ++k) {
    auto const& p = x.parts()[k];
    std::vector<index_t> cuts;
    for (index_t c = 0; c <= chunks; ++c) cuts.push_back(p.begin + std::min(c * chunk, p.size));
    scatters.emplace_back(*p.stream, std::move(cuts), ranks, bucket_of{rule_of(k), p.data, p.begin},
                          load_of(identity{}, k, x));
    counts.push_back(scatters.back().counts());
  }

  // bytes: all counts to all
  deal_plan const plan(
      ranks, chunks,
      all_gather_to_host<index_t>(team, std::span<index_t const* const>(counts), chunks * ranks));
  distributed_array<element, S> result(team, plan.after());

  // local work and bytes: every rank scatters, and what has to travel does so meanwhile
  std::vector<std::vector<element*>> targets;
  drain_on_unwind const unwinding(team);  // ranks write into each other's parts of the result
  auto const aim = [&](auto const& place) {
    for (int k = 0; k < team.local_ranks(); ++k) {
      targets.emplace_back();
      for (index_t c = 0; c < chunks; ++c)
        for (int q = 0; q < ranks; ++q) targets.back().push_back(place(c, k, q));
      scatters[static_cast<std::size_t>(k)].aim(targets.back());
    }
    team.sync();  // the targets have been read, and all memory is there
  };
  if (travel) {
    relay<element, S> way(team, x.partition(), chunk, plan);
    aim([&](index_t c, int k, int q) { return way.place(c, k, q); });
    way.run([&](std::size_t k, index_t c) { scatters[k].scatter(c); }, result.parts());
  } else {
    aim([&](index_t c, int k, int q) {
      return result.parts()[static_cast<std::size_t>(q)].data + plan.place(c, k, q);
    });
    for (auto const& d : scatters) d.scatter(0);
    join_streams(team.streams());
  }
  return result;
}

}  // namespace prorata::detail
