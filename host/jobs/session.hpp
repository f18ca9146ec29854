// A job over arrays larger than memory: devices take their shares chunk by chunk, and partial results join.
#pragma once

#include <chrono>
#include <host/jobs/device_times.hpp>
#include <host/jobs/devices.hpp>
#include <host/jobs/inputs.hpp>
#include <host/pictures/progress.hpp>
#include <host/pictures/timeline.hpp>
#include <host/run/chunked_run.hpp>
#include <memory>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <prorata/error.hpp>
#include <prorata/host.hpp>
#include <prorata/team.hpp>
#include <string>
#include <vector>

namespace prorata::jobs {

/// Whether a device of another kind gives the same bits: not for exp and its like, whose last bits differ.
enum class bits { same_on_all, differ_by_kind };

/// What a device did, over all passes.
struct device_work {
  index_t chunks = 0, elements = 0;
  double busy_seconds = 0;
  bool failed = false;  ///< on the way; others did the rest
};

/// The devices, the cuts and the chunks of one job, and what it cost.
class session : host::run_observer {
 public:
  /// Opens the devices and cuts the inputs among them.
  ///   o      lives as long
  ///   label  what is done
  ///   throws  usage_error, input_error (costs), infeasible, device_error, out_of_memory
  session(io::job_files& files, job_options const& o, std::vector<io::file_column const*> inputs,
          index_t bytes_per_element, std::string label, bits computed = bits::same_on_all);

  job_ranks const& ranks() const { return ranks_; }
  std::vector<device_spec> const& devices() const { return ranks_.devices; }
  std::vector<double> const& weights() const { return ranks_.weights; }
  partition const& cuts() const { return cuts_; }
  /// What each device's elements cost, with --costs; else nothing.
  std::vector<double> const& loads() const { return loads_; }
  index_t chunk() const { return run_->chunk(); }
  index_t bytes() const { return bytes_per_element_ * cuts_.n; }
  /// Since the devices were open: the whole job, or so far.
  double seconds() const {
    return std::chrono::duration<double>(end_.value_or(clock::now()) - start_).count();
  }
  /// 0 where it took no time.
  double gb_per_s() const {
    double const s = seconds();
    return s > 0 ? static_cast<double>(bytes()) / s / 1e9 : 0;
  }
  prorata::team<host::stream> const& team() const { return run_->team(); }

  host::chunked_run& passes() { return *run_; }

  /// Of every rank of the job, so far. All processes ask together.
  std::vector<device_work> work() const;

  /// The job is done: writes its trace, if it was asked for.
  void finish();

  /// Whether its page was asked for, and so somebody wants to know what describe() is told.
  bool has_page() const { return report_file_ != nullptr; }
  /// What is said of the job, after finish(): writes its page, if it was asked for.
  void describe(nlohmann::json const& said);

 private:
  void begins(char const* what) override;
  void done(int rank, char const* what, piece p, clock::time_point since) override;
  void begins_moving(char const* what, index_t bytes) override;
  void moved(index_t bytes) override {
    if (progress_) progress_->add(bytes);
  }
  void spent(int rank, host::time_spent const& seconds) override;
  void measured(int rank, double speed) override;
  void ends() override;
  void lost(int rank, device_error const& error) override;
  device_error disagreement(int rank, int other, piece p) const override;

  job_options const& options_;
  std::optional<device_times> times_;  // with --weights auto
  job_ranks ranks_;
  std::vector<double> loads_;
  partition cuts_;
  index_t bytes_per_element_, own_bytes_ = 0;
  clock::time_point start_;
  std::optional<clock::time_point> end_;
  std::optional<host::chunked_run> run_;
  std::unique_ptr<pictures::progress> progress_;
  mutable std::mutex mutex_;
  std::vector<device_work> work_;             // of this process's ranks
  std::vector<host::time_spent> spent_;       // of the chunk that each of them ends
  std::optional<pictures::timeline> events_;  // where somebody looks at them
  io::atomic_file *trace_file_ = nullptr,
                  *report_file_ = nullptr;  // begun before the work: a bad name must not cost a job
  std::string label_;
};

}  // namespace prorata::jobs
