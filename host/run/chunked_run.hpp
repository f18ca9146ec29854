// chunked_run: a job over arrays larger than memory. Ranks take their shares chunk by chunk, and partial results join.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstring>
#include <host/io/file_column.hpp>
#include <host/reduce.hpp>
#include <host/run/chunk_feed.hpp>
#include <host/run/gpu/rank.hpp>
#include <host/run/processes.hpp>
#include <memory>
#include <optional>
#include <prorata/buffer.hpp>
#include <prorata/error.hpp>
#include <prorata/host.hpp>
#include <prorata/team.hpp>
#include <semaphore>
#include <utility>
#include <vector>

namespace prorata::host {

/// A reduction as a run sees it: verbs over bytes, so that the run is compiled once and not for every operation and
/// type.
class fold_job {
 public:
  virtual ~fold_job() = default;
  /// Of the partial result of a piece.
  virtual index_t bytes(piece p) const = 0;
  /// Queues the reduction of a piece on the device of `rank`, whose stream is s.
  virtual void reduce(stream& s, int rank, piece p, std::byte* out) const = 0;
  /// Queues the joining of neighbours, whose partial results lie at multiples of 64 bytes.
  virtual void join(stream& s, std::vector<piece> pieces, std::byte const* in, std::byte* out) const = 0;
  /// Queues the last step, from the partial result of all n ≥ 1 elements to the result.
  virtual void finish(stream& s, index_t n, std::byte const* in, void* result) const = 0;
  /// Whether two partial results of one piece are the same.
  virtual bool same(piece p, std::byte const* a, std::byte const* b) const = 0;
};

/// A reduction R of what a load gives, on the threads of the ranks' streams.
template <class R, class Load>
class fold_of : public fold_job {
 public:
  fold_of(R const& r, Load const& l) : reduction(r), load(l) {}
  index_t bytes(piece p) const override { return R::bytes(p); }
  void reduce(stream& s, int, piece p, std::byte* out) const override {
    reduce_piece(s, reduction, p, load, out);
  }
  void join(stream& s, std::vector<piece> pieces, std::byte const* in, std::byte* out) const override {
    reduce_join(s, reduction, std::move(pieces), in, out);
  }
  void finish(stream& s, index_t n, std::byte const* in, void* result) const override {
    reduce_finish(s, reduction, n, in, static_cast<typename R::result_type*>(result));
  }
  bool same(piece p, std::byte const* a, std::byte const* b) const override {
    return std::memcmp(a, b, static_cast<std::size_t>(R::bytes(p))) == 0;
  }

  R reduction;
  Load load;
};

/// work(piece) for parts of a piece, on the threads of a stream; called from inside its work.
template <class Work>
void each_grain(stream const& s, piece p, Work const& work) {
  s.parallel((p.end - p.begin + loop_grain - 1) / loop_grain, [&](index_t k) {
    index_t const begin = p.begin + k * loop_grain;
    work(piece{begin, std::min(begin + loop_grain, p.end), p.n});
  });
}

/// Sees how a run goes on; `done` from the threads of all ranks.
class run_observer {
 public:
  using clock = std::chrono::steady_clock;
  virtual ~run_observer() = default;

