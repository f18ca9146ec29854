// costs: where elements of unequal cost are cut into one contiguous range per unequal device, optimally.
#pragma once

#include <functional>
#include <prorata/partition.hpp>
#include <span>
#include <vector>

namespace prorata {

/// What partition_by_costs can be told.
struct cost_options {
  std::vector<double> caps;  ///< the largest load each rank may get, in the unit of costs; empty: no limit
  index_t granularity = 1;   ///< inner cuts fall on multiples of this many elements
  bool normalised = false;   ///< caps are fractions of the total cost
};

/// Ranges and what they cost; each double is rounded once from the exact value.
struct cost_partition {
  partition parts;
  std::vector<double> loads;  ///< the cost of each rank's range
  double bottleneck = 0;      ///< the largest load / speed: the time until the last rank is done
};

/// Cuts elements into ranges, in rank order, so that the largest load / speed is the smallest possible.
///   method   sums of blocks, and probes ("how far does every rank get in time t?"): bisection over integer
///            loads, then the one load per rank that could still be better, as in Pinar, Tabak and Aykanat,
///            One-dimensional partitioning for heterogeneous systems (2008); every comparison is exact
///   costs    doubles count in whole units of 2^k, rounded down, where 2^k is the smallest unit in which the
///            exact total takes at most 62 bits: less than the 2^61st part of the total may count as zero
///   example  costs 1 9 1 1: speeds 9 1 1 1 → bottleneck 10/9; speeds 1 9 1 1 → 1; speeds 1 1 1 9 → 11/9
///   ties     of the optimal cuts, from left to right, the last one within the rank's proportional place, or
///            else the first one beyond it; elements of cost zero go with the left part
///   caps     hold for the loads as returned, rounded to double; normalised, for load / total, rounded once
///   speeds   in any unit; speed zero gets nothing
///   cost     reads doubles twice and integers once, in parallel; stores 8 bytes per 4096 elements, 8 MiB at
///            most; about 60 probes. 10^8 doubles on 8 ranks: 0.25 to 0.4 s on two busy cores (1.7 s
///            across 1200 binades); 10^8 integers: 0.05 to 0.08 s
///   throws   usage_error naming index and value: a cost, speed or cap that is NaN or negative, a cost or
///            speed that is infinite; elements but no speed; integers whose total exceeds 2^63 − 1.
///            infeasible if the caps cannot hold the ranges: the message has the smallest cap that would do,
///            the same for all ranks, and the smallest that would do as a multiple of each rank's speed
cost_partition partition_by_costs(std::span<double const> costs, std::span<double const> speeds,
                                  cost_options const& options = {});
cost_partition partition_by_costs(std::span<std::uint64_t const> costs, std::span<double const> speeds,
                                  cost_options const& options = {});

/// Writes costs [first, first + n) to `to`, 1024 at most; from many threads.
using cost_reader = std::function<void(index_t first, index_t n, double* to)>;

/// The same of n costs that lie elsewhere, on disk or in another type: the same cuts as from a span.
///   cost     reads all of them twice, and parts again; stores 8 MiB, or 8 bytes per 4096 elements where less
cost_partition partition_by_costs(index_t n, cost_reader const& read, std::span<double const> speeds,
                                  cost_options const& options = {});

}  // namespace prorata
