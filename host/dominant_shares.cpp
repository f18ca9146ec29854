// Dominant-resource fairness: whole levels are filled at once, and only the last tasks before one does not fit are
// given one by one.
#include <host/integer_weights.hpp>
#include <prorata/apportion.hpp>
#include <prorata/error.hpp>
#include <prorata/fair_shares.hpp>
#include <string>

namespace prorata {
namespace {

using host::integer_weights;
using host::u128;

struct tenant {
  std::span<index_t const> needs;  // of a task
  std::uint64_t part, whole;       // of its dominant resource: a task's, and all
  std::uint64_t most;              // tasks that it can have alone
  std::uint64_t tasks = 0;
};

/// Gives tasks to tenants with positive weights until none fits.
template <class Int>
class filling {
 public:
  filling(std::vector<Int> const& weights, std::vector<tenant*> const& tenants, std::vector<index_t>& free)
      : weights_(weights), tenants_(tenants), free_(free) {
    for (std::size_t i = 0; i < tenants.size(); ++i) {
      scale_.push_back(weights[i] * tenants[i]->whole);
      if (tenants[i]->tasks < tenants[i]->most) open_.push_back(i);
    }
  }

  void operator()() {
    while (!open_.empty()) {
      fill_levels();
      while (!open_.empty()) {
        auto const next = std::min_element(open_.begin(), open_.end(), [&](std::size_t a, std::size_t b) {
          auto const x = scale_[b] * (tenants_[a]->tasks * tenants_[a]->part);
          auto const y = scale_[a] * (tenants_[b]->tasks * tenants_[b]->part);
          return x == y ? a < b : x < y;
        });
        tenant& t = *tenants_[*next];
        if (t.tasks < t.most && give(t, 1)) continue;
        open_.erase(next);  // what is free only shrinks
        break;
      }
    }
  }

 private:
  bool give(tenant& t, std::uint64_t tasks) {
    for (std::size_t r = 0; r < free_.size(); ++r)
      if (static_cast<u128>(t.needs[r]) * tasks > static_cast<u128>(free_[r])) return false;
    for (std::size_t r = 0; r < free_.size(); ++r) free_[r] -= t.needs[r] * static_cast<index_t>(tasks);
    t.tasks += tasks;
    return true;
  }

  // How many tasks of tenant i are given before the share/weight that tenant `pace` has with k tasks.
  std::uint64_t tasks_before(std::size_t i, std::size_t pace, std::uint64_t k) const {
    tenant const &a = *tenants_[pace], &t = *tenants_[i];
    if (weights_[i] * (k * a.part) > scale_[pace]) return t.most;  // more than everything
    auto const [tasks, rest] = divide(scale_[i] * (k * a.part), scale_[pace] * t.part);
    return std::min(t.most, tasks + (rest == Int{} ? 0 : 1));
  }

  bool fits(std::size_t pace, std::uint64_t k) const {
    for (std::size_t r = 0; r < free_.size(); ++r) {
      u128 used = 0;
      for (std::size_t const i : open_) {
        std::uint64_t const tasks = tasks_before(i, pace, k), had = tenants_[i]->tasks;
        if (tasks > had) used += static_cast<u128>(tenants_[i]->needs[r]) * (tasks - had);
        if (used > static_cast<u128>(free_[r])) return false;
      }
    }
    return true;
  }

  // Everything up to the highest level that fits, a level being that of a number of tasks of the tenant whose tasks
  // are the smallest, so that nobody has more than one task between two levels.
  void fill_levels() {
    std::size_t const pace = *std::min_element(open_.begin(), open_.end(), [&](std::size_t a, std::size_t b) {
      auto const x = scale_[b] * tenants_[a]->part, y = scale_[a] * tenants_[b]->part;
      return x == y ? a < b : x < y;
    });
    std::uint64_t const limit = tenants_[pace]->whole / tenants_[pace]->part;
    std::uint64_t level = tenants_[pace]->tasks, step = 1;
    for (; step <= limit - level && fits(pace, level + step); step *= 2) level += step;
    for (; step > 0; step /= 2)
      if (step <= limit - level && fits(pace, level + step)) level += step;
    for (std::size_t const i : open_) {
      std::uint64_t const tasks = tasks_before(i, pace, level);
      if (tasks > tenants_[i]->tasks) give(*tenants_[i], tasks - tenants_[i]->tasks);
    }
  }

