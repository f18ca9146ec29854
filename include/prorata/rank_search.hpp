// Finding the keys at given ranks without moving them: digit by digit, from counts alone.
#pragma once

#include <algorithm>
#include <prorata/config.hpp>
#include <utility>
#include <vector>

namespace prorata {

/// Counts keys by their next digit, for several prefixes at once: a key whose bits above the digit are
/// prefix p, the j-th of an ascending list, is counted in slot j·2^bits + digit; other keys are not counted.
template <class K>
struct digit_rule {
  K const* prefixes;
  K first;  // the only one, where there is one: it need not be read from memory
  int count, shift, bits;

  static constexpr int width = static_cast<int>(sizeof(K)) * 8;

  PRORATA_HD constexpr index_t slots() const { return index_t{count} << bits; }

  /// The key's bits above the digit.
  PRORATA_HD constexpr K above(K key) const {
    return shift + bits >= width ? K{0} : static_cast<K>(key >> (shift + bits));
  }
  PRORATA_HD constexpr index_t digit(K key) const {
    return static_cast<index_t>((key >> shift) & static_cast<K>((K{1} << bits) - 1));
  }
  /// −1 for a key that is not counted.
  PRORATA_HD constexpr index_t slot(K key) const {
    K const top = above(key);
    if (count == 1) return top == first ? digit(key) : -1;
    int low = 0;                         // the first prefix that is not below
    for (int left = count; left > 0;) {  // (without a branch that nobody can predict)
      int const half = left - left / 2;
      low += prefixes[low + half - 1] < top ? half : 0;
      left -= half;
    }
    return low < count && prefixes[low] == top ? (index_t{low} << bits) + digit(key) : -1;
  }
};

namespace detail {
/// A key and where it was.
template <class K>
struct placed_key {
  K key;
  index_t index;
  friend bool operator<(placed_key const& a, placed_key const& b) {
    return a.key < b.key || (a.key == b.key && a.index < b.index);
  }
};
}  // namespace detail

/// The keys at given ranks (0 is the least) of n keys that lie in several parts, found from the
/// highest of their `width` used bits on. In each round every part counts its keys by rule(); the counts
/// decide the next digit of all ranks at once. (Radix select; no key moves.)
///   rounds  ⌈width / 11⌉ for up to 32 ranks, more for more
template <class K>
class rank_search {
 public:
  struct target {
    index_t rank;
    K key = 0;                     // the digits that are known, at the low end
    std::vector<index_t> below{};  // keys of each part that are less than those with these digits
    std::vector<index_t> equal{};  // keys of each part with these digits
  };

  rank_search(std::vector<index_t> const& ranks, std::size_t parts, int width = digit_rule<K>::width)
      : parts_(parts), shift_(width) {
    for (index_t const rank : ranks)
      targets_.push_back({rank, 0, std::vector<index_t>(parts, 0), std::vector<index_t>(parts, 0)});
    plan();
  }

  bool done() const { return shift_ == 0; }

  /// What the next round counts; `prefixes()` is what it must be able to read.
  digit_rule<K> rule(K const* prefixes) const {
    return {prefixes, prefixes_.front(), static_cast<int>(prefixes_.size()), shift_ - bits_, bits_};
  }
  /// Which keys can still be one of those that are looked for: slot() ≥ 0.
  digit_rule<K> candidates(K const* prefixes) const {
    return {prefixes, prefixes_.front(), static_cast<int>(prefixes_.size()), shift_, 0};
  }
  std::vector<K> const& prefixes() const { return prefixes_; }

  /// How many keys of a part are still in question.
  index_t in_question(std::size_t part) const {
    std::vector<std::pair<K, index_t>> groups;  // several ranks may look for one key
    for (target const& t : targets_) groups.emplace_back(t.key, t.equal[part]);
    std::sort(groups.begin(), groups.end());
    groups.erase(std::unique(groups.begin(), groups.end()), groups.end());
    index_t total = 0;
    for (auto const& g : groups) total += g.second;
    return total;
  }

  /// Takes the counts of the round: for each part, rule().slots() numbers.
  void take(std::vector<index_t> const& counts) {
    auto const slots = prefixes_.size() << bits_;
    for (target& t : targets_) {
      auto const which = static_cast<std::size_t>(
          std::lower_bound(prefixes_.begin(), prefixes_.end(), t.key) - prefixes_.begin());
      std::size_t const base = which << bits_;
      index_t before = 0;
      for (index_t const b : t.below) before += b;
      std::size_t digit = 0;
      for (;; ++digit) {
        index_t here = 0;
        for (std::size_t part = 0; part < parts_; ++part) here += counts[part * slots + base + digit];
        if (t.rank < before + here || digit + 1 == std::size_t{1} << bits_) break;
        before += here;
        for (std::size_t part = 0; part < parts_; ++part)
          t.below[part] += counts[part * slots + base + digit];
      }
      for (std::size_t part = 0; part < parts_; ++part) t.equal[part] = counts[part * slots + base + digit];
      t.key = static_cast<K>((bits_ < digit_rule<K>::width ? t.key << bits_ : 0) | digit);
    }
    shift_ -= bits_;
    plan();
  }

  /// Once done: the key at each rank, and how many of each part are less and equal, in the order of the ranks
  /// as they were given.
  std::vector<target> const& found() const { return targets_; }

 private:
  static constexpr int most_bits = 11, most_slots_bits = 16;

  /// The next digit: wide for few prefixes, so that rounds are few; narrow for many, so that counts are.
  void plan() {
    prefixes_.clear();
    for (target const& t : targets_) prefixes_.push_back(t.key);
    std::sort(prefixes_.begin(), prefixes_.end());
    prefixes_.erase(std::unique(prefixes_.begin(), prefixes_.end()), prefixes_.end());
    int taken = 0;
    while ((std::size_t{1} << taken) < prefixes_.size()) ++taken;
    bits_ = std::min(std::clamp(most_slots_bits - taken, 2, most_bits), shift_);
  }

  std::size_t parts_;
  std::vector<target> targets_;
  std::vector<K> prefixes_;
  int shift_, bits_ = 0;
};

}  // namespace prorata
