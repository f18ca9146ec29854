// Tables for people and JSON for programs: plans and findings.
#pragma once

#include <functional>
#include <host/cli/options.hpp>
#include <host/dynamic/number.hpp>
#include <host/dynamic/reductions.hpp>
#include <host/jobs/session.hpp>
#include <host/pictures/amounts.hpp>
#include <host/pictures/number_json.hpp>
#include <host/pictures/plan.hpp>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>
#include <vector>

namespace prorata::cli {

using dynamic::number;
using dynamic::number_at;
using dynamic::shortest;
using pictures::bytes_text;
using pictures::count_text;
using pictures::json_of;
using pictures::json_value;

/// The plan of a job, for a picture of it.
pictures::plan plan_of(session const& job);
pictures::plan plan_of(std::vector<device_spec> const& devices, std::vector<double> weights, partition cuts,
                       std::vector<double> loads = {});

/// What every command says of its job: op, plan, seconds, bytes, gb_per_s and what each device did, beside members of
/// its own. All processes ask together.
nlohmann::json job_json(session const& job, std::string const& op, nlohmann::json own);

/// Prints what a job found: one JSON object with --json, else the plan, the findings and the speed. Writes --report.
void report(session& job, options const& o, std::string const& operation, input const& first,
            dynamic::answer const& found);

/// One JSON object on stdout, whose lists are printed as they are made: a list of a million numbers would take
/// hundreds of megabytes as a document.
class printed_object {
 public:
  printed_object();
  /// "name": [element(0), element(1), …], n of them, each as nlohmann::json.
  void list(char const* name, index_t n, std::function<nlohmann::json(index_t)> const& element) const;
  /// The other members, of which there is at least one; ends the object.
  void finish(nlohmann::json const& others) const;
};

/// The object with a list of n as --report shows it: the first ones, and how many there are.
nlohmann::json with_list(nlohmann::json object, char const* name, index_t n,
                         std::function<nlohmann::json(index_t)> const& element);

/// Whether somebody wants what --json says: --json itself, or --report.
inline bool is_described(session const& job, options const& o) { return o.json || job.has_page(); }

/// Says what make() has to say of a job to --report, and on stdout with --json: whether it did that.
bool said_as_json(session& job, options const& o, std::function<nlohmann::json()> const& make);

/// --report of a command that works in stages on all its devices together.
class stages_report {
 public:
  /// Begins the page: a bad name must not cost a job.
  ///   throws  usage_error (several processes), as job_files::write
  void open(io::job_files& files, options const& o);
  bool is_wanted() const { return file_ != nullptr; }
  void begins(std::string name, index_t bytes) {
    if (is_wanted()) events_.begins(std::move(name), bytes);
  }
  void ends() { events_.ends(); }
  /// Puts everything but the page on disk, for what is said of the job may be how long that took.
  void prepare(io::job_files& files) const { files.prepare(file_); }
  /// What --json says. Writes the page, if it was asked for.
  void describe(nlohmann::json const& said);

 private:
  pictures::timeline events_;
  io::atomic_file* file_ = nullptr;
};

}  // namespace prorata::cli
