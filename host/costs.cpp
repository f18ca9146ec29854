// Partition by costs: sums of blocks, probes over them, and the search for the smallest bottleneck.
#include <algorithm>
#include <cmath>
#include <host/block_sums.hpp>
#include <host/exact.hpp>
#include <host/fp_environment.hpp>
#include <host/load_units.hpp>
#include <numeric>
#include <prorata/costs.hpp>
#include <prorata/error.hpp>
#include <prorata/exact.hpp>

namespace prorata {
namespace {

using host::most_units;
using host::place;
using host::units;

// A bottleneck: the time that a rank takes for a load.
struct bottleneck {
  units load;
  std::size_t rank;
};

// The search, for given sums and speeds; `caps` may stop a rank earlier than the time does.
template <class Sums>
class chain {
 public:
  chain(Sums const& sums, std::vector<dissected> const& speeds, std::vector<units> const& caps)
      : sums_(sums), speeds_(speeds), caps_(caps) {}

  // How much every rank can hold.
  std::vector<units> limits(bottleneck time) const {
    std::vector<units> result;
    for (std::size_t r = 0; r < speeds_.size(); ++r)
      result.push_back(std::min(caps_[r], load_of(r, time).count));
    return result;
  }

  // The probe: every rank takes what it can, from left to right. Returns where they stop.
  place reach(std::vector<units> const& limits) const {
    place here{0, 0};
    for (std::size_t r = 0; r < limits.size() && here.before < sums_.total(); ++r)
      here = sums_.last_within(here.before + std::min(limits[r], most_units - here.before));
    return here;
  }
  bool suffices(std::vector<units> const& limits) const { return reach(limits).before == sums_.total(); }

  // The smallest bottleneck for which the probe gets through. Some rank's load is a whole number of units
  // there, so each rank looks for the smallest such load, from the fastest on: after a bisection to one unit
  // of the fastest, no other rank has more than one load between what fails and what is good enough.
  // Requires caps that suffice.
  bottleneck smallest() const {
    std::vector<std::size_t> order(speeds_.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::erase_if(order, [&](std::size_t r) { return speeds_[r].significand == 0; });
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return host::sooner(1, speeds_[a], 1, speeds_[b]);
    });
    bottleneck fails{0, order.front()}, best{0, order.front()};
    if (sums_.total() == 0) return best;
    bool found = false;
    for (std::size_t const rank : order) {
      units low = load_of(rank, fails).count;
      units high = sums_.total();
      if (found) {
        auto const [count, exact] = load_of(rank, best);
        high = std::min(high, count - static_cast<units>(exact && count > 0));
      }
      if (high <= low) continue;
      if (!suffices(limits({high, rank}))) {
        fails = {high, rank};
        continue;
      }
      while (high - low > 1) {
        units const middle = low + (high - low) / 2;
        (suffices(limits({middle, rank})) ? high : low) = middle;
      }
      best = {high, rank};
      found = true;
      if (host::sooner(fails.load, speeds_[fails.rank], low, speeds_[rank])) fails = {low, rank};
    }
    return best;
  }

  // Cuts that keep the limits, which suffice. What lies right of the first place a cut can have still fits on
  // the ranks after it; between that and the rank's reach, the cut goes where the speeds alone would put it.
  std::vector<place> cuts(std::vector<units> const& limits, std::vector<units> const& targets) const {
    std::size_t const ranks = limits.size();
    std::vector<place> first(ranks + 1), result(ranks + 1);
    first[ranks] = sums_.last_within(sums_.total());
    for (std::size_t r = ranks; r-- > 0;)
      first[r] = speeds_[r].significand == 0
                     ? first[r + 1]
                     : sums_.first_with(first[r + 1].before - std::min(limits[r], first[r + 1].before));
    result[0] = {0, 0};
    for (std::size_t r = 0; r < ranks; ++r) {
      result[r + 1] = result[r];
      if (speeds_[r].significand == 0) continue;
      units const reach = result[r].before + std::min(limits[r], most_units - result[r].before);
      place const wanted = sums_.last_within(std::max(std::min(reach, targets[r]), first[r + 1].before));
      if (wanted.cut > result[r].cut) result[r + 1] = wanted;
    }
    return result;
  }

