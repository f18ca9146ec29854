// How long a device rests that pretends to be slower than it is.
#pragma once

#include <algorithm>
#include <chrono>
#include <vector>

namespace prorata::host {

/// The rest after `work` that makes a device `slowdown` ≥ 1 times slower: a year at most, whatever the factor, for a
/// clock cannot count everything that a double can hold.
inline std::chrono::nanoseconds rest_after(std::chrono::nanoseconds work, double slowdown) {
  constexpr std::chrono::duration<double, std::nano> longest = std::chrono::hours(24 * 365);
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::min(longest, work * (slowdown - 1.0)));
}

/// From so many seconds after its stream began, a device is `slowdown` times slower than it could be: infinity, it
/// stands still; 0, it fails.
struct speed_change {
  double seconds = 0, slowdown = 1;
};

/// The end of work that begins at `begin` and would take `work` seconds at full speed, in seconds after the stream
/// began.
///   changes  in the order of time
inline double end_of_work(double begin, double work, double slowdown,
                          std::vector<speed_change> const& changes) {
  double now = begin;
  for (auto const& change : changes) {
    if (change.seconds > now) {
      double const done = (change.seconds - now) / slowdown;
      if (done >= work) break;
      work -= done;
      now = change.seconds;
    }
    if (change.slowdown == 0) return now;
    slowdown = change.slowdown;
  }
  return work > 0 ? now + work * slowdown : now;
}

}  // namespace prorata::host
