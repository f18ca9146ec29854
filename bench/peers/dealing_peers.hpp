// What is written by hand where a library has no partition of elements by a rule: on plain arrays.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

namespace prorata::bench {

/// Rules: which of the ranks an element goes to, by its value and its index.
struct dealt_by_hash {
  int ranks;
  int operator()(std::int64_t v, std::int64_t) const {
    std::uint64_t const bits = static_cast<std::uint64_t>(v) * 0x9e3779b97f4a7c15u;
    return static_cast<int>((bits >> 32) * static_cast<std::uint64_t>(ranks) >> 32);
  }
};
struct dealt_by_range {
  std::int64_t splitter;
  static constexpr int ranks = 2;
  int operator()(std::int64_t v, std::int64_t) const { return v >= splitter ? 1 : 0; }
};
struct dealt_in_turns {
  int ranks;
  std::int64_t block;
  int operator()(std::int64_t, std::int64_t i) const { return static_cast<int>(i / block % ranks); }
};

/// What one rank got, in the order it had.
struct dealt_part {
  std::unique_ptr<std::int64_t[]> data;
  std::int64_t size;
};

template <class Rule>
struct dealing_peer {
  char const* name;
  std::vector<dealt_part> (*deal)(std::int64_t const* x, std::int64_t n, Rule rule);
};

template <class Rule>
std::vector<dealing_peer<Rule>>& dealing_peers() {
  static std::vector<dealing_peer<Rule>> all;
  return all;
}

/// deal(x, n, rule)
template <class Deal>
bool join_dealing(char const* name, Deal) {
  auto const join = [&]<class Rule>(Rule) {
    dealing_peers<Rule>().push_back(
        {name, [](std::int64_t const* x, std::int64_t n, Rule rule) { return Deal{}(x, n, rule); }});
  };
  join(dealt_by_hash{});
  join(dealt_by_range{});
  join(dealt_in_turns{});
  return true;
}

}  // namespace prorata::bench