 private:
  // What the rank gets done in that time.
  host::whole_units load_of(std::size_t rank, bottleneck time) const {
    dissected const &mine = speeds_[rank], &other = speeds_[time.rank];
    return host::scaled(time.load, mine.significand, other.significand, mine.exponent - other.exponent);
  }

  Sums const& sums_;
  std::vector<dissected> const& speeds_;
  std::vector<units> const& caps_;
};

// The smallest double for which a condition holds that fails at 0, holds at infinity, and changes once.
// Doubles from 0 to infinity are in the order of their bit patterns.
template <class Condition>
double smallest_double(Condition const& holds) {
  std::uint64_t low = 0, high = infinity_bits<double>;
  while (high - low > 1) {
    std::uint64_t const middle = low + (high - low) / 2;
    (holds(from_bits<double>(middle)) ? high : low) = middle;
  }
  return from_bits<double>(high);
}

template <class Cost>
class cost_partitioner {
 public:
  cost_partitioner(index_t n, std::span<double const> speeds, cost_options const& options, int exponent,
                   Cost const& cost)
      : speeds_(speeds),
        options_(options),
        exponent_(exponent),
        parts_(host::speeds_of(speeds, n > 0)),
        sums_(n, options.granularity, cost),
        n_(n) {}

  cost_partition operator()() const {
    std::vector<units> caps(speeds_.size(), most_units);
    for (std::size_t r = 0; r < options_.caps.size(); ++r) caps[r] = cap_units(options_.caps[r]);
    for (std::size_t r = 0; r < caps.size(); ++r)
      if (parts_[r].significand == 0) caps[r] = 0;
    cost_partition result{single(n_), std::vector<double>(speeds_.size()), 0};
    result.parts.cuts.assign(speeds_.size() + 1, n_);
    result.parts.cuts[0] = 0;
    if (n_ == 0) return result;
    chain const search(sums_, parts_, caps);
    if (place const stop = search.reach(caps); stop.before < sums_.total()) refuse_caps(stop);
    bottleneck const best = search.smallest();
    auto const cuts = search.cuts(search.limits(best), targets());
    for (std::size_t r = 0; r < speeds_.size(); ++r) {
      units const load = cuts[r + 1].before - cuts[r].before;
      result.parts.cuts[r + 1] = cuts[r + 1].cut;
      result.loads[r] = host::in_double(load, exponent_);
    }
    result.bottleneck = host::in_double(best.load, exponent_, parts_[best.rank]);
    return result;
  }

 private:
  // What a load is measured by: as reported, rounded once.
  double shown(units load) const {
    return options_.normalised ? host::in_double(load, 0, {sums_.total(), 0, false, true})
                               : host::in_double(load, exponent_);
  }

  // A cap in units, rounded down.
  units whole(double cap) const {
    dissected const part = dissect(cap);
    return options_.normalised ? host::scaled(sums_.total(), part.significand, 1, part.exponent).count
                               : host::scaled(1, part.significand, 1, part.exponent - exponent_).count;
  }

  // The largest load, up to the total, that is not shown to exceed the cap.
  units cap_units(double cap) const {
    units high = sums_.total();
    if (shown(high) <= cap) return high;
    units low = whole(cap);
    high = std::min(high, whole(std::nextafter(cap, HUGE_VAL)) + 1);
    while (high - low > 1) {
      units const middle = low + (high - low) / 2;
      (shown(middle) <= cap ? low : high) = middle;
    }
    return low;
  }

  // Where each rank would end if elements could be cut: total · (speeds up to here) / (all speeds).
  std::vector<units> targets() const {
    using wide = natural<72>;  // a sum of doubles, and room for a factor of 64 bits
    std::vector<wide> sums;
    exact_sum<double> sum;
    for (double const speed : speeds_) {
      sum.deposit(speed);
      auto const magnitude = sum.finite_part().magnitude;
      std::copy(std::begin(magnitude.word), std::end(magnitude.word), sums.emplace_back().word);
    }
    std::vector<units> result;
    for (wide const& up_to_here : sums)
      result.push_back(divide(up_to_here * sums_.total(), sums.back()).quotient);
    return result;
  }

