// The chunks of a job on their way through the streams of its ranks: the only place where they are queued.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <functional>
#include <host/run/chunk_turns.hpp>
#include <host/run/guided_chunks.hpp>
#include <mutex>
#include <optional>
#include <prorata/canonical.hpp>
#include <prorata/error.hpp>
#include <prorata/host.hpp>
#include <prorata/partition.hpp>
#include <prorata/team.hpp>
#include <set>
#include <vector>

namespace prorata::host {

/// Which ranks have which chunks.
enum class chunk_order {
  shares,     ///< each rank has those of its share, in order
  passed_on,  ///< the same, on the stream of the next rank of this process
  guided,     ///< whoever is free takes the next one; shares are first guesses of speed (see guided_chunks)
};

/// Where several jobs share devices: who says whose chunk is next, and what an element costs.
struct shared_devices {
  chunk_turns* turns = nullptr;  ///< null: this job is alone
  index_t bytes_per_element = 1;
};

/// The chunks of this process's ranks on their streams.
///
///   main thread         stream of rank r
///   queues chunk 0  →   work of chunk 0 · queues chunk 1 · work of chunk 1 · queues chunk 2 · …
///
/// So one chunk of a rank is queued at a time, however many there are.
class chunk_feed {
 public:
  /// Is told the speed that a rank has shown, in elements a second, where ranks take what they can do.
  using speed_listener = std::function<void(int, double)>;

  chunk_feed(team<stream> team, partition const& cuts, index_t chunk, chunk_order order = chunk_order::shares,
             speed_listener listener = {}, shared_devices shared = {})
      : listener_(std::move(listener)),
        shared_(shared),
        team_(std::move(team)),
        cuts_(cuts),
        chunk_(chunk),
        shift_(order == chunk_order::passed_on ? 1 : 0),
        handed_out_(static_cast<std::size_t>(team_.local_ranks())) {
    for (int local = 0; local < team_.local_ranks(); ++local) at_.push_back(begin(local));
    if (order != chunk_order::guided || team_.local_ranks() == 1) return;
    std::vector<double> shares;
    for (int local = 0; local < team_.local_ranks(); ++local)
      shares.push_back(static_cast<double>(end(local) - begin(local)));
    guided_.emplace(piece{begin(0), end(team_.local_ranks() - 1), cuts.n}, chunk, shares);
  }

  /// Is told the rank of a device that has failed, and what it said.
  using loss_handler = std::function<void(int, device_error const&)>;

  /// Calls work(stream, its rank, piece) for the chunks that are left: it queues what is to be done with the
  /// piece. From the streams' threads.
  ///   lost    where ranks take what they can do, and work may be done again: the others do the chunk of a rank whose
  ///           device fails, and go on without it, as long as there are others
  ///   waits   for everything, also when it throws: afterwards nobody uses what `work` refers to
  template <class Work>
  void run(Work const& work, loss_handler const& lost = {}) {
    paused_ = false;
    try {
      do {
        std::fill(handed_out_.begin(), handed_out_.end(), handed_out{});
        for (int local = 0; local < team_.local_ranks(); ++local)
          if (!is_lost(local)) next(local, work);
      } while (take_back(lost));
    } catch (...) {
      pause();
      team_.abandon();
      throw;
    }
  }

  /// From inside work: begins no chunk any more. run() returns when what has begun is done, and goes on when
  /// it is called again.
  void pause() { paused_ = true; }
  /// From the last work of a rank's chunk: nothing of it is to be done again, whatever fails afterwards.
  void completed(int rank) {
    handed_out_[static_cast<std::size_t>(rank - team_.first_local_rank())].completed = true;
  }

  /// Calls work(stream), which queues what any device can do, for the first one that does it without failing.
  ///   waits   for it
  template <class Work>
  void on_any(Work const& work) {
    for (int local = 0;; ++local) {
      if (is_lost(local)) continue;
      stream& any = team_.streams()[static_cast<std::size_t>(local)];
      try {
        work(any);
        return any.sync();
      } catch (device_error const&) {
        lost_.insert(local);
        if (std::ssize(lost_) == team_.local_ranks()) throw;
      }
    }
  }

