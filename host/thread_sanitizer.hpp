// Tells ThreadSanitizer about order it cannot see: the TBB library is not compiled with it.
#pragma once

#ifdef __SANITIZE_THREAD__
#include <sanitizer/tsan_interface.h>
#endif

namespace prorata::host {

/// Everything before `publish(place)` is seen after a later `observe(place)`. Costs nothing in other builds;
/// orders nothing by itself: call it only where a library has already ordered the two.
inline void publish([[maybe_unused]] void const* place) {
#ifdef __SANITIZE_THREAD__
  __tsan_release(const_cast<void*>(place));
#endif
}
inline void observe([[maybe_unused]] void const* place) {
#ifdef __SANITIZE_THREAD__
  __tsan_acquire(const_cast<void*>(place));
#endif
}

}  // namespace prorata::host
