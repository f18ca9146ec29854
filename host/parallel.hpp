// Loops over numbered blocks on TBB's threads: the one place where host code becomes parallel.
#pragma once

#include <memory>
#include <prorata/config.hpp>

namespace prorata::host {

/// A loop body as a function and what it is applied to.
struct loop_body {
  void (*call)(void const* context, index_t k);
  void const* context;

  template <class F>
  static loop_body of(F const& f) {
    return {[](void const* context, index_t k) { (*static_cast<F const*>(context))(k); }, &f};
  }
};

/// Runs the body for k in [0, count) on every core, each in the canonical floating-point environment. Blocks
/// are taken in no particular order. Returns when all are done; rethrows what one of them threw.
void run_blocks(index_t count, loop_body body);

template <class F>
void for_each_block(index_t count, F const& f) {
  run_blocks(count, loop_body::of(f));
}

/// A limit to the threads that a loop may use.
class thread_limit {
 public:
  /// At most this many, also more than there are cores; 0 means every core.
  explicit thread_limit(int threads);
  ~thread_limit();
  thread_limit(thread_limit const&) = delete;
  thread_limit& operator=(thread_limit const&) = delete;

  int threads() const;

  /// run_blocks within the limit.
  void run_blocks(index_t count, loop_body body) const;

 private:
  struct arena;
  std::unique_ptr<arena> arena_;
};

}  // namespace prorata::host
