// partition: where n elements are cut into one contiguous range per rank. Arithmetic only; no device, no
// byte.
#pragma once

#include <prorata/apportion.hpp>
#include <span>
#include <vector>

namespace prorata {

/// Rank r holds [cuts[r], cuts[r + 1]).
///   invariant   cuts[0] = 0 ≤ cuts[1] ≤ … ≤ cuts[ranks] = n
///   example     n = 10, cuts 0 4 4 10: rank 0 holds 0…3, rank 1 nothing, rank 2 holds 4…9
struct partition {
  index_t n = 0;
  std::vector<index_t> cuts = {0, 0};

  int ranks() const { return static_cast<int>(cuts.size()) - 1; }
  index_t begin(int rank) const { return cuts[static_cast<std::size_t>(rank)]; }
  index_t end(int rank) const { return cuts[static_cast<std::size_t>(rank) + 1]; }
  index_t size(int rank) const { return end(rank) - begin(rank); }

  /// The rank that holds element `index`, which must be in [0, n).
  int rank_of(index_t index) const;

  /// Whether every cut inside the array is a multiple of `granularity`.
  bool is_aligned(index_t granularity = 1024) const;

  bool operator==(partition const&) const = default;
};

/// What partition_by_weights can be told.
struct partition_options {
  index_t granularity = 1024;  ///< inner cuts fall on multiples of this many elements; the default is a tile
  apportionment method = apportionment::hamilton;
  std::vector<index_t> caps;  ///< the most elements each rank can hold; empty: no limit
};

/// Ranges in proportion to the weights, in whole grains of `granularity` elements; the last one may be
/// ragged.
///   example  n = 2500, weights 1 1 → 3 grains: cuts 0 2048 2500
///   caps     in elements, rounded down to whole grains, except that one rank may hold the ragged end
///   throws   usage_error for weights that apportion() refuses, infeasible if the caps hold less than n
partition partition_by_weights(index_t n, std::span<double const> weights,
                               partition_options const& options = {});

/// The caller's own sizes, in rank order.
partition partition_by_sizes(std::span<index_t const> sizes);

/// The caller's own cuts, anywhere: 0 first, n last, never decreasing.
partition partition_by_cuts(std::vector<index_t> cuts);

/// Everything on one rank.
partition single(index_t n);

}  // namespace prorata
