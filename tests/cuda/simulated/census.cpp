// Counting, and telling at the end: to the terminal, and to the file that tests/cuda/simulated/coverage.py reads.
#include "census.hpp"

#include <cstdio>
#include <cstdlib>
#include <map>

#include "symbols.hpp"

namespace simulated {
namespace {

struct record {
  tally counts;
  std::map<void const*, kernel_function> kernels;

  ~record() {
    if (counts.operations == 0) return;
    std::fprintf(stderr,
                 "simulated GPU: seed %ld, %ld devices of %ld SMs: %lu kernels, %lu blocks, %lu threads, %lu "
                 "collectives, %lu barriers, %lu atomics, %lu pauses; %lu operations, %lu host waits in %lu "
                 "rounds, %lu "
                 "allocations, %lu MB copied\n",
                 chosen().seed, chosen().devices, chosen().sms, counts.grids, counts.blocks, counts.threads,
                 counts.collectives, counts.barriers, counts.atomics, counts.pauses, counts.operations,
                 counts.host_waits, counts.rounds, counts.allocations, counts.copied_bytes >> 20);
    char const* const file = std::getenv("PRORATA_SIMULATED_KERNELS");
    if (file == nullptr) return;
    if (std::FILE* const to = std::fopen(file, "w")) {
      for (auto const& [address, kernel] : kernels)
        std::fprintf(to, "%lu %s\n", kernel.launches, kernel.name.c_str());
      std::fclose(to);
    }
  }
};
record& all() {
  static record r;
  return r;
}

}  // namespace

tally& counts() { return all().counts; }

kernel_function& kernel_at(void const* function) {
  auto const [at, added] = all().kernels.try_emplace(function);
  if (added) at->second.name = name_of(function);
  return at->second;
}

}  // namespace simulated
