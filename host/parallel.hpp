// Loops over numbered blocks on TBB's threads: the one place where host code becomes parallel.
#pragma once

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

/// Runs the body for k in [0, count) on the threads of the calling TBB arena, each in the canonical
/// floating-point environment, in no particular order. Returns when all are done.
void run_blocks(index_t count, loop_body body);

template <class F>
void for_each_block(index_t count, F const& f) {
  run_blocks(count, loop_body::of(f));
}

}  // namespace prorata::host
