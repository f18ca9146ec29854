// A job over arrays larger than memory: devices take their shares chunk by chunk, and partial results join.
#pragma once

#include <algorithm>
#include <chrono>
#include <host/cli/devices.hpp>
#include <host/cli/gpu/jobs.hpp>
#include <host/cli/inputs.hpp>
#include <host/cli/progress.hpp>
#include <host/cli/trace.hpp>
#include <host/reduce.hpp>
#include <host/run/chunked_run.hpp>
#include <memory>
#include <optional>
#include <prorata/error.hpp>
#include <prorata/host.hpp>
#include <prorata/team.hpp>
#include <semaphore>
#include <string>
#include <vector>

namespace prorata::cli {

/// A reduction of what a load of files gives, on the stream's threads, or on the rank's GPU where it has one.
template <class R, class Load>
class file_fold final : public host::fold_of<R, Load> {
 public:
  file_fold(R const& r, Load const& l, std::vector<std::unique_ptr<gpu_rank>> const& gpus)
      : host::fold_of<R, Load>(r, l), gpus_(gpus) {}
  void reduce(host::stream& s, int rank, piece p, std::byte* out) const override {
    gpu_rank* const gpu = gpus_[static_cast<std::size_t>(rank)].get();
    if (gpu == nullptr) return host::fold_of<R, Load>::reduce(s, rank, p, out);
    s.enqueue([this, gpu, &s, job = gpu_job_of<R>(this->load), p, out] {
      host::state_of<R> whole(this->reduction, p.n, p.begin);
      std::vector<std::byte> partial;
      gpu->fold(s, job, p, [&](piece slot, std::byte const* from) {
        partial.resize(static_cast<std::size_t>(R::bytes(slot)));
        on_gpu<R>::to_host(slot, from, partial.data());
        whole.join(partial.data(), slot);
      });
      whole.write(out);
    });
  }
  bool same(piece p, std::byte const* a, std::byte const* b) const override {
    return on_gpu<R>::same(p, a, b);
  }

 private:
  std::vector<std::unique_ptr<gpu_rank>> const& gpus_;
};

/// The devices, the cuts and the chunks of one job, and what it cost.
class session : host::run_observer {
 public:
  /// Opens the devices and cuts the inputs among them.
  session(io::job_files& files, options const& o, std::vector<input const*> inputs, index_t bytes_per_element,
          std::string label);

  std::vector<device_spec> const& devices() const { return devices_; }
  std::vector<double> const& weights() const { return weights_; }
  partition const& cuts() const { return cuts_; }
  /// What each device's elements cost, with --costs; else nothing.
  std::vector<double> const& loads() const { return loads_; }
  index_t chunk() const { return run_->chunk(); }
  index_t bytes() const { return bytes_per_element_ * cuts_.n; }
  /// Since the devices were open: the whole job so far.
  double seconds() const { return std::chrono::duration<double>(clock::now() - start_).count(); }
  prorata::team<host::stream> const& team() const { return run_->team(); }
  /// How many threads of CPU ranks are at work on grains at a time, at most.
  int threads_at_once() const;
  /// The GPU of a rank; null where it has none.
  gpu_rank* gpu(int rank) const { return gpus_[static_cast<std::size_t>(rank)].get(); }

  /// Folds load(i) over all elements, out of core. n ≥ 1.
  template <class R, class Load>
  typename R::result_type fold(R const& reduction, Load const& load) {
    typename R::result_type result;
    run_->fold(file_fold<R, Load>(reduction, load, gpus_), &result);
    return result;
  }

  /// Runs work(piece) for all elements, grain by grain on every rank's threads: for jobs that write a file.
  /// Where a rank has a GPU, gpu_work(stream, gpu, piece) does a whole chunk instead.
  ///   waits   for everything, also when it throws: so do fold and sweep
  ///   throws  input_error when an input changed meanwhile; what the work throws
  template <class Work, class GpuWork>
  void run(char const* what, Work const& work, GpuWork const& gpu_work) {
    run_->pass(what, false, each_grain_of(what, work, gpu_work, false));
  }

  /// The same for the chunks that --verify chooses, each on the device after the one that had it; nothing
  /// without --verify. The work compares, and throws disagreement().
  template <class Work, class GpuWork>
  void verify(Work const& work, GpuWork const& gpu_work) {
    if (options_.verify > 0) run_->pass("verify", true, each_grain_of("verify", work, gpu_work, true));
  }
  /// That a piece has other results on the device that checked it.
  device_error disagreement(piece p) const { return run_->disagreement(p); }

  /// Calls work(stream, rank, piece) for each chunk of each rank: it queues the chunk's work. For jobs that
  /// need a rank's chunks in order.
  template <class Work>
  void sweep(char const* what, Work const& work) {
    run_->sweep(what, work);
  }

  /// Writes --trace, if it was asked for.
  void finish();

 private:
  /// Where many shards share a CPU, some wait while others work.
  struct place {
    explicit place(std::counting_semaphore<>& of) : places(of) { places.acquire(); }
    ~place() { places.release(); }
    place(place const&) = delete;
    place& operator=(place const&) = delete;
    std::counting_semaphore<>& places;
  };

  /// What a chunk's work is: its grains on the threads of a rank, or all of it on the rank's GPU.
  template <class Work, class GpuWork>
  auto each_grain_of(char const* what, Work const& work, GpuWork const& gpu_work, bool chosen_alone);

  void begins(char const* what) override;
  void done(int rank, char const* what, piece p, clock::time_point since) override;
  void ends() override { progress_.reset(); }
  device_error disagreement(int rank, int other, piece p) const override;

  options const& options_;
  std::vector<device_spec> devices_;
  std::vector<double> weights_;
  std::vector<double> loads_;
  partition cuts_;
  int at_once_;                                        // CPU ranks that hold memory for their grains
  std::unique_ptr<std::counting_semaphore<>> places_;  // so many
  index_t bytes_per_element_;
  clock::time_point start_;
  std::vector<std::unique_ptr<gpu_rank>> gpus_;  // one a rank, null where it is not a GPU
  std::optional<host::chunked_run> run_;         // after gpus_: streams first finish what they have
  std::unique_ptr<progress> progress_;
  trace trace_;
  io::atomic_file* trace_file_ = nullptr;  // begun before the work: a bad name must not cost a job
  std::string label_;
};

template <class Work, class GpuWork>
auto session::each_grain_of(char const* what, Work const& work, GpuWork const& gpu_work, bool chosen_alone) {
  return [this, what, &work, &gpu_work, chosen_alone](host::stream& stream, int rank, piece p) {
    if (chosen_alone && !run_->chosen_for_verification(p)) return;
    stream.enqueue([this, &stream, &work, &gpu_work, what, rank, p] {
      auto const from = clock::now();
      if (gpu_rank* const gpu = this->gpu(rank)) {
        gpu_work(stream, *gpu, p);
        return run_->done(rank, what, p, from);
      }
      place const mine(*places_);
      index_t const count = (p.end - p.begin + host::loop_grain - 1) / host::loop_grain;
      stream.parallel(count, [&](index_t k) {
        index_t const begin = p.begin + k * host::loop_grain;
        work(piece{begin, std::min(begin + host::loop_grain, p.end), p.n});
      });
      run_->done(rank, what, p, from);
    });
  };
}

}  // namespace prorata::cli