  std::vector<Int> const& weights_;
  std::vector<tenant*> const& tenants_;
  std::vector<index_t>& free_;
  std::vector<Int> scale_;
  std::vector<std::size_t> open_;
};

void fill(std::vector<double> const& weights, std::vector<tenant*> const& tenants,
          std::vector<index_t>& free) {
  if (tenants.empty()) return;
  integer_weights const integers(weights);  // products with units of two resources need 126 bits more
  if (integers.needed < 128) return filling<natural<8>>(integers.as<natural<8>>(), tenants, free)();
  filling<natural<76>>(integers.as<natural<76>>(), tenants, free)();
}

}  // namespace

std::vector<index_t> dominant_shares(std::span<index_t const> capacities, std::span<index_t const> needs,
                                     std::span<double const> weights, std::span<index_t const> most) {
  require_weights(weights, false);
  require(needs.size() == weights.size() * capacities.size(),
          std::to_string(needs.size()) + " needs were given for " + std::to_string(weights.size()) +
              " tenants and " + std::to_string(capacities.size()) + " resources; give one for each of each");
  require(most.empty() || most.size() == weights.size(), std::to_string(most.size()) +
                                                             " numbers of tasks were given for " +
                                                             std::to_string(weights.size()) + " tenants");
  for (std::size_t r = 0; r < capacities.size(); ++r)
    require(capacities[r] >= 0, "the capacity of resource " + std::to_string(r) + " is " +
                                    std::to_string(capacities[r]) + "; it must not be negative");
  std::vector<tenant> tenants;
  std::vector<tenant*> weighted, others;
  std::vector<double> positive;
  tenants.reserve(weights.size());
  for (std::size_t i = 0; i < weights.size(); ++i) {
    tenant t{needs.subspan(i * capacities.size(), capacities.size()), 0, 1, 0};
    std::string const of = " of tenant " + std::to_string(i);
    std::uint64_t alone = std::numeric_limits<std::uint64_t>::max();
    for (std::size_t r = 0; r < capacities.size(); ++r) {
      require(t.needs[r] >= 0, "the need" + of + " for resource " + std::to_string(r) + " is " +
                                   std::to_string(t.needs[r]) + "; it must not be negative");
      if (t.needs[r] == 0) continue;
      auto const part = static_cast<std::uint64_t>(t.needs[r]),
                 whole = static_cast<std::uint64_t>(capacities[r]);
      if (static_cast<u128>(part) * t.whole > static_cast<u128>(t.part) * whole)
        t.part = part, t.whole = whole;
      alone = std::min(alone, whole / part);
    }
    require(alone != std::numeric_limits<std::uint64_t>::max(),
            "a task" + of + " needs nothing, and would run for ever");
    if (!most.empty())
      require(most[i] >= 0,
              "the number of tasks" + of + " is " + std::to_string(most[i]) + "; it must not be negative");
    t.most = most.empty() ? alone : std::min(alone, static_cast<std::uint64_t>(most[i]));
    tenants.push_back(t);
    bool const counts = dissect(weights[i]).significand != 0;
    if (t.most == 0) continue;
    (counts ? weighted : others).push_back(&tenants.back());
    if (counts) positive.push_back(weights[i]);
  }
  std::vector<index_t> free(capacities.begin(), capacities.end());
  fill(positive, weighted, free);
  fill(std::vector<double>(others.size(), 1.0), others, free);
  std::vector<index_t> result;
  for (tenant const& t : tenants) result.push_back(static_cast<index_t>(t.tasks));
  return result;
}

}  // namespace prorata
