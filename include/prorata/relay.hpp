// Sending elements to their ranks chunk by chunk, while the next ones are dealt.
#pragma once

#include <algorithm>
#include <array>
#include <prorata/exchange.hpp>

namespace prorata::detail {

/// Elements that a rank deals at a time when they have to travel: 64 MiB of them, and 1 MiB for every rank,
/// for which a link is busy much longer than it takes to begin. The same on every process.
inline index_t travelling_chunk(std::size_t element_bytes, int ranks) {
  index_t const bytes = std::max<index_t>(64, ranks) << 20;
  return std::max(tile, bytes / static_cast<index_t>(element_bytes) / tile * tile);
}

/// How many elements of each chunk every rank gives to every rank, and where on that rank they arrive:
/// senders in rank order, the chunks of a sender in their order.
///   example  2 ranks, 2 chunks; rank 0 gives 3 0 | 1 2 and rank 1 gives 0 5 | 4 0 to ranks 0 1: on rank 0
///            they arrive at 0, 3 | 4, 4 and on rank 1 at 0, 0 | 2, 7
class deal_plan {
 public:
  /// told: of each rank, of each of its chunks, a count for each rank.
  deal_plan(int ranks, index_t chunks, std::vector<index_t> told)
      : ranks_(ranks), chunks_(chunks), counts_(std::move(told)), places_(counts_.size()) {
    std::vector<index_t> sizes(static_cast<std::size_t>(ranks));
    for (std::size_t at = 0; at < counts_.size(); ++at) {
      places_[at] = sizes[at % sizes.size()];
      sizes[at % sizes.size()] += counts_[at];
    }
    after_ = partition_by_sizes(sizes);
  }

  index_t chunks() const { return chunks_; }
  index_t count(index_t chunk, int from, int to) const { return counts_[at(chunk, from, to)]; }
  index_t place(index_t chunk, int from, int to) const { return places_[at(chunk, from, to)]; }
  partition const& after() const { return after_; }

 private:
  std::size_t at(index_t chunk, int from, int to) const {
    return static_cast<std::size_t>((from * chunks_ + chunk) * ranks_ + to);
  }

  int ranks_;
  index_t chunks_;
  std::vector<index_t> counts_, places_;
  partition after_;
};

/// Memory of two chunks on each local rank: one is dealt into while the other one's elements are sent. With
/// one chunk there is nothing to do meanwhile, and no second stream.
template <class T, backend S>
class relay {
 public:
  relay(team<S> const& team, partition const& from, index_t chunk, deal_plan const& plan)
      : team_(team), plan_(plan), copy_streams_(plan.chunks() > 1 ? team.copy_streams() : team.streams()) {
    for (std::size_t half : {0, 1})
      for (int k = 0; k < team.local_ranks(); ++k) {
        index_t const left = from.size(team.first_local_rank() + k) - static_cast<index_t>(half) * chunk;
        halves_[half].memory.emplace_back(team.streams()[static_cast<std::size_t>(k)],
                                          std::clamp(left, index_t{0}, chunk));
        halves_[half].dealt.emplace_back();
        halves_[half].sent.emplace_back();
      }
  }
  /// Memory goes back in the order of the first streams: after what the copy_streams still read.
  ~relay() {
    try {
      finish();
    } catch (...) {  // the device failed, and its next sync says so; or there is no memory to say who waits
      team_.drain();
    }
  }
  relay(relay const&) = delete;
  relay& operator=(relay const&) = delete;

  /// Where local rank k's elements of a chunk for rank q lie until they are sent.
  T* place(index_t chunk, int k, int q) const {
    index_t before = 0;
    for (int other = 0; other < q; ++other) before += plan_.count(chunk, team_.first_local_rank() + k, other);
    return half_of(chunk).memory[static_cast<std::size_t>(k)].data() + before;
  }

  /// Calls deal(k, c), which queues the dealing of chunk c by local rank k, for all of them, and sends what
  /// lies there to `received`, one chunk behind.
  template <class Deal>
  void run(Deal const& deal, std::span<part<T, S> const> received) {
    for (index_t c = 0; c < plan_.chunks(); ++c) {
      auto& half = half_of(c);
      for (std::size_t k = 0; k < copy_streams_.size(); ++k) {
        S& s = team_.streams()[k];
        s.wait(half.sent[k]);  // what lay here two chunks ago
        deal(k, c);
        half.dealt[k] = s.record();
      }
      if (c > 0) send(c - 1, received);
    }
    send(plan_.chunks() - 1, received);
    finish();
  }

 private:
  struct half {
    std::vector<buffer<T, S>> memory;
    std::vector<typename S::event_type> dealt, sent;  // of the chunk that lies here
  };
  half& half_of(index_t chunk) { return halves_[static_cast<std::size_t>(chunk % 2)]; }
  half const& half_of(index_t chunk) const { return halves_[static_cast<std::size_t>(chunk % 2)]; }

  void send(index_t c, std::span<part<T, S> const> received) {
    int const ranks = team_.ranks();
    std::vector<std::size_t> bytes, places;
    for (int r = 0; r < ranks; ++r)
      for (int q = 0; q < ranks; ++q) {
        bytes.push_back(static_cast<std::size_t>(plan_.count(c, r, q)) * sizeof(T));
        places.push_back(static_cast<std::size_t>(plan_.place(c, r, q)) * sizeof(T));
      }
    auto& half = half_of(c);
    std::vector<void const*> from;
    std::vector<void*> to;
    for (std::size_t k = 0; k < copy_streams_.size(); ++k) {
      copy_streams_[k].wait(half.dealt[k]);
      from.push_back(half.memory[k].data());
      to.push_back(received[k].data);
    }
    team_.bytes().all_to_all(copy_streams_, from, to, bytes, places);
    for (std::size_t k = 0; k < copy_streams_.size(); ++k) half.sent[k] = copy_streams_[k].record();
  }

  void finish() {
    for (std::size_t k = 0; k < copy_streams_.size(); ++k) team_.streams()[k].wait(copy_streams_[k].record());
  }

  team<S> const& team_;
  deal_plan const& plan_;
  std::span<S> copy_streams_;
  std::array<half, 2> halves_;
};

}  // namespace prorata::detail