  /// One read of all elements begins; `what` it is for may be empty.
  virtual void begins(char const* /*what*/) {}
  /// What the threads of a rank spent on the piece of which done() is said next.
  virtual void spent(int /*rank*/, time_spent const&) {}
  /// The speed that a rank has shown so far in this pass, in elements a second, where ranks take chunks as they become
  /// free. One call at a time.
  virtual void measured(int /*rank*/, double /*speed*/) {}
  /// A rank worked on a piece from `since` to now.
  virtual void done(int /*rank*/, char const* /*what*/, piece, clock::time_point /*since*/) {}
  /// Work that is no such read begins, and moves so many bytes; moved() says how many it has, from any thread.
  virtual void begins_moving(char const* /*what*/, index_t /*bytes*/) {}
  virtual void moved(index_t /*bytes*/) {}
  virtual void ends() {}
  /// The device of a rank has failed, and others do its work.
  virtual void lost(int /*rank*/, device_error const&) {}
  /// What is thrown where the device of `rank` has another result for a piece than the device of `other`.
  virtual device_error disagreement(int rank, int other, piece p) const;
};

/// What becomes of a pass whose device fails: work that leaves the same behind when it is done again, as writing a
/// chunk's results does, others can do again; work that adds to counts cannot.
enum class if_lost { give_up, do_again };

struct run_limits {
  index_t memory = index_t{1} << 30;  ///< bytes that chunks and partial results may take
  bool guided = false;                ///< ranks take chunks as they become free, where no order is needed
  double verify = 0;                  ///< per cent of a fold's chunks that another device computes, too
  int at_once = 0;                    ///< CPU ranks that hold memory for their grains at a time; 0: all
  chunk_turns* turns = nullptr;       ///< says whose chunk is next on devices that jobs share
};

/// How large chunks are, in bytes.
struct chunk_request {
  index_t bytes = 0;  ///< so large; 0: half of a rank's part of the memory, but no more than is enough
  index_t enough = index_t{32} << 20;
  index_t memory = index_t{1} << 30;  ///< for a chunk of every rank
};
/// The same in elements, whole tiles, one at least; nothing where the chunks of all ranks do not fit the memory.
std::optional<index_t> elements_of_chunk(chunk_request const& wanted, index_t bytes_per_element, int ranks);

/// The passes of one job over its sources. Its results depend on nothing but the elements: not on the team, the cuts,
/// the chunks or the limits. Every process of a team runs the chunks of its own ranks; a pass ends when all have, and
/// what it counted or found in one of them the others are told by processes().
class chunked_run {
 public:
  using clock = run_observer::clock;

  /// `sources` are read in each pass; they and the observer outlive the run.
  ///   chunk  elements, whole tiles
  ///   gpus   one a rank of this process, null where it has none; or nothing
  chunked_run(prorata::team<stream> team, partition cuts, index_t chunk,
              std::vector<io::file_column const*> sources, run_limits const& limits, run_observer& observer,
              std::vector<std::unique_ptr<gpu_rank>> gpus = {})
      : gpus_(std::move(gpus)),
        team_(std::move(team)),
        cuts_(std::move(cuts)),
        chunk_(chunk),
        sources_(std::move(sources)),
        limits_(limits),
        observer_(observer),
        at_once_(limits.at_once > 0 ? std::min(limits.at_once, team_.local_ranks()) : team_.local_ranks()),
        places_(at_once_),
        processes_(team_),
        shares_(processes_, cuts_, team_.first_local_rank(), team_.local_ranks()),
        began_(static_cast<std::size_t>(team_.local_ranks())) {}

  run_observer& observer() const { return observer_; }
  partition const& cuts() const { return cuts_; }
  index_t chunk() const { return chunk_; }
  prorata::team<stream> const& team() const { return team_; }
  prorata::host::processes const& processes() const { return processes_; }
  /// How work on the elements that no rank is named for is dealt among them.
  process_shares const& shares() const { return shares_; }
  /// The GPU of a rank of this process; null where it has none.
  gpu_rank* gpu(int rank) const { return gpus_.empty() ? nullptr : gpus_[local(rank)].get(); }
  /// How many threads of CPU ranks are at work on grains at a time, at most.
  int threads_at_once() const;

  /// Folds all elements. n ≥ 1.
  ///   waits   for everything, also when it throws: so do sweep and pass
  ///   throws  input_error when a source changed meanwhile; what the job throws; what the observer says where two
  ///           devices disagree
  void fold(fold_job const& job, void* result);
  template <class R, class Load>
  typename R::result_type fold(R const& reduction, Load const& load) {
    typename R::result_type result;
    fold(fold_of<R, Load>(reduction, load), &result);
    return result;
  }

  /// Runs work(piece) for all elements, grain by grain on every rank's threads.
  /// Where a rank has a GPU, gpu_work(stream, gpu, piece) does a whole chunk instead.
  template <class Work, class GpuWork>
  void run(char const* what, Work const& work, GpuWork const& gpu_work, if_lost then = if_lost::give_up) {
    pass(what, order(), each_grain_of(what, work, gpu_work, false), then);
  }
  /// The same on the threads of every rank's stream, also of ranks that have a GPU.
  template <class Work>
  void run(char const* what, Work const& work) {
    run(what, work, [&](stream const& s, gpu_rank&, piece p) { each_grain(s, p, work); });
  }

  /// The same as run() for the chunks that verification chooses, each on the device after the one that had it; nothing
  /// without verification. The work compares, and throws disagreement().
  template <class Work, class GpuWork>
  void verify(Work const& work, GpuWork const& gpu_work) {
    if (limits_.verify > 0)
      pass("verify", chunk_order::passed_on, each_grain_of("verify", work, gpu_work, true));
  }

