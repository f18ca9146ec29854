// Which operation runs next is chance, within the order that streams and events make.
#include "streams.hpp"

#include <xmmintrin.h>

#include <atomic>
#include <vector>

#include "census.hpp"
#include "memory.hpp"
#include "settings.hpp"

namespace simulated {
namespace {

std::atomic<bool> taken = false;
std::vector<cudaStream_t> streams;  // with work
bool queued_since_a_wait = false;

chance& random() {
  static chance c(static_cast<std::uint64_t>(chosen().seed));
  return c;
}

bool can_run(CUstream_st const& s) {
  return !s.waiting.empty() && (s.waiting.front().needs == nullptr || s.waiting.front().needs->reached);
}

/// A device computes in the floating-point environment of its own, whoever waits for it.
struct device_arithmetic {
  unsigned before = _mm_getcsr();
  device_arithmetic() { _mm_setcsr(0x1f80); }
  ~device_arithmetic() { _mm_setcsr(before); }
};

void run_first(CUstream_st& s) {
  operation o = std::move(s.waiting.front());
  s.waiting.pop_front();
  ++counts().operations;
  {
    device_arithmetic const canonical;
    if (chosen().devices > 1) open_only(o.devices);
    void* const caller = current_context();
    enter_context(s.context);
    o.queued->acquire();
    if (o.needs) o.needs->known.acquire();
    if (o.run) o.run();
    o.run = nullptr;
    if (o.makes) o.makes->known.release();
    s.done.release();
    enter_context(caller);
  }
  if (o.makes) o.makes->reached = true;
  if (!s.waiting.empty()) return;
  std::erase(streams, &s);
  if (!s.dropped) return;
  drop_context(s.context);
  delete &s;
}

bool run_any() {
  std::vector<cudaStream_t> able;
  for (cudaStream_t const s : streams)
    if (can_run(*s)) able.push_back(s);
  if (able.empty()) return false;
  run_first(*able[random().below(able.size())]);
  return true;
}

template <class Done>
void run_until(Done const& done) {
  if (queued_since_a_wait) ++counts().rounds;
  queued_since_a_wait = false;
  if (done()) return;
  ++counts().host_waits;
  opened const memory;
  while (!done())
    if (!run_any()) fault("streams wait for each other");
}

}  // namespace

turn::turn() {
  while (taken.exchange(true)) taken.wait(true);
}
turn::~turn() {
  taken = false;
  taken.notify_one();
}

void queue(cudaStream_t s, operation o) {
  o.queued->release();
  queued_since_a_wait = true;
  if (s->waiting.empty()) streams.push_back(s);
  s->waiting.push_back(std::move(o));
  settings const& how = chosen();
  bool const lazy = how.lazy >= 0 ? how.lazy != 0 : how.seed % 2 == 1;
  if (lazy) return;
  opened const memory;
  for (std::uint64_t k = random().below(4); k > 0; --k)
    if (!run_any()) return;
}

void run_until_empty(cudaStream_t s) {
  run_until([&] { return s->waiting.empty(); });
  s->done.acquire();
}
void run_until_reached(point const& p) {
  run_until([&] { return p.reached; });
  const_cast<point&>(p).known.acquire();
}
void run_until_empty(int device) {
  run_until([&] {
    for (cudaStream_t const s : streams)
      if (device < 0 || s->device == device) return false;
    return true;
  });
}
void run_a_little() {
  opened const memory;
  run_any();
}

}  // namespace simulated
