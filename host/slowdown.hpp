// How long a device rests that pretends to be slower than it is.
#pragma once

#include <algorithm>
#include <chrono>

namespace prorata::host {

/// The rest after `work` that makes a device `slowdown` ≥ 1 times slower: a year at most, whatever the factor, for a
/// clock cannot count everything that a double can hold.
inline std::chrono::nanoseconds rest_after(std::chrono::nanoseconds work, double slowdown) {
  constexpr std::chrono::duration<double, std::nano> longest = std::chrono::hours(24 * 365);
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::min(longest, work * (slowdown - 1.0)));
}

}  // namespace prorata::host
