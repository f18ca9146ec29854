// A CPU as a device: an ordered queue of work, done by one worker that spreads loops over threads.
#pragma once

#include <cstddef>
#include <host/fp_environment.hpp>
#include <host/parallel.hpp>
#include <host/slowdown.hpp>
#include <host/time_spent.hpp>
#include <memory>
#include <prorata/config.hpp>
#include <string>
#include <utility>
#include <vector>

namespace prorata::host {

/// What happened up to a point of a stream. Copies refer to the same point.
class event {
 public:
  /// Blocks the calling thread until the point is reached.
  void wait() const;
  bool ready() const;

 private:
  friend class stream;
  struct state;
  std::shared_ptr<state> state_;
};

/// How a stream uses the machine.
struct stream_options {
  int threads = 0;  ///< threads its loops may use; 0 means every core
  double slowdown =
      1.0;  ///< ≥ 1: pretends to be a device this many times slower (for trying unequal hardware)
  std::string name = "cpu";
  double jitter = 0;  ///< of such a device: work takes up to this part less or more, at random
  std::vector<speed_change> changes{};  ///< of its slowdown, in the order of time
};

/// An in-order queue of work on the host, asynchronous to the caller as a CUDA stream is. Verbs return at
/// once and run in the order they were given; `sync` waits and rethrows the first failure. Work that fails
/// makes the rest of the queue pass by until the failure has been reported.
///   threads   one thread may use a stream at a time; different streams are independent
class stream {
 public:
  using event_type = event;

  explicit stream(stream_options options = {});
  ~stream();  // waits for the queue, drops a failure that nobody asked for
  stream(stream&&) noexcept;
  stream& operator=(stream&&) noexcept;

  /// Memory for `bytes` bytes, aligned to 128. The pointer is usable at once, by work on this stream.
  ///   throws  out_of_memory, with the number of bytes
  void* allocate(std::size_t bytes);

  /// Gives memory back once the work queued so far is done.
  void deallocate(void* memory, std::size_t bytes) noexcept;

  /// Copies bytes between places this stream can read and write.
  void copy(void* to, void const* from, std::size_t bytes);

  event record();
  void wait(event const& e);

  /// Waits for everything queued. Rethrows the first failure since the last sync.
  void sync();

  /// Waits for everything queued; a failure stays until the next sync.
  void drain() noexcept;

  /// Another stream of this device, for work beside this one's: copies, on one thread.
  stream sibling() const;

  /// Queues f(), to run on the worker in the canonical floating-point environment.
  template <class F>
  void enqueue(F f) {
    submit(std::make_unique<task_of<F>>(std::move(f)));
  }

  /// Queues f(), which waits for others: that is no work of this device, so one that pretends to be slower does not
  /// rest after it.
  template <class F>
  void enqueue_wait(F f) {
    auto waiting = std::make_unique<task_of<F>>(std::move(f));
    waiting->waits = true;
    submit(std::move(waiting));
  }

  /// From inside queued work: runs f(k) for k in [0, count) on this stream's threads.
  template <class F>
  void parallel(index_t count, F const& f) const {
    if (count == 1) return f(index_t{0});
    run_parallel(count, loop_body::of(f));
  }

  /// From inside queued work: memory for it alone, until it ends or asks again; what it holds then is lost.
  /// The stream keeps up to `kept_scratch` bytes of it for the next time: fresh pages cost as much as a
  /// sweep.
  ///   throws  out_of_memory, with the number of bytes
  std::byte* scratch(std::size_t bytes) const;
  static constexpr std::size_t kept_scratch = std::size_t{1} << 30;

  /// How long this device has worked so far, waiting for others not counted. Of a stream that has been waited for.
  double busy_seconds() const;

  /// The most threads that `parallel` uses.
  int threads() const;
  std::string const& name() const;

  /// What its threads spent on work since this was last called; from inside queued work, or while there is none.
  time_spent take_spent() const;

 private:
  /// Tasks are links of the queue themselves, so that nothing can fail once there is a task.
  struct task {
    virtual ~task() = default;
    virtual void run() = 0;
    std::unique_ptr<task> next;
    bool waits = false;   // for others
    bool always = false;  // runs even after a failure: events are reached, memory is given back
  };
  struct release;
  template <class F>
  struct task_of final : task {
    explicit task_of(F&& function) : f(std::move(function)) {}
    void run() override { f(); }
    F f;
  };
  void submit(std::unique_ptr<task> t, bool always = false);
  void run_parallel(index_t count, loop_body body) const;

  struct worker;
  std::unique_ptr<worker> worker_;
};

/// Whether work on one stream reaches what the other allocates.
inline bool same_memory(stream const&, stream const&) { return true; }

/// Memory that nobody has touched takes no room, so that what little was written of a large block may stay in
/// it.
inline constexpr bool untouched_is_free(stream const&) { return true; }

/// Whether functors that run on this stream may refer to what their caller owns.
inline constexpr bool sees_host_memory(stream const&) { return true; }

/// Queues on `to` a copy of what lies in `from`'s memory.
inline void copy_from(stream& to, void* destination, stream&, void const* source, std::size_t bytes) {
  to.copy(destination, source, bytes);
}

/// Queues on `to` a copy of bytes that `from` has produced; `from` goes on only when they have been read.
inline void transfer(stream& to, void* destination, stream& from, void const* source, std::size_t bytes) {
  if (&to == &from) return to.copy(destination, source, bytes);
  to.wait(from.record());
  try {
    to.copy(destination, source, bytes);
    from.wait(to.record());
  } catch (...) {  // nobody told `from` to wait
    to.drain();
    throw;
  }
}

}  // namespace prorata::host