  [[noreturn]] void refuse_caps(place stop) const {
    auto const smallest = [&](auto const& cap_of) {
      double const cap = smallest_double([&](double candidate) {
        std::vector<units> caps;
        for (double const speed : speeds_)
          caps.push_back(speed == 0 ? 0 : cap_units(cap_of(candidate, speed)));
        return chain(sums_, parts_, caps).suffices(caps);
      });
      return host::shortest(cap) + (options_.normalised ? " of the total" : "");
    };
    throw infeasible("the caps hold no more than the first " + std::to_string(stop.cut) + " of " +
                     std::to_string(n_) + " elements; the smallest cap that would do is " +
                     smallest([](double cap, double) { return cap; }) + " for every rank, or " +
                     smallest([](double cap, double speed) { return cap * speed; }) +
                     " times each rank's speed");
  }

  std::span<double const> speeds_;
  cost_options const& options_;
  int exponent_;
  std::vector<dissected> parts_;
  host::block_sums<Cost> sums_;
  index_t n_;
};

void require_options(std::size_t ranks, cost_options const& options) {
  require(ranks > 0, "a partition needs at least one rank; no speeds were given");
  require(options.granularity > 0,
          "the granularity is " + std::to_string(options.granularity) + "; it must be at least one element");
  require(options.caps.empty() || options.caps.size() == ranks,
          std::to_string(options.caps.size()) + " caps were given for " + std::to_string(ranks) +
              " ranks; give one for each");
  for (std::size_t r = 0; r < options.caps.size(); ++r)
    require(options.caps[r] >= 0, "cap " + std::to_string(r) + " is " + host::shortest(options.caps[r]) +
                                      "; it must be a number and not negative");
}

/// Costs in units, read a block at a time; the block that was read last is kept.
class read_costs {
 public:
  read_costs(host::cost_unit unit, cost_reader const& read, index_t n) : unit_(unit), read_(&read), n_(n) {}

  template <class F>
  void each(index_t begin, index_t end, F const& f) {
    while (begin < end) {
      if (begin < first_ || begin >= first_ + count_) {
        first_ = begin;
        count_ = std::min(host::exact_block, n_ - begin);
        (*read_)(first_, count_, costs_);
      }
      index_t const last = std::min(end, first_ + count_);
      for (index_t i = begin; i < last; ++i) f(unit_(costs_[i - first_]));
      begin = last;
    }
  }
  template <class F>
  void each(index_t begin, index_t end, F const& f) const {
    read_costs(unit_, *read_, n_).each(begin, end, f);
  }

 private:
  host::cost_unit unit_;
  cost_reader const* read_;
  index_t n_, first_ = 0, count_ = 0;
  double costs_[host::exact_block];
};

template <class Cost>
cost_partition by_costs(std::size_t n, std::span<double const> speeds, cost_options const& options,
                        int exponent, Cost const& cost) {
  return cost_partitioner<Cost>(static_cast<index_t>(n), speeds, options, exponent, cost)();
}

}  // namespace

cost_partition partition_by_costs(std::span<double const> costs, std::span<double const> speeds,
                                  cost_options const& options) {
  require_options(speeds.size(), options);
  return host::canonically([&] {
    host::cost_unit const unit = host::unit_of(costs);
    return by_costs(costs.size(), speeds, options, unit.exponent(),
                    [unit, x = costs.data()](index_t i) { return unit(x[i]); });
  });
}

cost_partition partition_by_costs(index_t n, cost_reader const& read, std::span<double const> speeds,
                                  cost_options const& options) {
  require_options(speeds.size(), options);
  require(n >= 0, "there are " + std::to_string(n) + " costs; at least 0");
  return host::canonically([&] {
    host::cost_unit const unit = host::unit_of(n, read);
    return by_costs(static_cast<std::size_t>(n), speeds, options, unit.exponent(), read_costs(unit, read, n));
  });
}

cost_partition partition_by_costs(std::span<std::uint64_t const> costs, std::span<double const> speeds,
                                  cost_options const& options) {
  require_options(speeds.size(), options);
  return host::canonically([&] {
    return by_costs(costs.size(), speeds, options, 0, [x = costs.data()](index_t i) { return x[i]; });
  });
}

}  // namespace prorata
