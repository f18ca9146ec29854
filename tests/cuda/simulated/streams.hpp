// Streams and events: work that is queued, and runs when somebody waits for it, or by chance before.
#pragma once

#include <cuda_runtime_api.h>

#include <deque>
#include <functional>
#include <memory>

#include "happens_before.hpp"

namespace simulated {

/// A point of a stream that others wait for.
struct point {
  bool reached = false;
  long depth = 0;  // copies that have to be done before it, one after the other
  knowledge known;
};

struct operation {
  std::function<void()> run;  // none for those that only wait or tell
  std::uint64_t devices;      // whose memory it may touch, as bits
  std::shared_ptr<point> needs, makes;
  std::unique_ptr<knowledge> queued = std::make_unique<knowledge>();
};

/// One thread of the system at a time in all that follows. It orders nothing that ThreadSanitizer sees.
class turn {
 public:
  turn();
  ~turn();
  turn(turn const&) = delete;

 private:
  unseen bookkeeping_;
};

void queue(cudaStream_t s, operation o);
inline void queue(cudaStream_t s, std::uint64_t devices, std::function<void()> run) {
  queue(s, {std::move(run), devices, nullptr, nullptr});
}

/// Runs work of any streams, in any order that they allow, until something is done.
void run_until_empty(cudaStream_t s);
void run_until_reached(point const& p);
void run_until_empty(int device);  // all streams of a device; -1 for all devices'
void run_a_little();               // one operation, if there is one

}  // namespace simulated

struct CUstream_st {
  int device;
  std::deque<simulated::operation> waiting = {};
  void* context = simulated::make_context();
  simulated::knowledge done = {};
  bool dropped = false;  // by its owner: it goes when it is empty
  long depth = 0;        // copies queued or waited for, one after the other
};
struct CUevent_st {
  int device;
  std::shared_ptr<simulated::point> last = nullptr;
};
