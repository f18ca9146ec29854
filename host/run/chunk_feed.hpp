// The chunks of a job on their way through the streams of its ranks: the only place where they are queued.
#pragma once

#include <algorithm>
#include <atomic>
#include <prorata/canonical.hpp>
#include <prorata/host.hpp>
#include <prorata/partition.hpp>
#include <prorata/team.hpp>
#include <vector>

namespace prorata::host {

/// The chunks of this process's ranks, each rank's in order, on a stream: the rank's own, or that of the rank after it.
///
///   main thread         stream of rank r
///   queues chunk 0  →   work of chunk 0 · queues chunk 1 · work of chunk 1 · queues chunk 2 · …
///
/// So one chunk of a rank is queued at a time, however many there are.
class chunk_feed {
 public:
  /// passed_on: a rank's chunks go to the stream of the next rank of this process.
  chunk_feed(team<stream> team, partition const& cuts, index_t chunk, bool passed_on = false)
      : team_(std::move(team)), cuts_(cuts), chunk_(chunk), shift_(passed_on ? 1 : 0) {
    for (int local = 0; local < team_.local_ranks(); ++local)
      at_.push_back(cuts.begin(team_.first_local_rank() + local));
  }

  /// Calls work(stream, its rank, piece) for the chunks that are left: it queues what is to be done with the
  /// piece. From the streams' threads.
  ///   waits   for everything, also when it throws: afterwards nobody uses what `work` refers to
  template <class Work>
  void run(Work const& work) {
    paused_ = false;
    try {
      for (int local = 0; local < team_.local_ranks(); ++local) next(local, work);
      team_.sync();
    } catch (...) {
      pause();
      team_.abandon();
      throw;
    }
  }

  /// From inside work: begins no chunk any more. run() returns when what has begun is done, and goes on when
  /// it is called again.
  void pause() { paused_ = true; }
  bool done() const {
    for (int local = 0; local < team_.local_ranks(); ++local)
      if (at_[static_cast<std::size_t>(local)] < end(local)) return false;
    return true;
  }

 private:
  template <class Work>
  void next(int local, Work const& work) {
    index_t& at = at_[static_cast<std::size_t>(local)];
    if (paused_ || at == end(local)) return;
    piece const p{at, std::min(end(local), (at / chunk_ + 1) * chunk_), cuts_.n};
    at = p.end;
    int const by = (local + shift_) % team_.local_ranks();
    stream& stream = team_.streams()[static_cast<std::size_t>(by)];
    work(stream, team_.first_local_rank() + by, p);
    stream.enqueue([this, local, &work] { next(local, work); });
  }
  index_t end(int local) const { return cuts_.end(team_.first_local_rank() + local); }

  team<stream> team_;
  partition const& cuts_;
  index_t chunk_;
  int shift_;
  std::vector<index_t> at_;  // where each local rank's next chunk begins
  std::atomic<bool> paused_{false};
};

}  // namespace prorata::host
