// A ratio below 1 is printed like any other.
#include <fmt/core.h>

#include <bench/machine.hpp>
#include <bench/report.hpp>

namespace prorata::bench {
namespace {

char const* name_of(role part) {
  switch (part) {
    case role::ours:
      return "ours";
    case role::peer:
      return "peer";
    case role::yardstick:
      return "yardstick";
    case role::ceiling:
      break;
  }
  return "ceiling";
}

double fraction_of_ceiling(contest_result const& r, outcome const& o) {
  return r.ceiling() == nullptr ? 0 : r.ceiling()->median / o.median;
}

void print(contest_result const& r) {
  fmt::print("\n{}  ({:.3g} MiB, {} rounds)\n", r.name, static_cast<double>(r.bytes) / (1 << 20), r.rounds);
  fmt::print("  {:<22}{:>10}{:>11}{:>9}{:>12}{:>13}\n", "", "median ms", "quartiles", "GB/s", "of ceiling",
             "ours/this");
  for (auto const& o : r.outcomes) {
    if (!o.judged.right) {
      fmt::print("  {:<22}WRONG ANSWER (relative error {:.2g}): not timed\n", o.name, o.judged.error);
      continue;
    }
    fmt::print("  {:<22}{:>10.2f}{:>10.0f}%{:>9.2f}{:>12.2f}{:>13.2f}\n", o.name, o.median * 1e3,
               (o.upper_quartile - o.lower_quartile) / o.median * 100, r.gigabytes_per_second(o),
               fraction_of_ceiling(r, o), o.ratio);
  }
}

}  // namespace

bool table::ReportContext(Context const&) {
  fmt::print("ours/this: how many times as fast as this one we are; the median over the rounds\n");
  return true;
}

void table::ReportRuns(std::vector<Run> const&) {
  if (results_.empty()) return;
  print(results_.back());
  std::fflush(stdout);
  done_();
}

void print_bars(std::vector<contest_result> const& results) {
  fmt::print("\nBars: how many times as fast as … we are, and what was wanted\n");
  for (bool const met : {false, true})
    for (auto const& r : results)
      for (auto const& b : r.bars)
        if ((b.reached >= b.least) == met)
          fmt::print("  {:<6}  {:>5.2f} ≥ {:.2f}  {:<28} against {}\n", met ? "met" : "MISSED", b.reached,
                     b.least, r.name, b.against);
}

nlohmann::ordered_json report(hall const& h) {
  auto header = describe_machine();
  header["versions"]["NumPy"] = h.python ? h.python.version() : "absent";
  header["load_before"] = h.load_before;
  header["seed"] = h.told.seed;
  header["array_bytes"] = h.told.bytes;
  header["ceilings_gb_per_s"] = nlohmann::ordered_json::object();
  auto contests = nlohmann::ordered_json::array();
  for (auto const& r : h.results) {
    if (r.name.rfind("ceiling/", 0) == 0)
      header["ceilings_gb_per_s"][r.name.substr(8)] = r.gigabytes_per_second(r.outcomes.front());
    nlohmann::ordered_json c{{"name", r.name}, {"bytes", r.bytes}, {"rounds", r.rounds}};
    for (auto const& o : r.outcomes) {
      nlohmann::ordered_json row{{"name", o.name},
                                 {"role", name_of(o.part)},
                                 {"right", o.judged.right},
                                 {"relative_error", o.judged.error}};
      if (o.judged.right) {
        row["median_s"] = o.median;
        row["quartiles_s"] = {o.lower_quartile, o.upper_quartile};
        row["gb_per_s"] = r.gigabytes_per_second(o);
        row["fraction_of_ceiling"] = fraction_of_ceiling(r, o);
        row["ours_times_as_fast"] = o.ratio;
      }
      c["contestants"].push_back(row);
    }
    c["bars"] = nlohmann::ordered_json::array();
    for (auto const& b : r.bars)
      c["bars"].push_back({{"against", b.against},
                           {"wanted", b.least},
                           {"reached", b.reached},
                           {"met", b.reached >= b.least}});
    contests.push_back(std::move(c));
  }
  return {{"header", std::move(header)}, {"contests", std::move(contests)}};
}

}  // namespace prorata::bench
