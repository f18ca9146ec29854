// The stores of each kind of window.
#pragma once

#include <host/events/window_store.hpp>
#include <optional>

namespace prorata::events {

std::unique_ptr<window_store> make_pane_store(window_rule const& rule, aggregate_plan const& plan,
                                              int shards);
std::unique_ptr<window_store> make_session_store(window_rule const& rule, aggregate_plan const& plan,
                                                 int shards);
std::unique_ptr<window_store> make_count_store(window_rule const& rule, aggregate_plan const& plan,
                                               int shards);

/// Has closed windows given out in their order, keys of shards being different.
void give_in_order(std::vector<closed_window>& closed, window_sink const& sink);

}  // namespace prorata::events
