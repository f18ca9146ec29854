// block_sums: prefix sums of costs, kept only at the ends of blocks; what lies between is read again when
// needed.
#pragma once

#include <algorithm>
#include <host/load_units.hpp>
#include <host/parallel.hpp>
#include <prorata/error.hpp>
#include <utility>
#include <vector>

namespace prorata::host {

using units = std::uint64_t;

/// A cut, and the cost of all elements before it.
struct place {
  index_t cut;
  units before;
};

/// Prefix sums of cost(0), cost(1), … in units. Cuts are multiples of `grain` elements, and the end; blocks
/// are whole grains of 4096 elements or just above, more where there would be more than `most_blocks`, so that no
/// cut is looked for beyond one block.
///   cost    reads every element once, in parallel, and stores 8 bytes per block; a search reads half a block.
///           A Cost may have each(begin, end, f), to read many at once
///   throws  usage_error if the total exceeds 2^63 − 1
template <class Cost>
class block_sums {
 public:
  block_sums(index_t n, index_t grain, Cost const& cost, index_t most_blocks = index_t{1} << 20)
      : n_(n),
        grain_(std::min(grain, std::max(n, index_t{1}))),
        block_((std::max<index_t>(4096, (n - 1) / most_blocks + 1) + grain_ - 1) / grain_ * grain_),
        cost_(cost),
        prefix_(static_cast<std::size_t>(n / block_ + (n % block_ != 0)) + 1) {
    index_t const together = std::max<index_t>(1, 65536 / block_);  // blocks that a thread takes at a time
    for_each_block((blocks() + together - 1) / together, [&](index_t k) {
      for (index_t b = k * together; b < std::min((k + 1) * together, blocks()); ++b)
        prefix_[static_cast<std::size_t>(b) + 1] = static_cast<units>(std::min<wide_t>(
            sum<wide_t>(std::as_const(cost_), b * block_, end_of(b * block_, block_)), most_units + 1));
    });
    for (std::size_t b = 1; b < prefix_.size(); ++b) {
      require(prefix_[b] <= most_units - prefix_[b - 1],
              "the costs add up to more than 2^63 - 1; give them in a larger unit");
      prefix_[b] += prefix_[b - 1];
    }
  }

  units total() const { return prefix_.back(); }

  /// The last cut with at most `limit` before it.
  place last_within(units limit) const {
    auto const above = std::upper_bound(prefix_.begin(), prefix_.end(), limit);
    if (above == prefix_.end()) return {n_, total()};
    return walk(above - prefix_.begin() - 1, [&](units next) { return next <= limit; });
  }

  /// The first cut with at least `target` before it. Requires target ≤ total.
  place first_with(units target) const {
    auto const block = std::lower_bound(prefix_.begin(), prefix_.end(), target) - prefix_.begin();
    if (block == 0) return {0, 0};
    place const found = walk(block - 1, [&](units next) { return next < target; });
    index_t const end = end_of(found.cut, grain_);
    return {end, found.before + sum<units>(cost_, found.cut, end)};
  }

 private:
  index_t blocks() const { return static_cast<index_t>(prefix_.size()) - 1; }
  index_t end_of(index_t begin, index_t length) const { return n_ - begin > length ? begin + length : n_; }

  template <class Sum, class C>
  static Sum sum(C& cost, index_t begin, index_t end) {
    Sum result = 0;
    if constexpr (requires { cost.each(begin, end, [](units) {}); }) {
      cost.each(begin, end, [&](units c) { result += c; });
    } else {
      for (index_t i = begin; i < end; ++i) result += cost(i);
    }
    return result;
  }

  // Grain by grain through a block while `goes_on` holds for what would lie before the next cut; it fails
  // within the block.
  template <class Condition>
  place walk(index_t block, Condition goes_on) const {
    Cost cost = cost_;  // it may keep what it has read
    place here{block * block_, prefix_[static_cast<std::size_t>(block)]};
    if (grain_ == block_) return here;
    for (;;) {
      index_t const end = end_of(here.cut, grain_);
      units const next = here.before + sum<units>(cost, here.cut, end);
      if (!goes_on(next)) return here;
      here = {end, next};
    }
  }

  index_t n_, grain_, block_;
  Cost cost_;
  std::vector<units> prefix_;
};

}  // namespace prorata::host
