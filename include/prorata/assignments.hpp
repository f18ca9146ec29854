// assignments: who owns what when ownership is not contiguous: elements dealt in turns, and lists of tasks.
#pragma once

#include <prorata/config.hpp>
#include <prorata/divisor.hpp>
#include <span>
#include <vector>

namespace prorata {

/// n elements dealt to ranks in turns of `block` elements: 1 is round robin.
///   example   n = 10, 2 ranks, block 3: rank 0 holds 0 1 2 6 7 8, rank 1 holds 3 4 5 9
///   requires  indices, ranks and local positions that exist; the constructor alone checks, and throws
///             usage_error
struct block_cyclic {
  index_t n;
  index_t ranks;
  index_t block;

  block_cyclic(index_t n, int ranks, index_t block = 1);

  PRORATA_HD int rank_of(index_t index) const {
    index_t const turn = blocks.of(index);
    return static_cast<int>(rounds.rest(turn, rounds.of(turn)));
  }
  /// Where on its rank the element is.
  PRORATA_HD index_t local_index(index_t index) const {
    index_t const turn = blocks.of(index);
    return rounds.of(turn) * block + blocks.rest(index, turn);
  }
  /// The inverse: which element is at that position on that rank.
  PRORATA_HD index_t global_index(int rank, index_t local) const {
    return (local / block * ranks + rank) * block + local % block;
  }
  PRORATA_HD index_t size(int rank) const {
    index_t const whole = n / block, turns = whole / ranks, last = whole % ranks;
    return (turns + (rank < last ? 1 : 0)) * block + (rank == last ? n % block : 0);
  }

 private:
  divisor blocks, rounds;  // by block, by ranks: elements are asked for one by one
};

inline block_cyclic round_robin(index_t n, int ranks) { return {n, ranks, 1}; }

/// The same in proportion to weights: the turns go round a wheel of `period` places.
///   wheel     places by Webster, spread evenly: unit k of a rank with c places stands at (2k + 1) / c,
///             ties to the lowest rank; a weight below about 1/(2·period) of the total gets no place
///   example   weights 2 1, period 3: ranks 0 1 0 0 1 0 …
///   throws    usage_error: weights that apportion() refuses, a negative n, a block or period below 1
class weighted_cyclic {
 public:
  weighted_cyclic(index_t n, std::span<double const> weights, index_t block = 1, int period = 256);

  index_t n() const { return n_; }
  int ranks() const { return static_cast<int>(places_.size()); }
  std::span<int const> wheel() const { return wheel_; }

  int rank_of(index_t index) const;
  index_t local_index(index_t index) const;
  index_t global_index(int rank, index_t local) const;
  index_t size(int rank) const;

 private:
  index_t n_, block_;
  std::vector<int> wheel_;                    // place → rank
  std::vector<index_t> earlier_;              // place → places of the same rank before it
  std::vector<std::vector<index_t>> places_;  // rank → its places
};

/// Which rank does each task, and what that amounts to; each double is rounded once from the exact value.
struct task_assignment {
  std::vector<int> rank_of;   ///< by task
  std::vector<double> loads;  ///< by rank: the cost of its tasks
  double makespan = 0;        ///< the largest load / speed
};

/// Assigns independent tasks by LPT: the costliest first, each to the rank that would finish it soonest.
///   ties    of costs to the lowest task, of finishing times to the lowest rank; costs are quantised and
///           compared as in partition_by_costs, so the answer is the same everywhere
///   bound   makespan at most 2m/(m + 1) of the optimum on m ranks (Gonzalez, Ibarra and Sahni, Bounds for
///           LPT schedules on uniform processors, 1977); on equal speeds at most 4/3 − 1/(3m) (Graham,
///           1969)
///   cost    sorts the tasks, then compares every rank for each: 0.13 µs a task on 8 ranks
///   throws  usage_error naming index and value: a cost or speed that is NaN, infinite or negative; tasks,
///           but nothing but zero speeds
task_assignment assign_tasks(std::span<double const> costs, std::span<double const> speeds);

}  // namespace prorata
