// A grid while it runs: blocks, warps and threads, and who of them can go on.
#pragma once

#include <cuda_runtime_api.h>

#include <functional>
#include <source_location>
#include <string>
#include <vector>

#include "device_code.hpp"
#include "fiber.hpp"
#include "happens_before.hpp"
#include "settings.hpp"

namespace simulated {

struct block;
struct warp;

struct device_thread : position {
  fiber context;
  struct block* of = nullptr;
  struct warp* in = nullptr;
  int lane = 0;
  bool at_barrier = false;
  std::uint64_t answer = 0;     // of what it waited for
  knowledge* fenced = nullptr;  // what it knew at its last fence
  struct {
    void const* word;
    std::size_t published;
  } recent[4] = {};  // atomics since, and how much was published there by then
  int recent_count = 0;
};

/// A place where threads wait for each other. Its two places for knowledge take turns: who is late to leave
/// must not learn what the next meeting knows.
struct meeting {
  std::source_location place;
  unsigned turn = 0;
  knowledge known[2];
};

struct warp : meeting {
  std::uint32_t alive = 0, arrived = 0, mask = 0;
  collective kind{};
  device_thread* lanes[32] = {};
  std::uint64_t value[32];
  int argument[32];
};

struct block : meeting {
  unsigned number = 0;
  std::vector<device_thread*> threads;
  std::vector<warp> warps;
  std::size_t alive = 0, arrived = 0, yes = 0;
  barrier kind{};
  knowledge begins;
  char* shared = nullptr;  // objects by type, and then what the launch asked for
  struct object {
    void const* tag;
    void* place;
  };
  object objects[16];
  int object_count = 0;
  std::size_t object_bytes = 0;
};

/// Threads that can go on. Each is in it at most once, so it never grows: nothing is allocated by a fiber.
class ready_threads {
 public:
  void reserve(std::size_t most) {
    if (ring_.size() < most + 1) ring_.resize(most + 1);
    first_ = count_ = 0;
  }
  bool empty() const { return count_ == 0; }
  std::size_t size() const { return count_; }
  void push(device_thread* t) { at(count_++) = t; }
  void push_front(device_thread* t) {
    first_ = (first_ + ring_.size() - 1) % ring_.size();
    ++count_;
    at(0) = t;
  }
  device_thread* take(std::size_t k) {
    device_thread* const t = at(k);
    if (k == 0) {
      first_ = (first_ + 1) % ring_.size();
    } else {
      at(k) = at(count_ - 1);
    }
    --count_;
    return t;
  }

 private:
  device_thread*& at(std::size_t k) { return ring_[(first_ + k) % ring_.size()]; }
  std::vector<device_thread*> ring_;
  std::size_t first_ = 0, count_ = 0;
};

/// What a launch asks for, and what is known of the kernel.
struct kernel_function {
  std::string name;
  std::size_t allowed_shared = 48 * 1024;
  unsigned long launches = 0;
};
struct grid {
  kernel_function* kernel;
  std::function<void()> const& call;
  unsigned blocks, threads;
  std::size_t shared_bytes;
};

/// Runs a grid to its end.
///   faults   threads that wait for what never comes; too much shared memory
void run_grid(grid const& g);

/// What runs now: the thread, or null outside of kernels; and for faults.
device_thread* running_thread();
std::string where_it_happened();

/// Ends the thread's turn: others run until it is ready again. `wait` does not make it so; `make_ready` does.
void wait();
void make_ready(device_thread* t);
void yield();
bool sometimes();

/// A thread has ended: those who waited for it need not.
void leave_warp(warp& w);
void leave_block(block& b);
std::string who_waits(block const& b);

/// Forgets what was published by atomics: the grid has ended.
void forget_atomics();

}  // namespace simulated
