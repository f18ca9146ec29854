// What a sample says: how many groups, which keys are frequent, where ranges begin.
#include <algorithm>
#include <host/grouping/strategy.hpp>

namespace prorata::host {

frequent_keys::frequent_keys(std::vector<std::uint64_t> const& keys)
    : slots_(keys.empty() ? 0 : slots), count_(static_cast<index_t>(keys.size())) {
  for (std::uint64_t const key : keys) {
    std::size_t h = place_of(key);
    while (slots_[h].taken) h = (h + 1) % slots;
    slots_[h] = {key, true};
  }
}

void grouping_strategy::limit(index_t bytes_per_thread, index_t state_bytes) {
  // up to 256 bytes a group: its state, its sum in fixed point, its slots, its key, each with room to grow
  thread_bytes = bytes_per_thread;
  too_many_groups = std::clamp<index_t>(thread_bytes / 256, 512, too_many_groups);
  few_groups = too_many_groups / 4;
  most_width = std::min(most_width, static_cast<std::uint64_t>(thread_bytes / 4 / (state_bytes + 32)));
  slab_bytes = std::clamp<index_t>(thread_bytes / 8, group_rows::chunk_bytes, slab_bytes);
}

namespace {

/// The top of the band of the largest exponent, with a little room above.
int origin_for(std::span<std::uint64_t const> values) {
  int largest = 0;
  for (std::uint64_t const v : values) {
    int const field = static_cast<int>(v >> 52) & 0x7ff;
    if (field != 0x7ff) largest = std::max(largest, field);
  }
  return 31 - ((largest + 2) & 31);
}

}  // namespace

void grouping_strategy::expect(std::vector<std::uint64_t> keys, std::span<std::uint64_t const> values,
                               index_t rows) {
  origin = origin_for(values);
  if (keys.empty()) return;
  std::sort(keys.begin(), keys.end());
  auto const n = static_cast<index_t>(keys.size());
  low = keys.front();
  high = keys.back();
  std::vector<std::uint64_t> often;
  index_t distinct = 0, once = 0;
  for (std::size_t i = 0; i < keys.size();) {
    std::size_t last = i + 1;
    while (last < keys.size() && keys[last] == keys[i]) ++last;
    ++distinct;
    once += last - i == 1;
    if (static_cast<index_t>(last - i) > std::max<index_t>(n / 512, 8)) often.push_back(keys[i]);
    i = last;
  }
  // Good and Turing: what share of the rows is of keys that the sample has seen
  double const seen = 1 - static_cast<double>(once) / static_cast<double>(n);
  groups = n == rows   ? distinct
           : once == n ? rows
                       : static_cast<index_t>(static_cast<double>(distinct) / seen);
  groups = std::min(groups, rows);

  // a range has a chunk of its own in every thread: half of what a thread holds, at most
  index_t const most = std::clamp<index_t>(thread_bytes / (2 * group_rows::chunk_bytes), 16, 4096);
  if (rows > 4 * too_many_groups)
    ranges =
        key_ranges(keys, std::clamp<index_t>(groups / groups_per_range, std::min<index_t>(most, 64), most));
  apart = ranges.count() > 1 && groups > few_groups;
  if (ranges.count() > 1) frequent = frequent_keys(often);
}

}  // namespace prorata::host
