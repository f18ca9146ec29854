// slots: which rank holds a key. A hash picks one of 2^16 slots, and a table of slots picks the rank.
#pragma once

#include <prorata/config.hpp>
#include <span>
#include <vector>

namespace prorata {

inline constexpr int slot_bits = 16;
inline constexpr int slot_count = 1 << slot_bits;

/// Spreads 64 bits over 64 bits, one to one: the output function of SplitMix64 (Steele, Lea and Flood, 2014).
///   example   mix(1234567) = 6457827717110365317
PRORATA_HD constexpr std::uint64_t mix(std::uint64_t key) {
  key += 0x9e3779b97f4a7c15u;
  key = (key ^ (key >> 30)) * 0xbf58476d1ce4e5b9u;
  key = (key ^ (key >> 27)) * 0x94d049bb133111ebu;
  return key ^ (key >> 31);
}

/// The slot of a key: the highest 16 bits, so that the lower ones are left for tables inside a rank. A seed
/// that nobody knows makes it hard to choose keys that all meet in one slot.
PRORATA_HD constexpr int slot_of(std::uint64_t key, std::uint64_t seed = 0) {
  return static_cast<int>(mix(key ^ seed) >> (64 - slot_bits));
}

/// What a kernel needs to look keys up; it does not own the table.
struct slot_ref {
  std::uint16_t const* table;
  std::uint64_t seed;
  PRORATA_HD int rank_of(std::uint64_t key) const { return table[slot_of(key, seed)]; }
};

/// One slot that changed hands.
struct slot_move {
  int slot, from, to;
  bool operator==(slot_move const&) const = default;
};

/// Slots in proportion to weights, by Webster; a change of weights moves the surplus and nothing else.
///   size     128 KiB
///   epoch    0 at first; one more for each rebalance(). Two tables that went through the same weights are
///            equal
///   throws   usage_error: weights that apportion() refuses, none or more than 2^16 of them
class slot_table {
 public:
  explicit slot_table(std::span<double const> weights, std::uint64_t seed = 0);

  /// Gives every rank its new number of slots. Ranks keep their numbers: weight zero leaves, further weights
  /// join, and ranks beyond the last weight leave as well.
  ///   moves    Σ max(0, new − old) slots, which is the fewest possible; in ascending order of slots, each to
  ///            the lowest rank that still lacks one
  ///   throws   as the constructor; the table is then as before
  std::vector<slot_move> rebalance(std::span<double const> weights);

  int ranks() const { return static_cast<int>(counts_.size()); }
  index_t slots(int rank) const { return counts_[static_cast<std::size_t>(rank)]; }
  std::uint64_t epoch() const { return epoch_; }
  std::uint64_t seed() const { return seed_; }

  int rank_of(std::uint64_t key) const { return ref().rank_of(key); }
  std::span<std::uint16_t const> table() const { return table_; }
  slot_ref ref() const { return {table_.data(), seed_}; }

  bool operator==(slot_table const&) const = default;

 private:
  std::uint64_t seed_, epoch_ = 0;
  std::vector<index_t> counts_;       // rank → number of slots
  std::vector<std::uint16_t> table_;  // slot → rank
};

}  // namespace prorata
