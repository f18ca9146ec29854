// scheduler: several jobs at once on the devices of one process, each with its share of them by weight.
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <future>
#include <host/run/chunk_turns.hpp>
#include <memory>
#include <optional>
#include <prorata/fair_queue.hpp>
#include <prorata/file_array.hpp>
#include <prorata/partition.hpp>
#include <prorata/team.hpp>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace prorata {

/// What a chunk costs the job that it belongs to.
enum class chunk_cost {
  seconds,  ///< how long it kept its device: estimated before, and what was wrong with that is charged to the next one
  bytes,  ///< what it reads of the job's arrays
};

/// How jobs share devices.
struct sharing {
  service_order order = service_order::fair;
  chunk_cost cost = chunk_cost::seconds;
};

/// What all jobs of a tenant together may use.
struct tenant_limits {
  index_t memory = index_t{1} << 62;  ///< bytes of host memory
  int threads = 0;                    ///< worker threads on a device; 0: as many as the device has
};

/// Somebody whose jobs stay within limits. Copies are the same one.
///   memory   a job has job_terms::memory of it from its beginning to its end. Where that is not there, the job fails
///            at once with out_of_memory, and no other job notices. Verbs over files keep within what flow::options()
///            says, and that is no more than the job's part; where one cannot, it throws
///   threads  chunks of its jobs are done by no more threads
///   not      enforced: what a job allocates itself, arrays in memory among it; the bandwidth of memory and disks, and
///            caches; GPUs
///   threads  any number
class tenant {
 public:
  ///   throws  usage_error: a limit that is negative
  explicit tenant(std::string name, tenant_limits limits = {});

  std::string const& name() const;
  tenant_limits const& limits() const;
  /// Bytes that its jobs have.
  index_t memory_in_use() const;

 private:
  friend class scheduler;
  struct state;
  std::shared_ptr<state> state_;
};

/// How a job takes part.
struct job_terms {
  double weight = 1;
  index_t memory = index_t{1} << 30;  ///< bytes that its verbs over files may hold at a time
  std::optional<tenant> of{};         ///< nobody: without limits
};

/// A job's part in a scheduler, as the job sees it.
class flow {
 public:
  /// Ranks of its own, one on each device, for file_array and for_each_chunk.
  prorata::team<host::stream> const& team() const { return team_; }

  /// The options with which arrays in files take turns, and keep within the job's memory; while the job runs.
  run_options options(run_options wanted = {}) const {
    wanted.turns = turns_;
    wanted.memory = std::min(wanted.memory, memory_);
    return wanted;
  }

  /// Calls work(stream, rank, piece) for pieces of [0, n): it queues what is to be done with the piece. Whichever
  /// rank is free, and has its turn, takes the next one.
  ///   chunk   elements, whole tiles, of the largest piece
  ///   bytes   of an element, that work on it reads
  ///   waits   for everything, also when it throws
  template <class Work>
  void for_each_chunk(index_t n, index_t chunk, index_t bytes, Work const& work) const {
    require(n >= 0 && chunk > 0 && chunk % tile == 0 && bytes > 0,
            "for_each_chunk: a chunk is whole tiles, and an element has bytes");
    auto const cuts =
        partition_by_weights(n, std::vector<double>(static_cast<std::size_t>(team_.ranks()), 1.0));
    host::chunk_feed feed(team_, cuts, chunk, host::chunk_order::guided, {}, {turns_, bytes});
    feed.run(work);
  }

 private:
  friend class scheduler;
  flow(prorata::team<host::stream> team, host::chunk_turns* turns, index_t memory)
      : team_(std::move(team)), turns_(turns), memory_(memory) {}
  prorata::team<host::stream> team_;
  host::chunk_turns* turns_;
  index_t memory_;
};

