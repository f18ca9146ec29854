// The worker behind a host stream: a queue, a thread that empties it, and the threads of its loops.

#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <exception>
#include <host/pages.hpp>
#include <host/stream.hpp>
#include <mutex>
#include <new>
#include <prorata/error.hpp>
#include <thread>

namespace prorata::host {

struct event::state {
  std::mutex mutex;
  std::condition_variable changed;
  bool reached = false;

  void set() {
    std::lock_guard const lock(mutex);
    reached = true;
    changed.notify_all();
  }
};

void event::wait() const {
  if (!state_) return;
  std::unique_lock lock(state_->mutex);
  state_->changed.wait(lock, [&] { return state_->reached; });
}

bool event::ready() const {
  if (!state_) return true;
  std::lock_guard const lock(state_->mutex);
  return state_->reached;
}

struct stream::worker {
  struct item {
    std::unique_ptr<task> work;
    bool always;  // runs even after a failure: events are reached, memory is given back
  };

  explicit worker(stream_options o) : options(std::move(o)), loops(options.threads) {
    thread = std::thread([this] { serve(); });
  }

  ~worker() {
    {
      std::lock_guard const lock(mutex);
      closing = true;
    }
    changed.notify_all();
    thread.join();
  }

  void push(std::unique_ptr<task> work, bool always) {
    {
      std::lock_guard const lock(mutex);
      queue.push_back({std::move(work), always});
    }
    changed.notify_all();
  }

  void serve() {
    fp_environment const canonical;
    std::unique_lock lock(mutex);
    for (;;) {
      changed.wait(lock, [&] { return closing || !queue.empty(); });
      if (queue.empty()) return;
      item next = std::move(queue.front());
      queue.pop_front();
      bool const skip = failure && !next.always;
      busy = true;
      lock.unlock();
      std::exception_ptr caught;
      if (!skip) {
        try {
          auto const start = std::chrono::steady_clock::now();
          next.work->run();
          if (options.slowdown > 1.0 && !next.always)
            std::this_thread::sleep_for((std::chrono::steady_clock::now() - start) *
                                        (options.slowdown - 1.0));
        } catch (...) { caught = std::current_exception(); }
      }
      next.work.reset();
      if (scratch.bytes() > kept_scratch) scratch = pages();
      lock.lock();
      busy = false;
      if (caught && !failure) failure = caught;
      if (queue.empty()) idle.notify_all();
    }
  }

  stream_options options;
  thread_limit loops;
  std::mutex mutex;
  std::condition_variable changed, idle;
  std::deque<item> queue;
  std::exception_ptr failure;
  bool closing = false;
  bool busy = false;
  pages scratch;  // of the work that runs
  std::thread thread;
};

stream::stream(stream_options options) {
  require(options.slowdown >= 1.0, "a stream's slowdown is a factor of at least 1");
  require(options.threads >= 0, "a stream's threads are a count, or 0 for every core");
  worker_ = std::make_unique<worker>(std::move(options));
}
stream::~stream() = default;
stream::stream(stream&&) noexcept = default;
stream& stream::operator=(stream&&) noexcept = default;

void* stream::allocate(std::size_t bytes) {
  void* const memory = allocate_aligned(bytes);
  if (memory == nullptr)
    throw out_of_memory("host memory: cannot allocate " + std::to_string(bytes) +
                        " bytes; lower --memory or the size");
  return memory;
}

void stream::deallocate(void* memory, std::size_t) noexcept {
  if (memory == nullptr) return;
  auto release = [memory] { std::free(memory); };
  worker_->push(std::make_unique<task_of<decltype(release)>>(std::move(release)), true);
}

void stream::copy(void* to, void const* from, std::size_t bytes) {
  if (bytes == 0) return;
  enqueue([=] { std::memcpy(to, from, bytes); });
}

event stream::record() {
  event e;
  e.state_ = std::make_shared<event::state>();
  auto reach = [state = e.state_] { state->set(); };
  worker_->push(std::make_unique<task_of<decltype(reach)>>(std::move(reach)), true);
  return e;
}

void stream::wait(event const& e) {
  auto hold = [e] { e.wait(); };
  worker_->push(std::make_unique<task_of<decltype(hold)>>(std::move(hold)), true);
}

void stream::sync() {
  std::unique_lock lock(worker_->mutex);
  worker_->idle.wait(lock, [&] { return worker_->queue.empty() && !worker_->busy; });
  if (auto failure = std::exchange(worker_->failure, nullptr)) {
    lock.unlock();
    std::rethrow_exception(failure);
  }
}

stream stream::sibling() const {
  return stream({.threads = 1, .slowdown = worker_->options.slowdown, .name = worker_->options.name});
}

std::byte* stream::scratch(std::size_t bytes) const {
  auto& kept = worker_->scratch;
  if (kept.bytes() < bytes) {
    kept = pages();  // first given back, then asked for
    kept = pages(bytes);
  }
  return kept.data();
}

int stream::threads() const { return worker_->loops.threads(); }
std::string const& stream::name() const { return worker_->options.name; }

void stream::submit(std::unique_ptr<task> t) { worker_->push(std::move(t), false); }

void stream::run_parallel(index_t count, loop_body body) const {
  if (threads() == 1) {
    for (index_t k = 0; k < count; ++k) body.call(body.context, k);
    return;
  }
  worker_->loops.run_blocks(count, body);
}

}  // namespace prorata::host
