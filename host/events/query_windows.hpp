// query_windows: the open windows of a stream_query, in shards that threads fill, and the windows that close.
//
// What a record counts in depends on its time and on the watermark w of its place in its input, and on nothing else:
//   on a grid      in the windows that end after w; it is late if there are none
//   sessions, counts  it is late if it is before w
// So records may come to any shard in any order, as long as close(w) comes behind all whose watermark is not above w.
#pragma once

#include <host/events/count_windows.hpp>
#include <host/events/grid_windows.hpp>
#include <host/events/session_windows.hpp>
#include <type_traits>

namespace prorata::events {

template <class Query>
using windows_of =
    std::conditional_t<std::is_same_v<typename Query::rule_type, grid_rule>, grid_windows<Query>,
                       std::conditional_t<std::is_same_v<typename Query::rule_type, session_rule>,
                                          session_windows<Query>, count_windows<Query>>>;

}  // namespace prorata::events
