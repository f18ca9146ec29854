// What was done: the numbers that every process prints at its end, and the kernels it ran.
#pragma once

#include "grid.hpp"

namespace simulated {

struct tally {
  unsigned long grids = 0, blocks = 0, threads = 0, collectives = 0, barriers = 0, atomics = 0, pauses = 0;
  unsigned long operations = 0, host_waits = 0, allocations = 0, copied_bytes = 0, events = 0;
  /// Waits that follow on queued work, whether or not it was done: those for one stream after the other are one.
  unsigned long rounds = 0;
};
tally& counts();

/// The kernel at an address, with its name from the program's own symbols.
kernel_function& kernel_at(void const* function);

}  // namespace simulated
