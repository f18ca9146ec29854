// A stack that can be left and come back to: the thread of a simulated GPU.
#pragma once

#include <cstddef>

namespace simulated {

/// Where a context of execution was left. One without a stack of its own is that of a thread of the system.
struct fiber {
  void* stack_pointer = nullptr;
  char* stack = nullptr;
  std::size_t stack_bytes = 0;
  void* watched_as = nullptr;  // by ThreadSanitizer
  void* fake_stack = nullptr;  // AddressSanitizer's
};

/// A new fiber, at the beginning of begin(), which never returns.
void make_fiber(fiber& f, void (*begin)());

/// What a fiber does first.
void begin_fiber();

/// Leaves `from`, the running context, and goes on in `to`; returns when somebody comes back.
void switch_fiber(fiber& from, fiber& to);

/// Takes the running thread of the system as it is.
void adopt_thread(fiber& f);

}  // namespace simulated