  bool done() const {
    if (guided_) return guided_->done() && returned_.empty();
    for (int local = 0; local < team_.local_ranks(); ++local)
      if (at_[static_cast<std::size_t>(local)] < end(local)) return false;
    return true;
  }

 private:
  using clock = std::chrono::steady_clock;

  template <class Work>
  void next(int local, Work const& work) {
    if (paused_) return;
    auto const p = take(local);
    if (!p) return;
    int const by = (local + shift_) % team_.local_ranks();
    stream& stream = team_.streams()[static_cast<std::size_t>(by)];
    if (shared_.turns == nullptr) {
      work(stream, team_.first_local_rank() + by, *p);
      stream.enqueue([this, local, &work] { next(local, work); });
      return;
    }
    // Tasks that are passed by, since one before them has failed, give the turn back by their end.
    auto const turn = shared_.turns->offer(by, (p->end - p->begin) * shared_.bytes_per_element);
    stream.enqueue_wait([turn] { turn->wait(); });
    work(stream, team_.first_local_rank() + by, *p);
    stream.enqueue([this, local, &work, turn] { next(local, work); });
  }

  bool is_lost(int local) const { return lost_.contains(local); }

  /// Waits for everything. Whether there is something to do again.
  bool take_back(loss_handler const& lost) {
    if (!guided_ || !lost) {
      team_.sync();
      return false;
    }
    std::exception_ptr failure;
    bool again = false;
    for (int local = 0; local < team_.local_ranks(); ++local) {
      if (is_lost(local)) continue;
      try {
        team_.streams()[static_cast<std::size_t>(local)].sync();
      } catch (device_error const& error) {
        std::lock_guard const lock(mutex_);
        lost_.insert(local);
        guided_->lost(local);
        if (std::ssize(lost_) == team_.local_ranks()) throw;
        auto const& last = handed_out_[static_cast<std::size_t>(local)];
        if (last.what && !last.completed) returned_.push_back(*last.what);
        again = true;
        lost(team_.first_local_rank() + local, error);
      } catch (...) { failure = std::current_exception(); }
    }
    if (failure) std::rethrow_exception(failure);
    return again;
  }

  /// The next chunk of a rank, whose last one is done.
  std::optional<piece> take(int local) {
    auto const k = static_cast<std::size_t>(local);
    if (guided_) {
      std::lock_guard const lock(mutex_);
      auto const now = clock::now();
      if (auto const& last = handed_out_[k].what) {
        guided_->did(local, last->end - last->begin,
                     std::chrono::duration<double>(now - handed_out_[k].at).count());
        if (listener_) listener_(team_.first_local_rank() + local, guided_->measured(local));
      }
      if (returned_.empty()) {
        handed_out_[k] = {guided_->next(local), now};
      } else {
        handed_out_[k] = {returned_.back(), now};
        returned_.pop_back();
      }
      return handed_out_[k].what;
    }
    index_t& at = at_[k];
    if (at == end(local)) return {};
    piece const p{at, std::min(end(local), (at / chunk_ + 1) * chunk_), cuts_.n};
    at = p.end;
    return p;
  }
  index_t begin(int local) const { return cuts_.begin(team_.first_local_rank() + local); }
  index_t end(int local) const { return cuts_.end(team_.first_local_rank() + local); }

  struct handed_out {
    std::optional<piece> what;
    clock::time_point at;
    bool completed = false;
  };

  speed_listener listener_;
  shared_devices shared_;
  team<stream> team_;
  partition const& cuts_;
  index_t chunk_;
  int shift_;
  std::vector<index_t> at_;  // where each local rank's next chunk begins
  std::atomic<bool> paused_{false};
  std::mutex mutex_;
  std::optional<guided_chunks> guided_;
  std::vector<handed_out> handed_out_;  // of each local rank, where it is guided
  std::vector<piece> returned_;         // of ranks that failed
  std::set<int> lost_;                  // those local ranks
};

}  // namespace prorata::host
