// Assignments: the wheel of a weighted cycle, and LPT in exact integers.
#include <algorithm>
#include <host/fp_environment.hpp>
#include <host/load_units.hpp>
#include <numeric>
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

task_assignment assign_tasks(std::span<double const> costs, std::span<double const> speeds) {
  return host::canonically([&] {
    auto const unit = host::unit_of(costs);
    auto const parts = host::speeds_of(speeds, !costs.empty());
    std::vector<std::uint64_t> whole;
    for (double const cost : costs) whole.push_back(unit(cost));
    std::vector<std::size_t> order(costs.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    // By the costs themselves: those that differ by less than a unit have an order too.
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return costs[a] > costs[b]; });
    std::vector<std::uint64_t> loads(speeds.size(), 0);
    task_assignment result{std::vector<int>(costs.size()), std::vector<double>(speeds.size()), 0};
    auto const first =
        static_cast<std::size_t>(std::find_if(parts.begin(), parts.end(),
                                              [](dissected const& speed) { return speed.significand != 0; }) -
                                 parts.begin());
    for (std::size_t const task : order) {
      std::size_t best = first;
      for (std::size_t r = first + 1; r < speeds.size(); ++r)
        if (parts[r].significand != 0 &&
            host::sooner(loads[r] + whole[task], parts[r], loads[best] + whole[task], parts[best]))
          best = r;
      loads[best] += whole[task];
      result.rank_of[task] = static_cast<int>(best);
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
