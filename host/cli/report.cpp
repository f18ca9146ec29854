// Printing plans and findings.
#include <host/cli/number_json.hpp>
#include <host/cli/print.hpp>
#include <host/cli/report.hpp>
#include <nlohmann/json.hpp>
#include <prorata/normalize.hpp>

namespace prorata::cli {

nlohmann::json plan_json(std::vector<device_spec> const& devices, std::vector<double> const& weights,
                         partition const& cuts, std::vector<double> const& loads) {
  auto const shares = normalize(weights);
  auto plan = nlohmann::json::array();
  for (int rank = 0; rank < cuts.ranks(); ++rank) {
    auto const k = static_cast<std::size_t>(rank);
    plan.push_back({{"rank", rank},
                    {"device", devices[k].name},
                    {"weight", weights[k]},
                    {"share", shares[k]},
                    {"begin", cuts.begin(rank)},
                    {"count", cuts.size(rank)}});
    if (!loads.empty()) plan.back()["load"] = loads[k];
  }
  return plan;
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
  own["plan"] = plan_json(job.devices(), job.weights(), job.cuts(), job.loads());
  own["seconds"] = job.seconds();
  own["bytes"] = job.bytes();
  own["gb_per_s"] = job.gb_per_s();
  own["devices"] = devices_json(job);
  return own;
}

void print_plan(std::vector<device_spec> const& devices, std::vector<double> const& weights,
                partition const& cuts, std::vector<double> const& loads) {
  auto const shares = normalize(weights);
  std::size_t width = 6;
  for (auto const& d : devices) width = std::max(width, d.name.size());
  print("  rank  {:<{}}     weight    share               begin               count{}\n", "device", width,
        loads.empty() ? "" : "           load");
  for (int rank = 0; rank < cuts.ranks(); ++rank) {
    auto const k = static_cast<std::size_t>(rank);
    print("  {:>4}  {:<{}} {:>10.6g} {:>7.2f}% {:>19} {:>19}{}\n", rank, devices[k].name, width, weights[k],
          shares[k] * 100, cuts.begin(rank), cuts.size(rank),
          loads.empty() ? "" : fmt::format(" {:>14.6g}", loads[k]));
  }
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
  if (!job.is_described()) return false;
  auto const said = make();
  job.describe(said);
  if (o.json) print("{}\n", said.dump());
  return o.json;
}

std::string count_text(index_t count, std::string const& noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string bytes_text(index_t bytes) {
  constexpr char const* units[] = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  double value = static_cast<double>(bytes);
  int unit = 0;
  for (; value >= 1024 && unit < 6; ++unit) value /= 1024;
  return unit == 0 ? count_text(bytes, "byte") : fmt::format("{:.2f} {}", value, units[unit]);
}

void report(session& job, options const& o, std::string const& operation, input const& first,
            dynamic::answer const& found) {
  auto const where = [&](dynamic::finding const& f) {
    return f.is_place ? first.position(std::get<std::int64_t>(f.value)) : std::string();
  };
  if (job.is_described()) {
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
  if (job.devices().size() > 1) print_plan(job.devices(), job.weights(), job.cuts(), job.loads());
  for (auto const& f : found) {
    auto const bits = dynamic::bits_text(f.value);
    print("  {:<8} {:<25} {}{}{}\n", f.name, shortest(f.value), bits ? *bits : "", where(f),
          f.note.empty() ? "" : "  (" + f.note + ")");
  }
  print("  {:.3g} s, {:.2f} GB/s\n", job.seconds(), job.gb_per_s());
}

}  // namespace prorata::cli
