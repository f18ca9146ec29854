// Which bucket a key belongs to, from a sample of the keys.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace prorata::host::sorting {

/// The most buckets of a splitting, but for those of heavy keys.
inline constexpr int most_buckets = 2048;

/// Which bucket a key belongs to: its distance from the least sampled key, in cells, through a table.
///   cell 0 lies below the sample, cell 1 begins with its least key, the last cell lies above it: a key that
///   fills the whole sample gets a cell for itself
template <class U>
class splitting {
 public:
  /// From a sorted sample of at least one key.
  splitting(std::vector<U> const& sample, int buckets);

  int buckets() const { return buckets_; }
  std::uint16_t operator()(U key) const {
    U const above = key < base_ ? U{0} : static_cast<U>(key - base_);
    U const cell = static_cast<U>(above >> shift_);
    return table_[cell < last_ ? cell : last_];
  }

 private:
  bool try_cells(std::vector<U> const& sample, int buckets, U cells);

  U base_ = 0, last_ = 0;
  int shift_ = 0, buckets_ = 1;
  std::vector<std::uint16_t> table_;
};

template <class U>
splitting<U>::splitting(std::vector<U> const& sample, int buckets) {
  // A small table stays in the first-level cache; a large one tells crowded keys apart, such as floats.
  if (!try_cells(sample, buckets, U{1} << 12)) try_cells(sample, buckets, (U{1} << 16) - 1);
}

template <class U>
bool splitting<U>::try_cells(std::vector<U> const& sample, int buckets, U cells) {
  U const least = sample.front(), greatest = sample.back();
  last_ = cells - 1;
  for (shift_ = 0;; ++shift_) {
    U const cell = static_cast<U>(U{1} << shift_);
    base_ = least < cell ? U{0} : static_cast<U>(least - cell);
    if (static_cast<U>(greatest - base_) >> shift_ < last_) break;
  }
  std::vector<int> count(static_cast<std::size_t>(cells), 0);
  for (U const key : sample) {
    U const cell = static_cast<U>(static_cast<U>(key - base_) >> shift_);
    ++count[static_cast<std::size_t>(cell)];
  }
  int const share = std::max(1, static_cast<int>(sample.size()) / buckets);
  table_.assign(count.size(), 0);
  int bucket = 0, taken = 0, most = 0;
  for (std::size_t c = 0; c < count.size(); ++c) {
    bool const full = taken > 0 && taken + count[c] > share;
    if (full && bucket + 1 < most_buckets) ++bucket, taken = 0;
    table_[c] = static_cast<std::uint16_t>(bucket);
    taken += count[c];
    most = std::max(most, count[c]);
  }
  buckets_ = bucket + 1;
  return most <= 2 * share || shift_ == 0;
}

/// A key that fills so many places that its bucket would be too large.
template <class U>
struct heavy_key {
  U key;
  std::size_t count;  ///< in the sample
};

/// Those of a sorted sample.
template <class U>
std::vector<heavy_key<U>> heavy_keys(std::vector<U> const& sample, int buckets) {
  std::size_t const share = std::max<std::size_t>(1, sample.size() / static_cast<std::size_t>(buckets));
  std::vector<heavy_key<U>> heavy;
  for (auto at = sample.begin(); at != sample.end();) {
    auto const end = std::upper_bound(at, sample.end(), *at);
    auto const count = static_cast<std::size_t>(end - at);
    if (count > 4 * share) heavy.push_back({*at, count});
    at = end;
  }
  return heavy;
}

/// A splitting in which a heavy key has a bucket for itself, between what lies below it and above it in its
/// cell; of several in one bucket, the heaviest. After the equality buckets of ips4o.
///   Counted   what falls there is counted alone: such elements differ in nothing
template <class U, bool Counted>
class splitting_around {
 public:
  splitting_around(splitting<U> const& cells, std::vector<heavy_key<U>> const& heavy, std::size_t sampled)
      : cells_(cells) {
    std::size_t most = sampled;
    auto const buckets = static_cast<std::size_t>(cells.buckets());
    std::vector<heavy_key<U>> heaviest(buckets, {0, 0});
    for (auto const& h : heavy) {
      auto& here = heaviest[cells(h.key)];
      if (h.count > here.count) here = h;
    }
    for (auto const& h : heaviest) {
      std::uint16_t const step = h.count > 0 ? 1 : 0;
      posts_.push_back({h.key, static_cast<std::uint16_t>(keys_.size()), step});
      keys_.push_back({0, 0});
      if (step == 1) keys_.insert(keys_.end(), {h, {0, 0}});
    }
    for (std::size_t b = 0; Counted && b < keys_.size(); ++b)
      if (keys_[b].count > most / 4) most = 4 * keys_[b].count, commonest_ = static_cast<int>(b);
  }

  int buckets() const { return static_cast<int>(keys_.size()); }
  bool is_counted(std::size_t bucket) const { return Counted && keys_[bucket].count > 0; }
  /// What a counted bucket consists of.
  U key_of_bucket(std::size_t bucket) const { return keys_[bucket].key; }
  /// The counted bucket that gets at least a quarter of all, or −1.
  int commonest() const { return commonest_; }
  std::uint16_t operator()(U key) const {
    post const& p = posts_[cells_(key)];
    return static_cast<std::uint16_t>(p.first + p.step * ((key >= p.key) + (key > p.key)));
  }

 private:
  struct post {
    U key;
    std::uint16_t first, step;  // the bucket below the key; 1, or 0 where there is no heavy key
  };
  splitting<U> const& cells_;
  std::vector<post> posts_;         // by the cells' bucket
  std::vector<heavy_key<U>> keys_;  // by bucket
  int commonest_ = -1;
};

}  // namespace prorata::host::sorting
