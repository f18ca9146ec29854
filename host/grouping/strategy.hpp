// grouping_strategy: how the rows of a job are grouped, as a sample of them and the memory of a thread decide.
#pragma once

#include <host/grouping/rows.hpp>
#include <limits>
#include <span>
#include <vector>

namespace prorata::host {

inline constexpr index_t groups_per_range = 4 * 1024;

/// A set of keys that make up much of all rows. It answers from the first-level cache.
class frequent_keys {
 public:
  /// At most 512 keys; none are frequent where there are none.
  explicit frequent_keys(std::vector<std::uint64_t> const& keys = {});

  index_t count() const { return count_; }
  bool hold(std::uint64_t key) const {
    for (std::size_t h = place_of(key); slots_[h].taken; h = (h + 1) % slots)
      if (slots_[h].key == key) return true;
    return false;
  }

 private:
  static constexpr std::size_t slots = 2048;
  struct slot {
    std::uint64_t key = 0;
    bool taken = false;
  };
  static std::size_t place_of(std::uint64_t key) {
    return static_cast<std::size_t>((key ^ (key >> 32)) * 0x9e3779b97f4a7c15u >> 53);
  }
  std::vector<slot> slots_;
  index_t count_ = 0;
};

/// What is chosen before the first row is taken.
///   few groups    each thread keeps its own in a table, in a window of keys where they are close together
///   many groups   rows are set aside by ranges of keys, all but those of frequent keys
class grouping_strategy {
 public:
  static constexpr index_t unlimited = std::numeric_limits<index_t>::max();

  /// What a thread may hold decides how large its tables become and how many ranges it fills.
  void limit(index_t bytes_per_thread, index_t state_bytes);

  /// Some of the rows, and how many there will be.
  void expect(std::vector<std::uint64_t> keys, std::span<std::uint64_t const> values, index_t rows);

  index_t thread_bytes = unlimited;
  index_t few_groups = 16 * 1024;            ///< a thread's own fit its second-level cache
  index_t too_many_groups = 4 * few_groups;  ///< of a thread's own, when the sample was misleading
  std::uint64_t most_width = 1 << 16;        ///< of a window of keys
  index_t slab_bytes = index_t{4} << 20;     ///< of rows set aside

  index_t groups = 0;               ///< expected
  std::uint64_t low = 0, high = 0;  ///< the least and the greatest sampled key
  int origin = 0;                   ///< of bands
  bool apart = false;               ///< whether rows are set aside from the first on
  key_ranges ranges;                ///< none where rows are few
  frequent_keys frequent;           ///< that are not set aside

  /// The window of a thread's own groups; 0 where keys are too far apart for one.
  std::uint64_t width() const { return !apart && high - low < most_width ? high - low + 1 : 0; }
  /// Groups that a thread's own table is made for.
  index_t own_groups() const { return apart ? frequent.count() : std::min(groups, few_groups); }
};

}  // namespace prorata::host
