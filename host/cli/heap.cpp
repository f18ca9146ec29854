// What the heap keeps of what was given back.
#include <malloc.h>

#include <host/cli/commands.hpp>

namespace prorata::cli {

void bound_heap() noexcept {
#ifdef __GLIBC__
  // Large blocks go back to the system when they are freed. Left alone, the C library takes every block that
  // was ever freed for a size that is wanted often, and keeps up to 32 MiB of each, for every thread.
  ::mallopt(M_MMAP_THRESHOLD, 1 << 20);
  ::mallopt(M_TRIM_THRESHOLD, 4 << 20);
#endif
}

}  // namespace prorata::cli
