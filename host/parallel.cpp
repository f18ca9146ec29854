// The TBB loop behind every parallel loop of the host, and what ThreadSanitizer has to be told about it.
#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>

#include <host/fp_environment.hpp>
#include <host/parallel.hpp>
#include <host/thread_sanitizer.hpp>

namespace prorata::host {

void run_blocks(index_t count, loop_body body) {
  publish(body.context);
  tbb::parallel_for(
      tbb::blocked_range<index_t>(0, count, 1),
      [&](tbb::blocked_range<index_t> const& range) __attribute__((no_sanitize("thread"))) {
        observe(body.context);
        fp_environment const canonical;
        for (index_t k = range.begin(); k != range.end(); ++k) body.call(body.context, k);
        publish(body.context);
      },
      tbb::simple_partitioner{});
  observe(body.context);
}

}  // namespace prorata::host
