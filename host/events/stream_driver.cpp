// One thread, one mutex, and the queues between them.
#include <algorithm>
#include <condition_variable>
#include <deque>
#include <host/events/stream_driver.hpp>
#include <mutex>
#include <prorata/error.hpp>
#include <prorata/fair_queue.hpp>
#include <vector>

namespace prorata::events {

struct stream_driver::state {
  struct batch {
    index_t records;
    work what;
  };
  struct input {
    std::uint64_t flow;
    index_t waiting = 0, served = 0;  // records
    index_t pushed = 0, done = 0;     // batches
    std::deque<batch> batches{};
  };

  index_t const queue;
  mutable std::mutex mutex{};
  std::condition_variable more{}, progress{};
  fair_queue turns{};
  std::vector<input> inputs{};
  std::exception_ptr failure{};
  bool busy = false, stopping = false, finished = false;
  std::thread thread{};

  bool idle() const { return !busy && turns.size() == 0; }

  void check() const {
    if (failure) std::rethrow_exception(failure);
    require(!finished, "stream_job: it is finished, and nothing can be pushed any more");
  }
  void not_from_the_sink() const {
    require(std::this_thread::get_id() != thread.get_id(),
            "stream_job: a sink cannot push to its own job, nor finish it: it would wait for itself");
  }

  void run() {
    std::unique_lock lock(mutex);
    for (;;) {
      more.wait(lock, [&] { return stopping || turns.size() > 0; });
      if (stopping) return;
      auto const turn = turns.take();
      auto const at = static_cast<std::size_t>(turn->flow);
      batch next = std::move(inputs[at].batches.front());
      inputs[at].batches.pop_front();
      busy = true;
      lock.unlock();
      std::exception_ptr thrown;
      try {
        next.what();
      } catch (...) { thrown = std::current_exception(); }
      next.what = {};  // what it owns goes before anybody is told
      lock.lock();
      busy = false;
      auto& done = inputs[at];
      done.waiting -= next.records;
      if (!thrown) done.served += next.records;
      ++done.done;
      if (thrown) {
        failure = thrown;
        for (auto& in : inputs) {
          turns.withdraw(in.flow);
          in.batches.clear();
          in.waiting = 0, in.done = in.pushed;
        }
      }
      progress.notify_all();
    }
  }
};

stream_driver::stream_driver(index_t queue) : state_(new state{queue}) {
  require(queue >= 1, "stream_job: a queue holds at least one record");
  state_->thread = std::thread([s = state_.get()] { s->run(); });
}

stream_driver::~stream_driver() {
  {
    std::lock_guard const lock(state_->mutex);
    state_->stopping = true;
  }
  state_->more.notify_all();
  state_->thread.join();
}

std::size_t stream_driver::add_input(double weight) {
  std::lock_guard const lock(state_->mutex);
  auto const flow = state_->turns.join(weight);
  state_->inputs.push_back({flow});
  return state_->inputs.size() - 1;
}

void stream_driver::set_weight(std::size_t input, double weight) {
  std::lock_guard const lock(state_->mutex);
  state_->turns.set_weight(state_->inputs[input].flow, weight);
}

index_t stream_driver::served(std::size_t input) const {
  std::lock_guard const lock(state_->mutex);
  return state_->inputs[input].served;
}

void stream_driver::push(std::size_t input, index_t records, work what) {
  state_->not_from_the_sink();
  std::unique_lock lock(state_->mutex);
  auto& s = *state_;
  s.progress.wait(lock, [&] { return s.failure || s.finished || s.inputs[input].waiting < s.queue; });
  s.check();
  auto& in = s.inputs[input];
  in.batches.push_back({records, std::move(what)});
  in.waiting += records;
  ++in.pushed;
  try {
    s.turns.offer(in.flow, std::max<index_t>(records, 1));
  } catch (...) {  // nothing that the caller owns may stay in a queue
    in.batches.pop_back();
    in.waiting -= records, --in.pushed;
    throw;
  }
  s.more.notify_one();
}

void stream_driver::push_and_wait(std::size_t input, index_t records, work const& what) {
  push(input, records, [&] { what(); });
  std::unique_lock lock(state_->mutex);
  auto& s = *state_;
  index_t const mine = s.inputs[input].pushed;  // or a later one of this input
  s.progress.wait(lock, [&] { return s.failure || s.inputs[input].done >= mine; });
  if (s.failure) {
    s.progress.wait(lock, [&] { return !s.busy; });
    std::rethrow_exception(s.failure);
  }
}

void stream_driver::finish(work const& last) {
  state_->not_from_the_sink();
  {
    std::unique_lock lock(state_->mutex);
    auto& s = *state_;
    s.check();
    s.finished = true;
    s.progress.notify_all();
    s.progress.wait(lock, [&] { return s.failure || s.idle(); });
    if (s.failure) std::rethrow_exception(s.failure);
  }
  last();
}

}  // namespace prorata::events
