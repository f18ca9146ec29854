// The scheduler: some blocks at a time, begun in any order, and their threads chosen one after another.
#include "grid.hpp"

#include <sys/mman.h>

#include <algorithm>

#include "census.hpp"

#ifdef PRORATA_SIMULATED_ASAN
#include <sanitizer/asan_interface.h>
#endif

namespace simulated {
namespace {

constexpr std::size_t static_limit = 48 * 1024, shared_limit = 227 * 1024;
constexpr std::size_t most_threads = 3072;     // that run together, of more than one block
constexpr std::uint64_t patience = 5'000'000;  // pauses without anything that others could wait for

/// What a block's memory is before anybody writes to it.
void spoil(char* memory, std::size_t bytes) { std::fill_n(memory, bytes, '\xa5'); }

/// Every address outside of what was given is an error under AddressSanitizer.
void forbid([[maybe_unused]] void* memory, [[maybe_unused]] std::size_t bytes) {
#ifdef PRORATA_SIMULATED_ASAN
  __asan_poison_memory_region(memory, bytes);
#endif
}
void permit([[maybe_unused]] void* memory, [[maybe_unused]] std::size_t bytes) {
#ifdef PRORATA_SIMULATED_ASAN
  __asan_unpoison_memory_region(memory, bytes);
#endif
}

class schedule {
 public:
  explicit schedule(grid const& g);
  ~schedule();
  void run();

  grid const& of;
  chance random;
  long choice;
  ready_threads ready;
  knowledge ended;
  device_thread* current = nullptr;
  fiber home;  // of whoever runs the grid
  std::uint64_t pauses = 0;
  bool block_ended = false;

