// complete_window: windows that wait for their turn to be given out.
#pragma once

#include <algorithm>
#include <host/events/ordered_groups.hpp>
#include <tuple>
#include <vector>

namespace prorata::events {

/// A complete window that waits for its turn: windows are given in the order of their ends, then begins, then keys.
template <class Query>
struct complete_window {
  window_bounds bounds;
  query_key<Query> key;
  index_t number;  ///< among those of one key
  typename Query::state_type state;
  bool operator<(complete_window const& other) const {
    return std::tie(bounds.end, bounds.begin, key, number) <
           std::tie(other.bounds.end, other.bounds.begin, other.key, other.number);
  }
};
template <class Query, class Sink>
void give_in_order(std::vector<complete_window<Query>>& windows, Sink& sink) {
  std::sort(windows.begin(), windows.end());
  for (auto const& window : windows) sink(window.bounds, window.key, window.state);
}

}  // namespace prorata::events
