// Work that a device leaves to the host, to be done for several devices at once.
#pragma once

#include <functional>
#include <vector>

namespace prorata {

/// What is left of a verb for the host to do when its device has done what was queued: to be called then, and again
/// each time, for as long as it returns true. Empty where nothing is left.
using work_left = std::function<bool()>;

/// Does what is left on several devices, all of them at once; wait() waits for what is queued on them.
template <class Wait>
void finish_work(std::vector<work_left>& left, Wait const& wait) {
  for (;;) {
    std::erase_if(left, [](work_left const& w) { return !w; });
    if (left.empty()) return;
    wait();
    for (work_left& w : left)
      if (!w()) w = nullptr;
  }
}

}  // namespace prorata
