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
#include <host/time_spent.hpp>
#include <mutex>
#include <new>
#include <prorata/error.hpp>
#include <random>
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
    spending_account::worker const mine(spent);
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
          bool const works = !next->always && !next->waits;
          bool const pretends =
              works && (options.slowdown > 1.0 || options.jitter > 0 || !options.changes.empty());
          if (pretends) fail_if_told(start);
          next->run();
          if (pretends) std::this_thread::sleep_for(rest_of(start));
          if (works)
            worked += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
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

  double seconds_of_stream(std::chrono::steady_clock::time_point at) const {
    return std::chrono::duration<double>(at - began).count();
  }

  void fail_if_told(std::chrono::steady_clock::time_point now) const {
    for (auto const& change : options.changes)
      if (change.slowdown == 0 && change.seconds <= seconds_of_stream(now))
        throw device_error(options.name + " has failed, as it was told to");
  }

  /// The rest of a pretended device after work that began at `start` and has ended.
  std::chrono::nanoseconds rest_of(std::chrono::steady_clock::time_point start) {
    auto const now = std::chrono::steady_clock::now();
    if (options.jitter == 0 && options.changes.empty()) return rest_after(now - start, options.slowdown);
    std::uniform_real_distribution<double> noise(1 - options.jitter, 1 + options.jitter);
    double const work = std::chrono::duration<double>(now - start).count() * noise(random);
    double const end = end_of_work(seconds_of_stream(start), work, options.slowdown, options.changes);
    return rest_after(std::chrono::nanoseconds(1), 1 + std::max(0.0, end - seconds_of_stream(now)) * 1e9);
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
  double worked = 0;  // seconds; of the worker alone, until it is idle
  pages scratch;      // of the work that runs
  spending_account spent;
  std::chrono::steady_clock::time_point began = std::chrono::steady_clock::now();
  std::minstd_rand random;
  std::thread thread;
};

stream::stream(stream_options options) {
  require(options.slowdown >= 1.0, "a stream's slowdown is a factor of at least 1");
  require(options.jitter >= 0 && options.jitter < 1,
          "a stream's jitter is a part of its work, from 0 to below 1");
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
  auto options = worker_->options;
  options.threads = 1;
  return stream(std::move(options));
}

std::byte* stream::scratch(std::size_t bytes) const {
  auto& kept = worker_->scratch;
  if (kept.bytes() < bytes) {
    kept = pages();  // first given back, then asked for
    kept = pages(bytes);
  }
  return kept.data();
}

double stream::busy_seconds() const {
  std::lock_guard const lock(worker_->mutex);
  return worker_->worked;
}

int stream::threads() const { return worker_->loops.threads(); }
std::string const& stream::name() const { return worker_->options.name; }
time_spent stream::take_spent() const { return worker_->spent.take(); }

void stream::submit(std::unique_ptr<task> t, bool always) {
  t->always = always;
  worker_->push(std::move(t));
}

void stream::run_parallel(index_t count, loop_body body) const {
  if (threads() == 1) {
    for (index_t k = 0; k < count; ++k) body.call(body.context, k);
    return;
  }
  auto const block = [&](index_t k) {
    spending_account::worker const mine(worker_->spent);
    body.call(body.context, k);
  };
  worker_->loops.run_blocks(count, loop_body::of(block));
}

}  // namespace prorata::host
