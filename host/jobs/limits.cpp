// More threads than cores only wait for each other; and each holds some memory.
#include <algorithm>
#include <host/jobs/limits.hpp>
#include <host/jobs/notes.hpp>
#include <prorata/error.hpp>
#include <thread>
#include <utility>

namespace prorata::jobs {

int cores() { return static_cast<int>(std::max(1u, std::thread::hardware_concurrency())); }

int borne_by_memory(job_options const& o) {
  return static_cast<int>(std::clamp<index_t>(o.memory.bytes >> 22, 1, 4096));
}

int threads_of(job_options const& o) {
  require(o.threads >= 0 && o.threads <= 4096, "--threads is a count from 1 to 4096, or 0 for every core");
  int const machine = std::max(8 * cores(), 16), most = std::min(machine, std::max(borne_by_memory(o), 4));
  if (o.threads <= most) return o.threads;
  static bool said = false;
  if (!std::exchange(said, true))
    note("--threads " + std::to_string(o.threads) + ": " + std::to_string(most) +
         " are used, which is as many as " + std::to_string(cores()) + " cores and --memory " +
         o.memory.text + " bear");
  return most;
}

}  // namespace prorata::jobs