/// Jobs on the same devices. Each has ranks of its own there; a device does one chunk at a time, and whose is next
/// says a fair_queue of that device.
///   unit      the chunk: no chunk is interrupted. Folds, sweeps and counts over files and for_each_chunk hand chunks
///             out; what else a job does runs beside them: verbs over arrays in memory, joins of partial results, what
///             --verify computes again, and sorting
///   share     of each device: while jobs always have chunks, what one has had and its share differ by about one
///             largest chunk (of seconds: as far as they can be told in advance). Weight 0: what nobody else wants. A
///             job is away while it has no chunk to offer, as between two passes over a file
///   bits      of a result are those that the job has alone
///   failures  what a job throws, its own handle rethrows; other jobs do not see it. Where there is no memory for the
///             queue itself, the process ends
///   cost      0.6 µs a chunk of a job alone; a thread a job, and one for each of its ranks
///   threads   any number
class scheduler {
 public:
  /// On these devices, which are CPUs; none: one with every core.
  ///   throws  out_of_memory (threads), usage_error, as host::stream
  explicit scheduler(std::vector<host::stream_options> devices = {}, sharing how = {});
  /// Waits for all jobs.
  ~scheduler();
  scheduler(scheduler const&) = delete;
  scheduler& operator=(scheduler const&) = delete;

  /// What a device gave a job so far.
  struct service {
    index_t chunks = 0, bytes = 0;
    double seconds = 0;
  };

 private:
  class job;

 public:
  /// A job that was submitted. Copies are the same one.
  template <class R>
  class handle {
   public:
    /// Its result, or what it threw.
    ///   waits  for the job
    R get() const {
      if constexpr (std::is_void_v<R>) {
        result_.get();
      } else {
        return result_.get();
      }
    }
    void wait() const { result_.wait(); }
    bool ready() const { return result_.wait_for(std::chrono::seconds(0)) == std::future_status::ready; }

    /// For all chunks that have not begun.
    ///   throws  usage_error, as fair_queue
    void set_weight(double weight) const { scheduler::set_weight(*job_, weight); }
    /// By device.
    std::vector<service> served() const { return scheduler::served(*job_); }

   private:
    friend class scheduler;
    handle(std::shared_ptr<job> of, std::shared_future<R> result)
        : job_(std::move(of)), result_(std::move(result)) {}
    std::shared_ptr<job> job_;
    std::shared_future<R> result_;
  };

  /// Starts work(flow), which runs in a thread of its own.
  ///   example  scheduler jobs;
  ///            auto const total = jobs.submit([](flow const& f) {
  ///              return sum(open<double>("x.npy", f.team(), f.options()));
  ///            }, 3);
  ///            auto const most = jobs.submit([](flow const& f) {
  ///              return max(open<double>("y.npy", f.team(), f.options()));
  ///            }, 1);
  ///            total.get(), most.get();
  ///   throws   usage_error (the weight, as fair_queue; memory that is negative), out_of_memory (threads): there is
  ///            no job then
  template <class Work>
  auto submit(Work work, job_terms const& terms) -> handle<std::invoke_result_t<Work&, flow const&>> {
    using R = std::invoke_result_t<Work&, flow const&>;
    auto task = std::make_shared<std::packaged_task<R(flow const&)>>(
        [work = std::move(work), terms](flow const& f) mutable -> R {
          memory_part const mine(terms);
          return work(f);
        });
    std::shared_future<R> result = task->get_future().share();
    return {start([task](flow const& f) { (*task)(f); }, terms), std::move(result)};
  }
  template <class Work>
  auto submit(Work work, double weight) {
    return submit(std::move(work), job_terms{.weight = weight});
  }

 private:
  /// A job's part of its tenant's memory, while it lives.
  class memory_part {
   public:
    ///   throws  out_of_memory where there is not so much
    explicit memory_part(job_terms const& terms);
    ~memory_part();
    memory_part(memory_part const&) = delete;
    memory_part& operator=(memory_part const&) = delete;

   private:
    job_terms const& terms_;
  };

  struct state;
  std::shared_ptr<job> start(std::function<void(flow const&)> work, job_terms const& terms);
  static void set_weight(job& of, double weight);
  static std::vector<service> served(job const& of);

  std::shared_ptr<state> state_;
};

}  // namespace prorata
