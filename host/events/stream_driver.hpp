// stream_driver: a thread that takes batches from bounded queues, whose turn is by weight.
#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <prorata/config.hpp>
#include <thread>

namespace prorata::events {

/// Inputs push batches, and one thread works on them, one at a time.
///   turns    by fair_queue: while several inputs have batches, each is served in proportion to its weight, by records
///   room     a batch is taken in while fewer records than `queue` wait in its input; else who pushes waits
///   failure  what work throws ends all: it is thrown by every push and by finish
///   threads  any number may push
class stream_driver {
 public:
  /// What is done, on the driver's thread. Whoever waits for a batch keeps it alive until then.
  using work = std::function<void()>;

  explicit stream_driver(index_t queue);
  /// Batches that wait are left out.
  ~stream_driver();

  std::size_t add_input(double weight);
  void set_weight(std::size_t input, double weight);
  /// Records that were worked on.
  index_t served(std::size_t input) const;

  /// Work on a batch of so many records; waits for room.
  void push(std::size_t input, index_t records, work what);
  /// The same, and waits until it is done.
  void push_and_wait(std::size_t input, index_t records, work const& what);
  /// Waits until all that was pushed is done, and does `last`. Nothing can be pushed afterwards.
  void finish(work const& last);

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace prorata::events