 private:
  void admit();
  void retire();
  std::vector<unsigned> numbers_;  // blocks in the order of their admission
  std::size_t next_ = 0, resident_;
  std::vector<block*> in_, gone_;
  std::vector<std::size_t> free_rooms_;
  char* rooms_;  // shared memory of blocks
  std::size_t room_bytes_, room_count_;
};

schedule* now = nullptr;
std::vector<device_thread*> spare_threads;  // their fibers wait for another kernel

/// The life of a fiber: one thread after another.
void live() {
  begin_fiber();
  for (;;) {
    device_thread& t = *now->current;
    t.of->begins.acquire();
    now->of.call();
    now->ended.release();
    t.in->alive &= ~(1u << t.lane);
    --t.of->alive;
    leave_warp(*t.in);
    leave_block(*t.of);
    progress();
    if (t.of->alive == 0) now->block_ended = true;
    wait();
  }
}

device_thread* idle_thread(chance& random) {
  if (spare_threads.empty()) {
    auto* const t = new device_thread();
    make_fiber(t->context, live);
    return t;
  }
  std::swap(spare_threads[random.below(spare_threads.size())], spare_threads.back());
  device_thread* const t = spare_threads.back();
  spare_threads.pop_back();
  return t;
}

schedule::schedule(grid const& g)
    : of(g), random(static_cast<std::uint64_t>(chosen().seed) * 7919 + counts().grids) {
  settings const& s = chosen();
  choice = s.choice >= 0 ? s.choice : static_cast<long>(random.below(3));
  long const admission = s.admission >= 0 ? s.admission : static_cast<long>(random.below(3));
  resident_ = s.resident > 0 ? static_cast<std::size_t>(s.resident) : 1 + random.below(6);
  while (resident_ > 1 && resident_ * g.threads > most_threads) --resident_;
  for (unsigned b = 0; b < g.blocks; ++b) numbers_.push_back(admission == 1 ? g.blocks - 1 - b : b);
  if (admission == 2)
    for (std::size_t b = g.blocks; b > 1; --b) std::swap(numbers_[b - 1], numbers_[random.below(b)]);
  ready.reserve(resident_ * g.threads);
  // ThreadSanitizer must not see one block's shared memory become another's: that would order the two.
  room_count_ = watched ? g.blocks : resident_;
  room_bytes_ = (static_limit + g.shared_bytes + 256 + 4095) / 4096 * 4096;
  void* const memory = mmap(nullptr, room_count_ * room_bytes_, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) fault("no memory for the blocks of a grid");
  rooms_ = static_cast<char*>(memory);
  for (std::size_t k = room_count_; k-- > 0;) free_rooms_.push_back(k);
}

schedule::~schedule() {
  permit(rooms_, room_count_ * room_bytes_);
  munmap(rooms_, room_count_ * room_bytes_);
  for (block* b : gone_) delete b;
}

void schedule::admit() {
  auto* const b = new block();
  b->number = numbers_[next_++];
  b->shared = rooms_ + free_rooms_.back() * room_bytes_;
  free_rooms_.pop_back();
  forbid(b->shared, room_bytes_);
  permit(b->shared + static_limit, of.shared_bytes);
  spoil(b->shared + static_limit, of.shared_bytes);
  b->warps.resize((of.threads + 31) / 32);
  b->alive = of.threads;
  for (unsigned k = 0; k < of.threads; ++k) {
    device_thread* const t = idle_thread(random);
    static_cast<position&>(*t) = {k, b->number, of.threads, of.blocks};
    t->of = b;
    t->in = &b->warps[k / 32];
    t->lane = static_cast<int>(k % 32);
    t->at_barrier = false;
    t->fenced = nullptr;
    t->recent_count = 0;
    t->in->alive |= 1u << t->lane;
    t->in->lanes[t->lane] = t;
    b->threads.push_back(t);
  }
  b->begins.release();
  auto order = b->threads;
  if (choice == 2)
    for (std::size_t k = order.size(); k > 1; --k) std::swap(order[k - 1], order[random.below(k)]);
  for (device_thread* const t : order) ready.push(t);
  in_.push_back(b);
  counts().threads += of.threads;
  ++counts().blocks;
}

void schedule::retire() {
  for (std::size_t k = 0; k < in_.size();) {
    block* const b = in_[k];
    if (b->alive > 0) {
      ++k;
      continue;
    }
    spare_threads.insert(spare_threads.end(), b->threads.begin(), b->threads.end());
    if (b->object_bytes + of.shared_bytes > shared_limit)
      fault("a block has " + std::to_string(b->object_bytes + of.shared_bytes) + " bytes of shared memory");
    if (!watched) free_rooms_.push_back(static_cast<std::size_t>(b->shared - rooms_) / room_bytes_);
    gone_.push_back(b);
    in_[k] = in_.back();
    in_.pop_back();
  }
  block_ended = false;
}

void schedule::run() {
  adopt_thread(home);
  now = this;
  while (next_ < numbers_.size() || !in_.empty()) {
    while (next_ < numbers_.size() && in_.size() < resident_) admit();
    if (ready.empty()) {
      std::string waiting = "threads wait for what never comes";
      for (block const* const b : in_) waiting += who_waits(*b);
      fault(waiting);
    }
    current = ready.take(choice == 1 ? ready.size() - 1 : choice == 2 ? random.below(ready.size()) : 0);
    switch_fiber(home, current->context);
    current = nullptr;
    if (block_ended) retire();
  }
  ended.acquire();
  forget_atomics();
  now = nullptr;
}

/// Goes on with another thread, or at home where there is none or a block has ended.
void hand_over() {
  device_thread* const from = now->current;
  if (now->ready.empty() || now->block_ended) return switch_fiber(from->context, now->home);
  std::size_t const count = now->ready.size();
  device_thread* const to = now->ready.take(now->choice == 1   ? count - 1
                                            : now->choice == 2 ? now->random.below(count)
                                                               : 0);
  if (to == from) return;
  now->current = to;
  switch_fiber(from->context, to->context);
}

}  // namespace

void run_grid(grid const& g) {
  unseen const bookkeeping;
  ++counts().grids;
  ++g.kernel->launches;
  schedule s(g);
  s.run();
}

position const* here() {
  if (now == nullptr) fault("device code runs outside of a kernel");
  return now->current;
}
device_thread* running_thread() { return now == nullptr ? nullptr : now->current; }

void wait() { hand_over(); }
void make_ready(device_thread* t) { now->ready.push(t); }
void yield() {
  now->choice == 1 ? now->ready.push_front(now->current) : now->ready.push(now->current);
  hand_over();
}
bool sometimes() { return now->random.below(now->choice == 2 ? 4 : 16) == 0; }

void pause() {
  if (running_thread() == nullptr) return;
  ++counts().pauses;
  if (++now->pauses > patience) fault("no progress: threads look again and again, and nobody does anything");
  yield();
}
void progress() {
  if (now != nullptr) now->pauses = 0;
}

void* shared_object(void const* tag, std::size_t bytes, std::size_t alignment) {
  unseen const bookkeeping;
  block& b = *now->current->of;
  for (int k = 0; k < b.object_count; ++k)
    if (b.objects[k].tag == tag) return b.objects[k].place;
  std::size_t const apart =
      std::max<std::size_t>(alignment, 64);  // under AddressSanitizer nothing lies between
  std::size_t const at = (b.object_bytes + apart - 1) / apart * apart;
  if (at + bytes > static_limit || b.object_count == 16) fault("a kernel's own shared memory exceeds 48 KiB");
  b.object_bytes = at + bytes;
  permit(b.shared + at, bytes);
  spoil(b.shared + at, bytes);
  b.objects[b.object_count++] = {tag, b.shared + at};
  return b.shared + at;
}
void* dynamic_shared() { return now->current->of->shared + static_limit; }

std::string where_it_happened() {
  if (now == nullptr) return {};
  std::string text = "\n  in " + now->of.kernel->name + " of " + std::to_string(now->of.blocks) +
                     " blocks of " + std::to_string(now->of.threads) + " threads";
  if (now->current != nullptr)
    text += ", thread " + std::to_string(now->current->thread) + " of block " +
            std::to_string(now->current->block);
  return text;
}

}  // namespace simulated
