// Printing plans and findings.
#include <host/cli/print.hpp>
#include <host/cli/report.hpp>
#include <nlohmann/json.hpp>

namespace prorata::cli {

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