  template <class Work>
  void verify(Work const& work) {
    verify(work, [&](stream const& s, gpu_rank&, piece p) { each_grain(s, p, work); });
  }

  /// Calls work(stream, rank, piece) for each chunk of each rank: it queues the chunk's work. For jobs that
  /// need a rank's chunks in order.
  template <class Work>
  void sweep(char const* what, Work const& work) {
    pass(what, chunk_order::shares, [&](stream& s, int rank, piece p) {
      auto& from = began_[local(rank)];
      s.enqueue([this, &from, p] {
        from = clock::now();
        announce(p);
      });
      work(s, rank, p);
      s.enqueue([this, &from, what, rank, p] { done(rank, what, p, from); });
    });
  }

  /// One read of all elements, work(stream, rank, piece) for each chunk, which says done(…) at its end.
  template <class Work>
  void pass(char const* what, chunk_order order, Work const& work, if_lost then = if_lost::give_up) {
    observer_.begins(what);
    processes_.together([&] {
      chunk_feed chunks(team_, cuts_, chunk_, order, on_speed(), sharing());
      feed_ = &chunks;
      chunks.run(work, then == if_lost::do_again ? on_loss() : nullptr);
      check_sources();
    });
    observer_.ends();
  }
  void done(int rank, char const* what, piece p, clock::time_point since) const;

  /// Whether a chunk is one of those that another device computes again: the same ones at every run.
  bool chosen_for_verification(piece p) const;
  /// That a piece has other results on the device that checked it, which is the one after its own.
  device_error disagreement(piece p) const;

 private:
  /// Where many shards share a CPU, some wait while others work.
  struct place {
    explicit place(std::counting_semaphore<>& of) : places(of) {
      spending_account::timer const waiting(spending_account::waiting);
      places.acquire();
    }
    ~place() { places.release(); }
    place(place const&) = delete;
    place& operator=(place const&) = delete;
    std::counting_semaphore<>& places;
  };

  /// What a chunk's work is: its grains on the threads of a rank, or all of it on the rank's GPU.
  template <class Work, class GpuWork>
  auto each_grain_of(char const* what, Work const& work, GpuWork const& gpu_work, bool chosen_alone) {
    return [this, what, &work, &gpu_work, chosen_alone](stream& s, int rank, piece p) {
      if (chosen_alone && !chosen_for_verification(p)) return;
      auto& from = began_[local(rank)];
      s.enqueue([this, &s, &work, &gpu_work, &from, rank, p] {
        from = clock::now();
        announce(p);
        if (gpu_rank* const gpu = this->gpu(rank)) {
          gpu_work(s, *gpu, p);
        } else {
          place const mine(places_);
          each_grain(s, p, work);
        }
      });
      s.enqueue(
          [this, &from, what, rank, p] { done(rank, what, p, from); });  // a pretended device has rested
    };
  }

  chunk_feed::speed_listener on_speed() {
    return [this](int rank, double speed) { observer_.measured(rank, speed); };
  }
  shared_devices sharing() const;
  chunk_feed::loss_handler on_loss() {
    return [this](int rank, device_error const& error) { observer_.lost(rank, error); };
  }
  /// Of work that may be done in any order. What is verified has the same chunks at every run.
  chunk_order order() const {
    return limits_.guided && limits_.verify == 0 ? chunk_order::guided : chunk_order::shares;
  }
  std::size_t local(int rank) const { return static_cast<std::size_t>(rank - team_.first_local_rank()); }
  int after(int rank) const;
  void announce(piece p) const noexcept;  // that its chunk will be read, and what follows it
  void check_sources() const;

  std::vector<std::unique_ptr<gpu_rank>> gpus_;  // before team_: its streams first finish what they have
  prorata::team<stream> team_;
  partition cuts_;
  index_t chunk_;
  std::vector<io::file_column const*> sources_;
  run_limits limits_;
  run_observer& observer_;
  int at_once_;
  std::counting_semaphore<> places_;  // so many
  prorata::host::processes processes_;
  process_shares shares_;
  chunk_feed* feed_ = nullptr;            // of the pass that runs
  std::vector<clock::time_point> began_;  // each rank's chunk
};

}  // namespace prorata::host
