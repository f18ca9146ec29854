// Weights learned from what devices did: how long each needs for how many elements, and shares that end together.
#pragma once

#include <prorata/canonical.hpp>
#include <prorata/partition.hpp>
#include <span>
#include <vector>

namespace prorata {

/// How long a device needs for n elements of one kind of work, as its runs have shown: an overhead, and straight
/// lines between the sizes that were seen.
///   changes  a run that took a quarter more or less than expected changes nothing, and the next such run forgets
///            all before these two: the device has changed
///   cost     16 sizes at most are kept
///   source   functional performance models (Lastovetsky, Reddy: IJHPCA 21, 2007)
class time_model {
 public:
  /// What runs of about one size took, on average over the last few.
  struct sample {
    double elements, seconds;
    index_t runs;
    bool operator==(sample const&) const = default;
  };

  time_model() = default;
  /// As another one had them, in ascending order of elements.
  ///   throws  usage_error where they are not, or are not positive numbers
  explicit time_model(std::vector<sample> samples);

  /// A run of n elements took so long.
  ///   throws  usage_error where n < 1, or `seconds` is no positive number
  void learn(index_t n, double seconds);

  bool empty() const { return samples_.empty(); }
  std::vector<sample> const& samples() const { return samples_; }

  /// What n ≥ 0 elements are expected to take; 0 for none, and never less for more. Not empty.
  double seconds(double n) const;

  /// Expects times in proportion, from the size that went fastest, as if there were no overhead: to look again.
  void forget_overhead();

 private:
  void forget_what_contradicts(sample const& now);

  std::vector<sample> samples_;
  int surprised_ = 0;  // the last run took far less (-1) or more (1) than expected
  sample surprise_{};
};

/// How many elements each device is to have so that all end as soon as they can, as far as the models know: a device
/// whose overhead alone is longer gets none.
///   models  of one kind of work, one a device; those that are empty count as the average of the others
///   caps    the most elements of each; empty: no limit
///   shares  whole grains of `granularity` elements, but for the ragged end
///   throws  usage_error without any model; infeasible where the caps hold less than n
std::vector<index_t> equal_finish(index_t n, std::span<time_model const> models,
                                  std::span<index_t const> caps = {}, index_t granularity = tile);

struct balance_options {
  double gain = 0.05;           ///< the part of the time that another plan must save
  double rounds = 20;           ///< within which moving must be repaid
  std::vector<index_t> caps{};  ///< the most elements of each rank; empty: no limit
  index_t granularity = tile;
};

/// Another way to cut an array, and what is expected of it.
struct balance_plan {
  partition cuts;
  double seconds_now = 0;   ///< a round of the present cuts
  double seconds_then = 0;  ///< a round of these
  index_t moved = 0;        ///< elements that change their rank
  double seconds_to_move = 0;
  bool worthwhile = false;  ///< it saves enough, and soon enough
};

/// Balances rounds of one kind of work on one array: learns what each rank needs, and plans other cuts.
///   hysteresis  a plan must save balance_options::gain of a round and repay its moving; one that goes back to the
///               cuts that were left last must save twice as much, so that noise does not move anything to and fro
///   idle        a rank that has had nothing for 30 rounds is believed to have no overhead, and so is tried again
///   order       results never depend on cuts: only time does
class balancer {
 public:
  explicit balancer(int ranks, balance_options options = {});

  /// A round: how many elements each rank had, and how long it worked on them; ranks of none teach nothing.
  ///   throws  usage_error as time_model::learn
  void learn(std::span<index_t const> elements, std::span<double const> seconds);
  /// So many elements were moved in so many seconds.
  void learn_move(index_t moved, double seconds) { moving_.learn(moved, seconds); }

  bool empty() const;
  std::vector<time_model> const& models() const { return models_; }

  /// What would be better than `now`, of as many ranks. Not empty.
  ///   throws  infeasible where the caps hold less than all
  balance_plan plan(partition const& now) const;

  /// That a plan is followed: `left` were the cuts before.
  void adopted(partition const& left) { left_ = left; }

 private:
  balance_options options_;
  std::vector<time_model> models_;
  std::vector<int> idle_;  // rounds in which a rank had nothing
  time_model moving_;
  partition left_;
};

}  // namespace prorata
