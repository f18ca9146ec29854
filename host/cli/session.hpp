// A job over arrays larger than memory: devices take their shares chunk by chunk, and partial results join.
#pragma once

#include <algorithm>
#include <chrono>
#include <host/cli/chunk_feed.hpp>
#include <host/cli/devices.hpp>
#include <host/cli/gpu/jobs.hpp>
#include <host/cli/inputs.hpp>
#include <host/cli/progress.hpp>
#include <host/cli/trace.hpp>
#include <host/reduce.hpp>
#include <memory>
#include <optional>
#include <prorata/buffer.hpp>
#include <prorata/error.hpp>
#include <prorata/host.hpp>
#include <prorata/team.hpp>
#include <semaphore>
#include <string>
#include <vector>

namespace prorata::cli {

/// A reduction of files as the session sees it: verbs over bytes, so that the session is compiled once and
/// not for every operation and type.
class file_fold {
 public:
  virtual ~file_fold() = default;
  virtual index_t bytes(piece p) const = 0;
  /// On the stream's threads, or on the rank's GPU where it has one.
  virtual void reduce(host::stream& s, gpu_rank* gpu, piece p, std::byte* out) const = 0;
  virtual void join(host::stream& s, std::vector<piece> pieces, std::byte const* in,
                    std::byte* out) const = 0;
  virtual void finish(host::stream& s, index_t n, std::byte const* in, void* result) const = 0;
  /// Whether two partial results of one piece are the same.
  virtual bool same(piece p, std::byte const* a, std::byte const* b) const = 0;
};

template <class R>
class fold_with : public file_fold {
 public:
  explicit fold_with(R const& r) : reduction(r) {}
  index_t bytes(piece p) const override { return R::bytes(p); }
  void join(host::stream& s, std::vector<piece> pieces, std::byte const* in, std::byte* out) const override {
    host::reduce_join(s, reduction, std::move(pieces), in, out);
  }
  void finish(host::stream& s, index_t n, std::byte const* in, void* result) const override {
    host::reduce_finish(s, reduction, n, in, static_cast<typename R::result_type*>(result));
  }
  bool same(piece p, std::byte const* a, std::byte const* b) const override {
    return on_gpu<R>::same(p, a, b);
  }
  R reduction;

 protected:
  void reduce_on(gpu_rank* gpu, host::stream& s, gpu_job job, piece p, std::byte* out) const {
    s.enqueue([this, gpu, &s, job = std::move(job), p, out] {
      host::state_of<R> whole(reduction, p.n, p.begin);
      std::vector<std::byte> partial;
      gpu->fold(s, job, p, [&](piece slot, std::byte const* from) {
        partial.resize(static_cast<std::size_t>(R::bytes(slot)));
        on_gpu<R>::to_host(slot, from, partial.data());
        whole.join(partial.data(), slot);
      });
      whole.write(out);
    });
  }
};

template <class R, class Load>
class fold_of final : public fold_with<R> {
 public:
  fold_of(R const& r, Load const& l) : fold_with<R>(r), load(l) {}
  void reduce(host::stream& s, gpu_rank* gpu, piece p, std::byte* out) const override {
    if (gpu != nullptr) return this->reduce_on(gpu, s, gpu_job_of<R>(load), p, out);
    host::reduce_piece(s, this->reduction, p, load, out);
  }
  Load load;
};

/// The devices, the cuts and the chunks of one job, and what it cost.
class session {
 public:
  /// Opens the devices and cuts the inputs among them.
  session(io::job_files& files, options const& o, std::vector<input const*> inputs, index_t bytes_per_element,
          std::string label);

  std::vector<device_spec> const& devices() const { return devices_; }
  std::vector<double> const& weights() const { return weights_; }
  partition const& cuts() const { return cuts_; }
  /// What each device's elements cost, with --costs; else nothing.
  std::vector<double> const& loads() const { return loads_; }
  index_t chunk() const { return chunk_; }
  index_t bytes() const { return bytes_per_element_ * cuts_.n; }
  /// Since the devices were open: the whole job so far.
  double seconds() const { return std::chrono::duration<double>(clock::now() - start_).count(); }
  prorata::team<host::stream> const& team() const { return *team_; }
  /// How many threads of CPU ranks are at work on grains at a time, at most.
  int threads_at_once() const;
  /// The GPU of a rank; null where it has none.
  gpu_rank* gpu(int rank) const { return gpus_[static_cast<std::size_t>(rank)].get(); }

  /// Folds load(i) over all elements, out of core. n ≥ 1.
  template <class R, class Load>
  typename R::result_type fold(R const& reduction, Load const& load) {
    typename R::result_type result;
    fold(fold_of<R, Load>(reduction, load), &result);
    return result;
  }

