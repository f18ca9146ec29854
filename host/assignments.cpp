// Assignments: the wheel of a weighted cycle, and LPT in exact integers.
#include <algorithm>
#include <cmath>
#include <host/fp_environment.hpp>
#include <host/load_units.hpp>
#include <limits>
#include <prorata/apportion.hpp>
#include <prorata/assignments.hpp>
#include <prorata/error.hpp>
#include <string>

namespace prorata {
namespace {

void require_cycle(index_t n, index_t block) {
  require(n >= 0, "an array cannot have " + std::to_string(n) + " elements");
  require(block > 0, "the block is " + std::to_string(block) + "; it must be at least one element");
}

}  // namespace

block_cyclic::block_cyclic(index_t elements, int rank_count, index_t block_length)
    : n(elements), ranks(rank_count), block(block_length) {
  require_cycle(n, block);
  require(ranks > 0, "there are " + std::to_string(ranks) + " ranks; a cycle needs at least one");
  blocks = divisor(block), rounds = divisor(ranks);
}

weighted_cyclic::weighted_cyclic(index_t n, std::span<double const> weights, index_t block, int period)
    : n_(n), block_(block), places_(weights.size()) {
  require_cycle(n, block);
  require(period > 0, "the period is " + std::to_string(period) + "; it must be at least one place");
  auto const counts = apportion(period, weights, apportionment::webster);
  struct unit {
    index_t odd, count;  // stands at odd / count
    int rank;
  };
  std::vector<unit> order;
  for (std::size_t r = 0; r < counts.size(); ++r)
    for (index_t k = 0; k < counts[r]; ++k) order.push_back({2 * k + 1, counts[r], static_cast<int>(r)});
  std::stable_sort(order.begin(), order.end(),
                   [](unit const& a, unit const& b) { return a.odd * b.count < b.odd * a.count; });
  for (unit const& u : order) {
    auto& mine = places_[static_cast<std::size_t>(u.rank)];
    earlier_.push_back(static_cast<index_t>(mine.size()));
    mine.push_back(static_cast<index_t>(wheel_.size()));
    wheel_.push_back(u.rank);
  }
}

int weighted_cyclic::rank_of(index_t index) const {
  return wheel_[static_cast<std::size_t>(index / block_) % wheel_.size()];
}

index_t weighted_cyclic::local_index(index_t index) const {
  auto const period = static_cast<index_t>(wheel_.size());
  index_t const turn = index / block_ / period;
  auto const place = static_cast<std::size_t>(index / block_ % period);
  auto const mine = static_cast<index_t>(places_[static_cast<std::size_t>(wheel_[place])].size());
  return (turn * mine + earlier_[place]) * block_ + index % block_;
}

index_t weighted_cyclic::global_index(int rank, index_t local) const {
  auto const& mine = places_[static_cast<std::size_t>(rank)];
  auto const count = static_cast<index_t>(mine.size());
  index_t const turn = local / block_ / count;
  index_t const place = mine[static_cast<std::size_t>(local / block_ % count)];
  return (turn * static_cast<index_t>(wheel_.size()) + place) * block_ + local % block_;
}

index_t weighted_cyclic::size(int rank) const {
  auto const& mine = places_[static_cast<std::size_t>(rank)];
  auto const period = static_cast<index_t>(wheel_.size());
  index_t const whole = n_ / block_, last = whole % period;  // `last`: the place of the ragged end
  auto const before = std::lower_bound(mine.begin(), mine.end(), last) - mine.begin();
  index_t const blocks = whole / period * static_cast<index_t>(mine.size()) + before;
  return blocks * block_ + (wheel_[static_cast<std::size_t>(last)] == rank ? n_ % block_ : 0);
}

namespace {

/// Which rank would be ready first: told by doubles where they leave no doubt, else exactly.
class finish_line {
 public:
  explicit finish_line(std::vector<dissected> const& speeds)
      : speeds_(speeds),
        slow_(speeds.size(), std::numeric_limits<double>::infinity()),
        ready_(speeds.size()) {
    int least = std::numeric_limits<int>::max(), most = std::numeric_limits<int>::min();
    for (auto const& speed : speeds)
      if (speed.significand != 0)
        least = std::min(least, speed.exponent), most = std::max(most, speed.exponent);
    bool const comparable = index_t{most} - least < 500;  // else every answer is exact
    for (std::size_t r = 0; r < speeds.size(); ++r)
      if (speeds[r].significand != 0)
        slow_[r] = comparable
                       ? 1 / std::ldexp(static_cast<double>(speeds[r].significand), speeds[r].exponent - most)
                       : 0;
  }

  /// With `more` units on top of its load; on ties the lowest rank.
  std::size_t first(std::vector<std::uint64_t> const& loads, std::uint64_t more) {
    double soonest = std::numeric_limits<double>::infinity();
    for (std::size_t r = 0; r < loads.size(); ++r) {
      ready_[r] = static_cast<double>(loads[r] + more) * slow_[r];
      soonest = ready_[r] < soonest ? ready_[r] : soonest;
    }
    double const limit = soonest * (1 + 0x1p-48);  // each is within three roundings of the truth
    std::size_t best = loads.size();
    for (std::size_t r = 0; r < loads.size(); ++r)
      if (ready_[r] <= limit && (best == loads.size() || host::sooner(loads[r] + more, speeds_[r],
                                                                      loads[best] + more, speeds_[best])))
        best = r;
    return best;
  }

 private:
  std::vector<dissected> const& speeds_;
  std::vector<double> slow_;   // 1 / speed, of the fastest about 1
  std::vector<double> ready_;  // room
};

}  // namespace

task_assignment assign_tasks(std::span<double const> costs, std::span<double const> speeds) {
  return host::canonically([&] {
    auto const unit = host::unit_of(costs);
    auto const parts = host::speeds_of(speeds, !costs.empty());
    struct task {
      double cost;
      std::size_t number;
    };
    std::vector<task> order;
    for (double const cost : costs) order.push_back({cost, order.size()});
    // By the costs themselves: those that differ by less than a unit have an order too.
    std::sort(order.begin(), order.end(), [](task const& a, task const& b) {
      return a.cost != b.cost ? a.cost > b.cost : a.number < b.number;
    });
    std::vector<std::uint64_t> loads(speeds.size(), 0);
    task_assignment result{std::vector<int>(costs.size()), std::vector<double>(speeds.size()), 0};
    finish_line line(parts);
    for (task const& next : order) {
      std::uint64_t const whole = unit(next.cost);
      std::size_t const best = line.first(loads, whole);
      loads[best] += whole;
      result.rank_of[next.number] = static_cast<int>(best);
    }
    for (std::size_t r = 0; r < speeds.size(); ++r) {
      result.loads[r] = host::in_double(loads[r], unit.exponent());
      if (loads[r] != 0)
        result.makespan = std::max(result.makespan, host::in_double(loads[r], unit.exponent(), parts[r]));
    }
    return result;
  });
}

}  // namespace prorata
