// fair_shares: weighted max-min fairness in whole units: of one resource among claims with limits, and of several
// resources among tenants whose tasks need some of each.
#pragma once

#include <limits>
#include <prorata/config.hpp>
#include <span>
#include <vector>

namespace prorata {

inline constexpr index_t no_limit = std::numeric_limits<index_t>::max();

/// What somebody may have of a resource, in units.
struct claim {
  double weight = 1;
  index_t minimum = 0;         ///< guaranteed, as far as it is wanted
  index_t maximum = no_limit;  ///< never more than that
  index_t demand = no_limit;   ///< what it can use now
};

struct fair_division {
  std::vector<index_t> units;     ///< by claim
  index_t unclaimed = 0;          ///< units that nobody may have or wants
  bool minimums_reduced = false;  ///< the minimums are more than the capacity; see fair_shares
};

/// Divides `capacity` units: everybody gets as much for its weight as anybody else, but for limits.
///   water    a level R that everybody is filled to: units = R·weight, but at least the minimum and at most the
///            maximum and the demand, with R such that all units are given
///   whole    the level's shares are rounded down, and what is left goes out by D'Hondt within the limits: so the
///            largest units/weight, of those above their minimum, is the smallest possible
///   zero     weight 0 gets its minimum, and what those with a weight leave, in equal parts
///   minimums beyond the capacity: nobody gets more than its minimum, and the capacity is divided up to there by
///            weight
///   exact    on the doubles' true values; ties to the lowest index
///   cost     O(n log n); 0.6 µs per claim where weights fit 64 bits in one unit, 6 µs to 20 µs where they span the
///            doubles
///   throws   usage_error naming index and value: a weight that is NaN, infinite or negative; a negative number of
///            units; a minimum above its maximum
fair_division fair_shares(index_t capacity, std::span<claim const> claims);

/// Weighted dominant-resource fairness (Ghodsi et al., Dominant Resource Fairness, 2011): how many tasks each tenant
/// runs.
///   needs    needs[t·capacities.size() + r] units of resource r for one task of tenant t
///   rule     a tenant's dominant share is the largest part that it has of any resource. The next task is given to the
///            smallest dominant share / weight whose next task fits, until none does; weight 0 comes after all others
///   most     how many tasks a tenant has; empty: as many as fit
///   exact    as fair_shares, ties to the lowest index
///   example  of 9 cores and 18 GB, tasks of 1 core and 4 GB, and of 3 cores and 1 GB: 3 and 2 tasks
///   cost     logarithmic in the number of tasks: O(n·(n + resources) log tasks) at most
///   throws   usage_error: weights as above, negative numbers, a task that needs nothing, lists of other lengths
std::vector<index_t> dominant_shares(std::span<index_t const> capacities, std::span<index_t const> needs,
                                     std::span<double const> weights, std::span<index_t const> most = {});

}  // namespace prorata
