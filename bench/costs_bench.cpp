// Cutting elements of unequal cost into ranges for unequal ranks, beside the heuristic of running sums.
#include <algorithm>
#include <array>
#include <bench/ceilings.hpp>
#include <bench/crowd.hpp>
#include <bench/settings.hpp>
#include <numeric>
#include <prorata/costs.hpp>

namespace prorata::bench {
namespace {

constexpr std::array<std::uint64_t, 8> speeds{1, 1, 1, 1, 2, 2, 3, 5};

/// What elements cost, in whole numbers, and what all before each of them do.
class cost_oracle {
 public:
  explicit cost_oracle(std::vector<std::uint64_t> before) : before_(std::move(before)) {}

  /// Whether these are ranges, what they are said to cost is right, and, if it is asked for, no other cuts
  /// are faster. The error is how much longer the last rank works than if costs could be cut anywhere.
  verdict judge(std::vector<index_t> const& cuts, std::vector<double> const& loads, bool optimal) const {
    if (cuts.size() != speeds.size() + 1 || loads.size() != speeds.size() || cuts.front() != 0 ||
        cuts.back() != static_cast<index_t>(before_.size()) - 1 || !std::is_sorted(cuts.begin(), cuts.end()))
      return {false};
    std::uint64_t most = 0, at_speed = 1;
    for (std::size_t r = 0; r < speeds.size(); ++r) {
      std::uint64_t const load =
          before_[static_cast<std::size_t>(cuts[r + 1])] - before_[static_cast<std::size_t>(cuts[r])];
      if (static_cast<double>(load) != loads[r]) return {false};
      if (load * at_speed > most * speeds[r]) most = load, at_speed = speeds[r];
    }
    if (optimal && can_be_faster_than(most, at_speed)) return {false};
    double const mean = static_cast<double>(before_.back()) /
                        static_cast<double>(std::accumulate(speeds.begin(), speeds.end(), std::uint64_t{0}));
    return {true, static_cast<double>(most) / static_cast<double>(at_speed) / mean - 1};
  }

 private:
  /// Whether every rank can be done before load / speed: each takes all it can, the last one has the rest.
  bool can_be_faster_than(std::uint64_t load, std::uint64_t speed) const {
    auto at = before_.begin();
    for (std::uint64_t const s : speeds)
      at = std::upper_bound(at, before_.end(), *at + (load * s - 1) / speed) - 1;
    return at == before_.end() - 1;
  }

  std::vector<std::uint64_t> before_;
};

contest costs_contest(hall& h) {
  auto const costs = h.memory.get<double>(arrays::out);
  std::vector<std::uint64_t> before{0};
  for (std::size_t i = 0; i < costs.size(); ++i) {
    std::uint64_t const cost = scattered_bits(h.told.seed, static_cast<index_t>(i)) >> 44;
    costs[i] = static_cast<double>(cost);
    before.push_back(before.back() + cost);
  }
  if (h.told.spoil) costs[costs.size() / 2] += 1 << 20;
  auto const oracle = std::make_shared<cost_oracle const>(std::move(before));
  std::vector<double> const fast(speeds.begin(), speeds.end());

  contest c{2 * h.memory.bytes(), {}, {}};
  c.contestants.push_back(entry(
      "prorata, optimal", role::ours, [=] { return partition_by_costs(costs, fast); },
      [=](cost_partition const& found) { return oracle->judge(found.parts.cuts, found.loads, true); }));

  struct ranges {
    std::vector<index_t> cuts;
    std::vector<double> loads;
  };
  auto const sums = std::make_shared<std::vector<double>>(costs.size());
  c.contestants.push_back(entry(
      "running sums, serial", role::yardstick,
      [=] {
        std::partial_sum(costs.begin(), costs.end(), sums->begin());
        double const all = std::accumulate(fast.begin(), fast.end(), 0.0);
        ranges found{{0}, {}};
        double share = 0, told = 0;
        for (double const speed : fast) {
          share += speed;
          auto const end = share == all
                               ? sums->end()
                               : std::upper_bound(sums->begin(), sums->end(), sums->back() * (share / all));
          double const so_far = end == sums->begin() ? 0 : *(end - 1);
          found.cuts.push_back(end - sums->begin());
          found.loads.push_back(so_far - told);
          told = so_far;
        }
        return found;
      },
      [=](ranges const& found) { return oracle->judge(found.cuts, found.loads, false); }));
  if (h.python) {
    std::string verb = "costs";
    for (std::uint64_t const speed : speeds) verb += ":" + std::to_string(speed);
    c.contestants.push_back(numpy_entry(h, verb, numpy_type<double>, [=](std::vector<double> const& v) {
      ranges found{{0}, {v.begin() + speeds.size(), v.end()}};
      for (std::size_t r = 0; r < speeds.size(); ++r) found.cuts.push_back(static_cast<index_t>(v.at(r)));
      return oracle->judge(found.cuts, found.loads, false);
    }));
    c.contestants.back().part = role::yardstick;
  }
  c.contestants.push_back(read_ceiling(h.memory, 2));
  return c;
}

}  // namespace

void add_costs(hall& h) {
  h.add("partition by costs/8 ranks/f64", [&h] { return costs_contest(h); });
}

}  // namespace prorata::bench
