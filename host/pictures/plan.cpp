// One object, or one line, a rank.
#include <fmt/format.h>

#include <algorithm>
#include <host/pictures/plan.hpp>
#include <iterator>
#include <nlohmann/json.hpp>
#include <prorata/normalize.hpp>

namespace prorata::pictures {

nlohmann::json plan_json(plan const& of) {
  auto const shares = normalize(of.weights);
  auto all = nlohmann::json::array();
  for (int rank = 0; rank < of.cuts.ranks(); ++rank) {
    auto const k = static_cast<std::size_t>(rank);
    all.push_back({{"rank", rank},
                   {"device", of.devices[k]},
                   {"weight", of.weights[k]},
                   {"share", shares[k]},
                   {"begin", of.cuts.begin(rank)},
                   {"count", of.cuts.size(rank)}});
    if (!of.loads.empty()) all.back()["load"] = of.loads[k];
  }
  return all;
}

std::string plan_table(plan const& of) {
  auto const shares = normalize(of.weights);
  std::size_t width = 6;
  for (auto const& d : of.devices) width = std::max(width, d.size());
  std::string text =
      fmt::format("  rank  {:<{}}     weight    share               begin               count{}\n", "device",
                  width, of.loads.empty() ? "" : "           load");
  for (int rank = 0; rank < of.cuts.ranks(); ++rank) {
    auto const k = static_cast<std::size_t>(rank);
    fmt::format_to(std::back_inserter(text), "  {:>4}  {:<{}} {:>10.6g} {:>7.2f}% {:>19} {:>19}{}\n", rank,
                   of.devices[k], width, of.weights[k], shares[k] * 100, of.cuts.begin(rank),
                   of.cuts.size(rank), of.loads.empty() ? "" : fmt::format(" {:>14.6g}", of.loads[k]));
  }
  return text;
}

}  // namespace prorata::pictures
