// The worker behind a host stream: a queue, a thread that empties it, and the threads of its loops.

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <host/pages.hpp>
#include <host/slowdown.hpp>
#include <host/stream.hpp>
#include <mutex>
#include <new>
#include <prorata/error.hpp>
#include <system_error>
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

/// What gives memory back. There is one for every block of memory from the beginning, so that giving back
/// never fails.
struct stream::release final : task {
  release() { always = true; }
  void run() override { std::free(memory); }
  void* memory = nullptr;
};

struct stream::worker {
  explicit worker(stream_options o) : options(std::move(o)), loops(options.threads) {
    try {
      thread = std::thread([this] { serve(); });
    } catch (std::system_error const& e) {
      throw out_of_memory("a stream's thread cannot start: " + e.code().message() +
                          "; take fewer devices, or raise the limit of threads or of memory");
    }
  }

  ~worker() {
    {
      std::lock_guard const lock(mutex);
      closing = true;
    }
    changed.notify_all();
    thread.join();
    while (releases) releases = std::move(releases->next);
  }

  void push(std::unique_ptr<task> work) noexcept {
    {
      std::lock_guard const lock(mutex);
      append(std::move(work));
    }
    changed.notify_all();
  }

  void serve() {
    fp_environment const canonical;
    std::unique_lock lock(mutex);
    for (;;) {
      changed.wait(lock, [&] { return closing || first; });
      if (!first) return;
      std::unique_ptr<task> next = std::move(first);
      first = std::move(next->next);
      bool const skip = failure && !next->always;
      busy = true;
      lock.unlock();
      std::exception_ptr caught;
      if (!skip) {
        try {
          auto const start = std::chrono::steady_clock::now();
          next->run();
          if (options.slowdown > 1.0 && !next->always)
            std::this_thread::sleep_for(
                rest_after(std::chrono::steady_clock::now() - start, options.slowdown));
        } catch (...) { caught = std::current_exception(); }
      }
      next.reset();
      if (scratch.bytes() > kept_scratch) scratch = pages();
      lock.lock();
      busy = false;
      if (caught && !failure) failure = caught;
      if (!first) idle.notify_all();
    }
  }

  void wait_until_idle(std::unique_lock<std::mutex>& lock) {
    idle.wait(lock, [&] { return !first && !busy; });
  }

  void append(std::unique_ptr<task> work) noexcept {  // under the mutex
    task* const added = work.get();
    (first ? last->next : first) = std::move(work);
    last = added;
  }

  stream_options options;
  thread_limit loops;
  std::mutex mutex;
  std::condition_variable changed, idle;
  std::unique_ptr<task> first;     // of the queue
  task* last = nullptr;            // where there is a first one
  std::unique_ptr<task> releases;  // for memory that is out
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
  auto spare = std::make_unique<release>();
  void* const memory = allocate_aligned(bytes);
  if (memory == nullptr)
    throw out_of_memory("host memory: cannot allocate " + std::to_string(bytes) +
                        " bytes; lower --memory or the size");
  std::lock_guard const lock(worker_->mutex);
  spare->next = std::move(worker_->releases);
  worker_->releases = std::move(spare);
  return memory;
}

void stream::deallocate(void* memory, std::size_t) noexcept {
  if (memory == nullptr) return;
  {
    std::lock_guard const lock(worker_->mutex);
    auto work = std::move(worker_->releases);
    if (!work) work = std::make_unique<release>();  // another stream's memory
    worker_->releases = std::move(work->next);
    static_cast<release&>(*work).memory = memory;
    worker_->append(std::move(work));
  }
  worker_->changed.notify_all();
}

void stream::copy(void* to, void const* from, std::size_t bytes) {
  if (bytes == 0) return;
  enqueue([=] { std::memcpy(to, from, bytes); });
}

event stream::record() {
  event e;
  e.state_ = std::make_shared<event::state>();
  auto reach = [state = e.state_] { state->set(); };
  submit(std::make_unique<task_of<decltype(reach)>>(std::move(reach)), true);
  return e;
}

void stream::wait(event const& e) {
  auto hold = [e] { e.wait(); };
  submit(std::make_unique<task_of<decltype(hold)>>(std::move(hold)), true);
}

void stream::sync() {
  std::unique_lock lock(worker_->mutex);
  worker_->wait_until_idle(lock);
  if (auto failure = std::exchange(worker_->failure, nullptr)) {
    lock.unlock();
    std::rethrow_exception(failure);
  }
}

void stream::drain() noexcept {
  std::unique_lock lock(worker_->mutex);
  worker_->wait_until_idle(lock);
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

void stream::submit(std::unique_ptr<task> t, bool always) {
  t->always = always;
  worker_->push(std::move(t));
}

void stream::run_parallel(index_t count, loop_body body) const {
  if (threads() == 1) {
    for (index_t k = 0; k < count; ++k) body.call(body.context, k);
    return;
  }
  worker_->loops.run_blocks(count, body);
}

}  // namespace prorata::host
