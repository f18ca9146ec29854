// What is said of a job: its plan, what its devices did, and its page.
#pragma once

#include <host/io/job_files.hpp>
#include <host/jobs/session.hpp>
#include <host/pictures/plan.hpp>
#include <host/pictures/timeline.hpp>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>
#include <vector>

namespace prorata::jobs {

/// The plan of a job, for a picture of it.
pictures::plan plan_of(session const& job);
pictures::plan plan_of(std::vector<device_spec> const& devices, std::vector<double> weights, partition cuts,
                       std::vector<double> loads = {});

/// What there is to say of every job: op, plan, seconds, bytes, gb_per_s and what each device did, beside its own
/// members. All processes ask together.
nlohmann::json job_json(session const& job, std::string const& op, nlohmann::json own);

/// The page of a job that works in stages on all its devices together.
class stages_page {
 public:
  /// Begins the page, where o.report names one: a bad name must not cost a job.
  ///   throws  usage_error (several processes), as job_files::write
  void open(io::job_files& files, job_options const& o);
  bool is_wanted() const { return file_ != nullptr; }
  void begins(std::string name, index_t bytes) {
    if (is_wanted()) events_.begins(std::move(name), bytes);
  }
  void ends() { events_.ends(); }
  /// Puts everything but the page on disk, for what is said of the job may be how long that took.
  void prepare(io::job_files& files) const { files.prepare(file_); }
  /// What is said of the job. Writes the page, if it was asked for.
  void describe(nlohmann::json const& said);

 private:
  pictures::timeline events_;
  io::atomic_file* file_ = nullptr;
  std::vector<std::string> words_;
};

}  // namespace prorata::jobs
