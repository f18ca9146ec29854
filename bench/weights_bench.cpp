// What weights decide, exactly: fractions of their sum, shares of indivisible units, and who does which task;
// beside the same in doubles that are rounded on their way.
#include <algorithm>
#include <bench/crowd.hpp>
#include <bench/settings.hpp>
#include <cmath>
#include <limits>
#include <numeric>
#include <prorata/apportion.hpp>
#include <prorata/assignments.hpp>
#include <prorata/normalize.hpp>
#include <queue>

namespace prorata::bench {
namespace {

/// Whole numbers of up to 20 bits, a million at most: as drawn, and as they are told to contestants.
struct weight_list {
  std::vector<double> drawn;
  std::span<double const> told;
  long double sum = 0;

  explicit weight_list(hall& h) {
    auto const out = h.memory.get<double>(arrays::out);
    auto const place = out.first(std::min(out.size(), std::size_t{1} << 20));
    for (std::size_t i = 0; i < place.size(); ++i) {
      drawn.push_back(static_cast<double>(scattered_bits(h.told.seed, static_cast<index_t>(i)) >> 44));
      sum += drawn.back();
    }
    std::copy(drawn.begin(), drawn.end(), place.begin());
    if (h.told.spoil) place[place.size() / 2] += 1 << 20;
    told = place;
  }
};

contest normalize_contest(hall& h) {
  auto const list = std::make_shared<weight_list const>(h);
  auto const weights = list->told;
  auto const judge = [=](std::vector<double> const& found) {
    constexpr double half_unit = std::numeric_limits<double>::epsilon() / 2;
    double worst = 0;
    for (std::size_t i = 0; i < weights.size(); ++i) {
      long double const off = std::abs(static_cast<long double>(found.at(i)) * list->sum - list->drawn[i]);
      if (off > 1.001L * half_unit * list->drawn[i]) return verdict{false};
      if (off > 0) worst = std::max(worst, static_cast<double>(off / list->drawn[i]));
    }
    return verdict{true, worst};
  };
  contest c{2 * static_cast<index_t>(weights.size_bytes()), {}, {}};
  c.contestants.push_back(entry(
      "prorata, exact", role::ours, [=] { return normalize(weights); }, judge));
  c.contestants.push_back(entry(
      "a loop, serial", role::yardstick,
      [=] {
        double const sum = std::accumulate(weights.begin(), weights.end(), 0.0);
        std::vector<double> found(weights.size());
        std::transform(weights.begin(), weights.end(), found.begin(), [=](double w) { return w / sum; });
        return found;
      },
      judge));
  return c;
}

/// Largest remainders of a million weights.
contest apportion_contest(hall& h) {
  auto const list = std::make_shared<weight_list const>(h);
  auto const weights = list->told;
  constexpr index_t units = index_t{1} << 40;
  // Shares are quotas rounded down or up, and all of them together are n.
  auto const judge = [=](std::vector<index_t> const& shares) {
    index_t sum = 0;
    for (std::size_t i = 0; i < weights.size(); ++i) {
      long double const quota = static_cast<long double>(units) * list->drawn[i] / list->sum;
      if (std::abs(static_cast<long double>(shares.at(i)) - quota) >= 1) return verdict{false};
      sum += shares[i];
    }
    return verdict{sum == units};
  };
  contest c{2 * static_cast<index_t>(weights.size_bytes()), {}, {}};
  c.contestants.push_back(entry(
      "prorata, exact", role::ours, [=] { return apportion(units, weights); }, judge));
  c.contestants.push_back(entry(
      "doubles and nth_element, serial", role::yardstick,
      [=] {
        double const sum = std::accumulate(weights.begin(), weights.end(), 0.0);
        std::vector<index_t> shares;
        std::vector<std::pair<double, std::size_t>> rests;
        index_t left = units;
        for (std::size_t i = 0; i < weights.size(); ++i) {
          double const quota = static_cast<double>(units) * (weights[i] / sum);
          shares.push_back(static_cast<index_t>(quota));
          left -= shares.back();
          rests.emplace_back(static_cast<double>(shares.back()) - quota, i);
        }
        left = std::clamp<index_t>(left, 0, static_cast<index_t>(rests.size()));
        std::nth_element(rests.begin(), rests.begin() + left, rests.end());
        for (index_t k = 0; k < left; ++k) ++shares[rests[static_cast<std::size_t>(k)].second];
        return shares;
      },
      judge));
  return c;
}

/// The costliest task first, to the rank that would have it done soonest.
contest tasks_contest(hall& h) {
  auto const list = std::make_shared<weight_list const>(h);
  auto const costs = list->told;
  static constexpr double speeds[] = {1, 1, 1, 1, 2, 2, 3, 5};
  struct assignment {
    std::vector<int> rank_of;
    std::vector<double> loads;
  };
  // Every task is done once, and the last rank is ready as soon as LPT promises for many small tasks.
  auto const judge = [=](std::vector<int> const& rank_of, std::vector<double> const& loads) {
    std::vector<long double> found(std::size(speeds), 0);
    for (std::size_t i = 0; i < costs.size(); ++i)
      found.at(static_cast<std::size_t>(rank_of.at(i))) += list->drawn[i];
    long double last = 0;
    for (std::size_t r = 0; r < found.size(); ++r) {
      if (found[r] != loads.at(r)) return verdict{false};
      last = std::max(last, found[r] / speeds[r]);
    }
    long double const best = list->sum / std::accumulate(std::begin(speeds), std::end(speeds), 0.0);
    return verdict{last <= 1.01L * best, static_cast<double>(last / best - 1)};
  };
  contest c{static_cast<index_t>(costs.size_bytes()), {}, as_fast_as_any};
  c.contestants.push_back(entry(
      "prorata, exact", role::ours, [=] { return assign_tasks(costs, speeds); },
      [=](task_assignment const& found) { return judge(found.rank_of, found.loads); }));
  c.contestants.push_back(entry(
      "std::sort and a loop, serial", role::peer,
      [=] {
        std::vector<std::uint32_t> order(costs.size());
        std::iota(order.begin(), order.end(), 0u);
        std::sort(order.begin(), order.end(), [=](auto a, auto b) { return costs[a] > costs[b]; });
        assignment found{std::vector<int>(costs.size()), std::vector<double>(std::size(speeds))};
        for (auto const task : order) {
          int best = 0;
          double soonest = std::numeric_limits<double>::infinity();
          for (std::size_t r = 0; r < std::size(speeds); ++r) {
            double const ready = (found.loads[r] + costs[task]) / speeds[r];
            if (ready < soonest) soonest = ready, best = static_cast<int>(r);
          }
          found.rank_of[task] = best;
          found.loads[static_cast<std::size_t>(best)] += costs[task];
        }
        return found;
      },
      [=](assignment const& found) { return judge(found.rank_of, found.loads); }));
  return c;
}

}  // namespace

void add_weights(hall& h) {
  h.add("apportion/2^20 weights/f64", [&h] { return apportion_contest(h); });
  h.add("assign tasks/2^20 tasks/f64", [&h] { return tasks_contest(h); });
  h.add("normalize/2^20 weights/f64", [&h] { return normalize_contest(h); });
}

}  // namespace prorata::bench
