// The TBB loop behind every parallel loop of the host.
//
// ThreadSanitizer cannot see the order that TBB makes, for the library is not compiled with it. So this file
// is not either, and says what it needs to know: work before a loop is seen by its blocks, and theirs after
// it.
#include <tbb/blocked_range.h>
#include <tbb/global_control.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include <host/fp_environment.hpp>
#include <host/parallel.hpp>
#include <prorata/error.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#ifdef PRORATA_THREAD_SANITIZER
#include <sanitizer/tsan_interface.h>
#endif

namespace prorata::host {
namespace {

/// Everything before `publish(place)` is seen after a later `observe(place)`.
void publish([[maybe_unused]] void const* place) {
#ifdef PRORATA_THREAD_SANITIZER
  __tsan_release(const_cast<void*>(place));
#endif
}
void observe([[maybe_unused]] void const* place) {
#ifdef PRORATA_THREAD_SANITIZER
  __tsan_acquire(const_cast<void*>(place));
#endif
}

/// Says so when it ends, by an exception, too.
struct published {
  void const* place;
  ~published() { publish(place); }
};
struct observed {
  void const* place;
  ~observed() { observe(place); }
};

/// TBB says by a runtime_error that its threads cannot start.
template <class F>
void with_threads(F const& f) {
  try {
    f();
  } catch (std::runtime_error const& e) {
    if (std::string_view(e.what()).starts_with("pthread_create has failed"))
      throw out_of_memory(std::string("threads cannot start: ") + e.what() +
                          "; ask for fewer, or raise the limit of threads or of memory");
    throw;
  }
}

void spread(index_t count, loop_body body) {
  tbb::parallel_for(
      tbb::blocked_range<index_t>(0, count, 1),
      [body](tbb::blocked_range<index_t> const& range) {
        observe(body.context);
        published const at_the_end{body.context};
        fp_environment const canonical;
        for (index_t k = range.begin(); k != range.end(); ++k) body.call(body.context, k);
      },
      tbb::simple_partitioner{});
}

}  // namespace

void run_blocks(index_t count, loop_body body) {
  publish(body.context);
  observed const at_the_end{body.context};
  with_threads([&] { spread(count, body); });
}

struct thread_limit::arena {
  std::unique_ptr<tbb::global_control> more_threads;  // than there are cores, where somebody asks for them
  tbb::task_arena tasks;
};

thread_limit::thread_limit(int threads) : arena_(new arena) {
  using control = tbb::global_control;
  auto const wanted = static_cast<std::size_t>(threads);
  if (wanted > control::active_value(control::max_allowed_parallelism))
    arena_->more_threads = std::make_unique<control>(control::max_allowed_parallelism, wanted);
  arena_->tasks.initialize(threads > 0 ? threads : tbb::task_arena::automatic);
}
thread_limit::~thread_limit() = default;

int thread_limit::threads() const { return arena_->tasks.max_concurrency(); }

void thread_limit::run_blocks(index_t count, loop_body body) const {
  publish(body.context);
  observed const at_the_end{body.context};
  with_threads([&] { arena_->tasks.execute([&] { spread(count, body); }); });
}

}  // namespace prorata::host
