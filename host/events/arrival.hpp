// arrival: what a record counts in, by its time and the watermark, where windows have no grid and so no panes.
#pragma once

#include <cstddef>
#include <cstdint>

namespace prorata::events {

enum class arrival { in_time, partly_late, late };

/// Of windows that no record behind the watermark counts in.
struct late_behind_watermark {
  bool all_plain(std::int64_t least, std::int64_t w) const { return least >= w; }
  arrival arrival_of(std::int64_t t, std::int64_t w) const {
    return t >= w ? arrival::in_time : arrival::late;
  }
};
/// What their adders have in common: nothing is partly late, and no records share a pane.
struct adder_without_panes {
  template <class K, class V>
  void behind(std::int64_t, std::int64_t, K const&, V const&) {}
  std::nullptr_t of_one_pane(std::int64_t, std::int64_t) const { return {}; }
};

}  // namespace prorata::events
