// Atomics and fences. A fence before an atomic publishes what its thread knew by then, to whoever sees that
// atomic's word and has a fence behind it: nothing else about relaxed atomics orders memory.
#include <deque>
#include <unordered_map>

#include "census.hpp"
#include "grid.hpp"

namespace simulated {
namespace {

std::deque<knowledge> fences;                                        // of the grid that runs
std::unordered_map<void const*, std::vector<knowledge*>> published;  // at each word

}  // namespace

void forget_atomics() {
  fences.clear();
  published.clear();
}

void before_atomic(void const*) {
  ++counts().atomics;
  device_thread* const t = running_thread();
  if (t != nullptr && sometimes()) yield();
}

void after_atomic(void const* address) {
  progress();
  device_thread* const t = running_thread();
  if (!watched || t == nullptr) return;
  unseen const bookkeeping;
  auto& here = published[address];
  if (t->fenced != nullptr) {
    if (here.empty() || here.back() != t->fenced) here.push_back(t->fenced);
  }
  if (t->recent_count == 4) {
    for (int k = 1; k < 4; ++k) t->recent[k - 1] = t->recent[k];
    t->recent_count = 3;
  }
  t->recent[t->recent_count++] = {address, here.size()};
}

void fence(std::source_location const& place) {
  if (!watched || left_out(place)) return;
  device_thread* const t = running_thread();
  unseen const bookkeeping;
  for (int k = 0; k < t->recent_count; ++k)
    for (std::size_t p = 0; p < t->recent[k].published; ++p) published[t->recent[k].word][p]->acquire();
  t->recent_count = 0;
  fences.emplace_back();
  t->fenced = &fences.back();
  t->fenced->release();
}

}  // namespace simulated