  /// Runs work(piece) for all elements, grain by grain on every rank's threads: for jobs that write a file.
  /// Where a rank has a GPU, gpu_work(stream, gpu, piece) does a whole chunk instead.
  ///   waits   for everything, also when it throws: so do fold and sweep
  ///   throws  input_error when an input changed meanwhile; what the work throws
  template <class Work, class GpuWork>
  void run(char const* what, Work const& work, GpuWork const& gpu_work) {
    pass(what, false, each_grain_of(what, work, gpu_work, false));
  }

  /// The same for the chunks that --verify chooses, each on the device after the one that had it; nothing
  /// without --verify. The work compares, and throws disagreement().
  template <class Work, class GpuWork>
  void verify(Work const& work, GpuWork const& gpu_work) {
    if (options_.verify > 0) pass("verify", true, each_grain_of("verify", work, gpu_work, true));
  }
  /// That a piece has other results on the device that checked it.
  device_error disagreement(piece p) const;

  /// Calls work(stream, rank, piece) for each chunk of each rank: it queues the chunk's work. For jobs that
  /// need a rank's chunks in order.
  template <class Work>
  void sweep(char const* what, Work const& work);

  /// Writes --trace, if it was asked for.
  void finish();

 private:
  using clock = std::chrono::steady_clock;

  /// Where many shards share a CPU, some wait while others work.
  struct place {
    explicit place(std::counting_semaphore<>& of) : places(of) { places.acquire(); }
    ~place() { places.release(); }
    place(place const&) = delete;
    place& operator=(place const&) = delete;
    std::counting_semaphore<>& places;
  };

  void fold(file_fold const& job, void* result);

  /// What a chunk's work is: its grains on the threads of a rank, or all of it on the rank's GPU.
  template <class Work, class GpuWork>
  auto each_grain_of(char const* what, Work const& work, GpuWork const& gpu_work, bool chosen_alone);

  /// One read of all elements, as a bar shows it; with passed_on, by the ranks after those that have them.
  template <class Work>
  void pass(char const* what, bool passed_on, Work const& work);
  void begin_pass(char const* what);
  void end_pass();

  /// Whether --verify asks another device to compute this chunk again.
  bool chosen_for_verification(piece p) const;
  void release(piece p) const;
  void done(int rank, char const* what, piece p, clock::time_point from);

  options const& options_;
  std::vector<input const*> inputs_;
  std::vector<device_spec> devices_;
  std::vector<double> weights_;
  std::vector<double> loads_;
  partition cuts_;
  index_t chunk_ = 0;
  int at_once_;                                        // CPU ranks that hold memory for their grains
  std::unique_ptr<std::counting_semaphore<>> places_;  // so many
  index_t bytes_per_element_;
  clock::time_point start_;
  std::vector<std::unique_ptr<gpu_rank>> gpus_;        // one a rank, null where it is not a GPU
  std::unique_ptr<prorata::team<host::stream>> team_;  // after gpus_: streams first finish what they have
  std::unique_ptr<progress> progress_;
  trace trace_;
  io::atomic_file* trace_file_ = nullptr;  // begun before the work: a bad name must not cost a job
  std::string label_;
};

template <class Work>
void session::pass(char const* what, bool passed_on, Work const& work) {
  begin_pass(what);
  chunk_feed(*team_, cuts_, chunk_, passed_on).run(work);
  end_pass();
}

template <class Work>
void session::sweep(char const* what, Work const& work) {
  std::vector<clock::time_point> began(static_cast<std::size_t>(cuts_.ranks()));
  pass(what, false, [&](host::stream& stream, int rank, piece p) {
    auto& from = began[static_cast<std::size_t>(rank)];
    stream.enqueue([&from] { from = clock::now(); });
    work(stream, rank, p);
    stream.enqueue([this, &from, what, rank, p] { done(rank, what, p, from); });
  });
}

template <class Work, class GpuWork>
auto session::each_grain_of(char const* what, Work const& work, GpuWork const& gpu_work, bool chosen_alone) {
  return [this, what, &work, &gpu_work, chosen_alone](host::stream& stream, int rank, piece p) {
    if (chosen_alone && !chosen_for_verification(p)) return;
    stream.enqueue([this, &stream, &work, &gpu_work, what, rank, p] {
      auto const from = clock::now();
      if (gpu_rank* const gpu = this->gpu(rank)) {
        gpu_work(stream, *gpu, p);
        return done(rank, what, p, from);
      }
      place const mine(*places_);
      index_t const count = (p.end - p.begin + host::loop_grain - 1) / host::loop_grain;
      stream.parallel(count, [&](index_t k) {
        index_t const begin = p.begin + k * host::loop_grain;
        work(piece{begin, std::min(begin + host::loop_grain, p.end), p.n});
      });
      done(rank, what, p, from);
    });
  };
}

}  // namespace prorata::cli
