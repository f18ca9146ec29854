// Notes of this process.
#include <host/jobs/launched.hpp>
#include <host/jobs/notes.hpp>
#include <mutex>
#include <utility>

namespace prorata::jobs {

namespace {

std::mutex mutex;
std::vector<std::string> kept;

}  // namespace

void note(std::string line) {
  if (!all_processes().first()) return;
  std::lock_guard const lock(mutex);
  kept.push_back(std::move(line));
}

std::vector<std::string> take_notes() {
  std::lock_guard const lock(mutex);
  return std::exchange(kept, {});
}

}  // namespace prorata::jobs
