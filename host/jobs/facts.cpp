// Figures of a job as JSON, and its stages as a page.
#include <host/jobs/facts.hpp>
#include <host/jobs/launched.hpp>
#include <host/pictures/html_page.hpp>
#include <nlohmann/json.hpp>
#include <prorata/error.hpp>

namespace prorata::jobs {

pictures::plan plan_of(std::vector<device_spec> const& devices, std::vector<double> weights, partition cuts,
                       std::vector<double> loads) {
  return {names_of(devices), std::move(weights), std::move(cuts), std::move(loads)};
}
pictures::plan plan_of(session const& job) {
  return plan_of(job.devices(), job.weights(), job.cuts(), job.loads());
}

namespace {

/// What each device did.
nlohmann::json devices_json(session const& job) {
  auto all = nlohmann::json::array();
  for (auto const& work : job.work()) {
    auto const k = all.size();
    all.push_back({{"name", job.devices()[k].name},
                   {"weight", job.weights()[k]},
                   {"chunks", work.chunks},
                   {"elements", work.elements},
                   {"busy_seconds", work.busy_seconds}});
    if (work.failed) all.back()["failed"] = true;
  }
  return all;
}

}  // namespace

nlohmann::json job_json(session const& job, std::string const& op, nlohmann::json own) {
  own["op"] = op;
  own["plan"] = pictures::plan_json(plan_of(job));
  own["seconds"] = job.seconds();
  own["bytes"] = job.bytes();
  own["gb_per_s"] = job.gb_per_s();
  own["devices"] = devices_json(job);
  return own;
}

void stages_page::open(io::job_files& files, job_options const& o) {
  if (o.report.empty()) return;
  require(all_processes().alone(), "--report is for one process, and there are several; leave it out");
  file_ = &files.write(o.report);
  words_ = o.words;
}

void stages_page::describe(nlohmann::json const& said) {
  if (file_ == nullptr) return;
  events_.ends();
  file_->write_text(pictures::html_page({words_, said, events_, {}, {}}));
}

}  // namespace prorata::jobs
