// Printing plans and findings.
#include <host/cli/print.hpp>
#include <host/cli/report.hpp>
#include <host/jobs/launched.hpp>
#include <host/pictures/html_page.hpp>
#include <nlohmann/json.hpp>

namespace prorata::cli {

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

printed_object::printed_object() { print("{{"); }

void printed_object::list(char const* name, index_t n,
                          std::function<nlohmann::json(index_t)> const& element) const {
  print("\"{}\":[", name);
  for (index_t k = 0; k < n; ++k) print("{}{}", k > 0 ? "," : "", element(k).dump());
  print("],");
}

void printed_object::finish(nlohmann::json const& others) const {
  print("{}\n", std::string_view(others.dump()).substr(1));
}

nlohmann::json with_list(nlohmann::json object, char const* name, index_t n,
                         std::function<nlohmann::json(index_t)> const& element) {
  constexpr index_t most = 20;
  auto& list = object[name] = nlohmann::json::array();
  for (index_t k = 0; k < std::min(n, most); ++k) list.push_back(element(k));
  if (n > most) list.push_back(fmt::format("… {} more", n - most));
  return object;
}

bool said_as_json(session& job, options const& o, std::function<nlohmann::json()> const& make) {
  if (!is_described(job, o)) return false;
  auto const said = make();
  job.describe(said);
  if (o.json) print("{}\n", said.dump());
  return o.json;
}

void stages_report::open(io::job_files& files, options const& o) {
  if (o.report.empty()) return;
  require(all_processes().alone(), "--report is for one process, and there are several; leave it out");
  file_ = &files.write(o.report);
}

void stages_report::describe(nlohmann::json const& said) {
  if (file_ == nullptr) return;
  events_.ends();
  file_->write_text(pictures::html_page({noted_words(), said, events_, {}, {}}));
}

void report(session& job, options const& o, std::string const& operation, input const& first,
            dynamic::answer const& found) {
  auto const where = [&](dynamic::finding const& f) {
    return f.is_place ? first.position(std::get<std::int64_t>(f.value)) : std::string();
  };
  if (is_described(job, o)) {
    auto const shown = [&](dynamic::finding const& f) {
      auto one = json_of(f.value);
      if (auto const text = where(f); !text.empty()) one["where"] = text;
      if (!f.note.empty()) one["note"] = f.note;
      return one;
    };
    auto result = nlohmann::json::object();
    if (found.size() == 1) {
      result = shown(found.front());
    } else {
      for (auto const& f : found) result[f.name] = shown(f);
    }
    if (said_as_json(job, o, [&] {
          return job_json(job, operation,
                          {{"n", job.cuts().n},
                           {"dtype", io::describe(first.array().type).code},
                           {"exact", o.exact},
                           {"order", order_name},
                           {"result", result},
                           {"chunk", job.chunk()}});
        }))
      return;
  }
  print("{} of {}, {}\n", count_text(job.cuts().n, "element"), io::name_of(first.array().type),
        bytes_text(job.bytes()));
  if (job.devices().size() > 1) print("{}", pictures::plan_table(plan_of(job)));
  for (auto const& f : found) {
    auto const bits = dynamic::bits_text(f.value);
    print("  {:<8} {:<25} {}{}{}\n", f.name, shortest(f.value), bits ? *bits : "", where(f),
          f.note.empty() ? "" : "  (" + f.note + ")");
  }
  print("  {:.3g} s, {:.2f} GB/s\n", job.seconds(), job.gb_per_s());
}

}  // namespace prorata::cli
