// Bytes between processes by MPI. One thread of each team talks to MPI, in the order of the calls, so that
// processes meet.
#define OMPI_SKIP_MPICXX 1  // the C interface is all that is used
#define MPICH_SKIP_MPICXX 1
#include <mpi.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <memory>
#include <mutex>
#include <prorata/mpi.hpp>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace prorata {

namespace {

using host::stream;

std::string said(int code) {
  char text[MPI_MAX_ERROR_STRING];
  int length = 0;
  MPI_Error_string(code, text, &length);
  return {text, static_cast<std::size_t>(length)};
}

void check(int code, char const* what) {
  if (code != MPI_SUCCESS) throw communication_error(std::string("MPI: ") + what + ": " + said(code));
}

void finish_mpi() {
  int done = 0;
  MPI_Finalized(&done);
  if (!done) MPI_Finalize();
}

/// Starts MPI, unless the program has.
void begin_mpi() {
  static std::mutex beginning;
  std::lock_guard const lock(beginning);
  int begun = 0, level = MPI_THREAD_SINGLE;
  MPI_Initialized(&begun);
  if (begun) {
    check(MPI_Query_thread(&level), "MPI_Query_thread");
  } else {
    check(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_MULTIPLE, &level), "MPI_Init_thread");
    std::atexit(finish_mpi);
  }
  if (level < MPI_THREAD_MULTIPLE)
    throw communication_error(
        "MPI: teams need MPI_THREAD_MULTIPLE, and this MPI was started without; start it with "
        "MPI_Init_thread");
}

/// A message: this process's memory, and the process at the other end.
struct message {
  int process;
  std::byte* data;
  std::size_t bytes;
};

/// What one operation does in this process.
struct operation {
  explicit operation(char const* called, int from = -1) : name(called), root(from) {
    sign(std::string_view(name));
  }

  char const* name;
  int root;  // of a broadcast, in which every process has received[0]; else -1
  std::uint64_t signature = 14695981039346656037u;  // the same on every process
  std::vector<message> sent, received;

  template <class Numbers>
  void sign(Numbers const& numbers) {  // FNV-1a, a word at a time
    for (auto const number : numbers)
      signature = (signature ^ static_cast<std::uint64_t>(number)) * 1099511628211u;
  }
};

/// How an operation went.
struct outcome {
  std::vector<char> reached;  // by local rank: nothing before had failed
  std::exception_ptr failure;
};

class mpi_communicator final : public communicator<stream> {
 public:
  mpi_communicator(int local_ranks, mpi_options const& options)
      : options_(options), queue_(host::stream_options{.threads = 1, .name = "mpi"}) {
    require(options.most_bytes >= 1 && options.most_bytes <= INT32_MAX,
            "mpi_options: a message has from 1 to 2^31 - 1 bytes");
    begin_mpi();
    check(MPI_Comm_dup(MPI_COMM_WORLD, &processes_), "MPI_Comm_dup");
    check(MPI_Comm_set_errhandler(processes_, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
    int count = 0;
    check(MPI_Comm_rank(processes_, &process_), "MPI_Comm_rank");
    check(MPI_Comm_size(processes_, &count), "MPI_Comm_size");
    std::vector<int> ranks(static_cast<std::size_t>(count));
    check(MPI_Allgather(&local_ranks, 1, MPI_INT, ranks.data(), 1, MPI_INT, processes_), "MPI_Allgather");
    for (int p = 0; p < count; ++p) {
      if (p == process_) first_ = static_cast<int>(process_of_.size());
      process_of_.insert(process_of_.end(), static_cast<std::size_t>(ranks[static_cast<std::size_t>(p)]), p);
    }
    local_ = local_ranks;
  }
  ~mpi_communicator() override {
    queue_.drain();
    int done = 0;
    MPI_Finalized(&done);
    if (!done) MPI_Comm_free(&processes_);
  }

  int ranks() const override { return static_cast<int>(process_of_.size()); }
  int first_local_rank() const override { return first_; }

  void all_gather(std::span<stream> streams, std::span<void const* const> send,
                  std::span<void* const> receive, std::span<std::size_t const> offsets) override {
    check_streams(streams);
    auto const place = [](void* to, std::size_t at) { return static_cast<std::byte*>(to) + at; };
    auto const size = [&](int r) {
      return offsets[static_cast<std::size_t>(r) + 1] - offsets[static_cast<std::size_t>(r)];
    };
    auto const offset = [&](int r) { return offsets[static_cast<std::size_t>(r)]; };
    auto const takes = [](void* to) { return to != nullptr; };
    // The blocks of other processes go to the first local rank that wants them, and on from there.
    auto const first = std::find_if(receive.begin(), receive.end(), takes) - receive.begin();
    std::vector<std::byte> nobodys;
    operation now("all_gather");
    now.sign(offsets);
    bool const wanted = first < std::ssize(receive);
    if (!wanted) nobodys.resize(offsets.back());
    void* const all = wanted ? receive[static_cast<std::size_t>(first)] : nobodys.data();
    for (int r = 0; r < ranks(); ++r) {
      if (size(r) == 0) continue;
      if (!is_local(r)) {
        now.received.push_back({process_of(r), place(all, offset(r)), size(r)});
        continue;
      }
      for (int p = 0; p <= process_of_.back(); ++p)
        if (p != process_) now.sent.push_back({p, place(const_cast<void*>(send[local(r)]), 0), size(r)});
      for (std::size_t q = 0; q < receive.size(); ++q)
        if (receive[q] != nullptr)
          transfer(streams[q], place(receive[q], offset(r)), streams[local(r)], send[local(r)], size(r));
    }
    run(streams, std::move(now), std::move(nobodys));
    for (std::size_t q = static_cast<std::size_t>(first) + 1; q < receive.size(); ++q) {
      if (receive[q] == nullptr) continue;
      for (int r = 0; r < ranks(); ++r)
        if (!is_local(r) && size(r) > 0)
          transfer(streams[q], place(receive[q], offset(r)), streams[static_cast<std::size_t>(first)],
                   place(all, offset(r)), size(r));
    }
  }

  void all_to_all(std::span<stream> streams, std::span<void const* const> send,
                  std::span<void* const> receive, std::span<std::size_t const> bytes,
                  std::span<std::size_t const> places) override {
    check_streams(streams);
    operation now("all_to_all");
    now.sign(bytes);
    for (int r = 0; r < ranks(); ++r) {
      std::size_t from = 0;
      for (int q = 0; q < ranks(); ++q) {
        auto const pair = static_cast<std::size_t>(r) * process_of_.size() + static_cast<std::size_t>(q);
        std::size_t const n = bytes[pair];
        auto const source = [&] { return static_cast<std::byte const*>(send[local(r)]) + from; };
        auto const target = [&] { return static_cast<std::byte*>(receive[local(q)]) + places[pair]; };
        if (n > 0) {
          if (is_local(r) && is_local(q)) {
            transfer(streams[local(q)], target(), streams[local(r)], source(), n);
          } else if (is_local(r)) {
            now.sent.push_back({process_of(q), const_cast<std::byte*>(source()), n});
          } else if (is_local(q)) {
            now.received.push_back({process_of(r), target(), n});
          }
        }
        from += n;
      }
    }
    run(streams, std::move(now));
  }

  void broadcast(std::span<stream> streams, std::span<void* const> data, std::size_t bytes,
                 int root) override {
    check_streams(streams);
    require(0 <= root && root < ranks(), "broadcast: the root is a rank of the team");
    std::size_t const source = is_local(root) ? local(root) : 0;
    operation now("broadcast", process_of(root));
    now.sign(std::vector<std::size_t>{bytes, static_cast<std::size_t>(root)});
    now.received.push_back({process_of(root), static_cast<std::byte*>(data[source]), bytes});
    run(streams, std::move(now));
    for (std::size_t q = 0; q < data.size(); ++q)
      if (q != source && bytes > 0) transfer(streams[q], data[q], streams[source], data[source], bytes);
  }

  void barrier(std::span<stream> streams) override {
    check_streams(streams);
    run(streams, operation("barrier"));
    for (stream& s : streams) s.sync();
  }

 private:
  bool is_local(int rank) const { return first_ <= rank && rank < first_ + local_; }
  std::size_t local(int rank) const { return static_cast<std::size_t>(rank - first_); }
  int process_of(int rank) const { return process_of_[static_cast<std::size_t>(rank)]; }
  void check_streams(std::span<stream> streams) const {
    require(streams.size() == static_cast<std::size_t>(local_), "MPI: one stream per local rank");
  }

  /// Queues an operation: after what the streams were given so far, and before what they are given from now on.
  ///   scratch  lives until it is done
  void run(std::span<stream> streams, operation now, std::vector<std::byte> scratch = {}) {
    auto const went = std::make_shared<outcome>();
    went->reached.resize(streams.size());
    for (std::size_t k = 0; k < streams.size(); ++k) {
      streams[k].enqueue([went, k] { went->reached[k] = 1; });  // passed by, where something has failed
      queue_.wait(streams[k].record());
    }
    try {
      queue_.enqueue([this, went, now = std::move(now), scratch = std::move(scratch)] {
        try {
          perform(now,
                  std::all_of(went->reached.begin(), went->reached.end(), [](char r) { return r != 0; }));
        } catch (...) { went->failure = std::current_exception(); }
      });
      for (stream& s : streams) {
        s.wait(queue_.record());
        s.enqueue([went] {
          if (went->failure) std::rethrow_exception(went->failure);
        });
      }
    } catch (...) {  // not all streams wait for what MPI still reads and writes
      queue_.drain();
      throw;
    }
  }

  void perform(operation const& now, bool all_well) const {
    std::vector<MPI_Request> open;
    std::exception_ptr failure;
    try {
      open.reserve(messages_of(now));  // once MPI knows of memory, nothing may throw that would free it
    } catch (...) { failure = std::current_exception(); }
    char const* const refusal = agree(now, all_well && !failure);
    if (failure) std::rethrow_exception(failure);
    if (refusal != nullptr)
      throw communication_error(std::string("MPI: ") + now.name + " did not take place: " + refusal);
    if (now.root >= 0) {
      in_pieces(now.received.front(), now.name, [&](std::byte* data, int bytes) {
        return MPI_Ibcast(data, bytes, MPI_BYTE, now.root, processes_, &open.emplace_back());
      });
    } else {
      // Both ends list the messages between them in the same order, in which MPI delivers them.
      for (message const& m : now.received)
        in_pieces(m, now.name, [&](std::byte* data, int bytes) {
          return MPI_Irecv(data, bytes, MPI_BYTE, m.process, 0, processes_, &open.emplace_back());
        });
      for (message const& m : now.sent)
        in_pieces(m, now.name, [&](std::byte* data, int bytes) {
          return MPI_Isend(data, bytes, MPI_BYTE, m.process, 0, processes_, &open.emplace_back());
        });
    }
    // Every process is here, and moves bytes whenever it asks: none of them sleeps.
    wait_for(open, now.name, std::chrono::microseconds(0));
  }

  /// How many there are in pieces, in this process.
  std::size_t messages_of(operation const& now) const {
    std::size_t count = 0;
    for (auto const* messages : {&now.received, &now.sent})
      for (message const& m : *messages) count += m.bytes / options_.most_bytes + 1;
    if (count > INT32_MAX)
      throw communication_error("MPI: more than 2^31 messages at a time; raise mpi_options::most_bytes");
    return count;
  }

  template <class Post>
  void in_pieces(message const& m, char const* name, Post const& post) const noexcept {
    for (std::size_t at = 0; at < m.bytes; at += options_.most_bytes)
      end_where_wrong(post(m.data + at, static_cast<int>(std::min(options_.most_bytes, m.bytes - at))), name);
  }

  /// Null where every process has come here without a failure, and for the same operation; else what is
  /// wrong, the same on every process.
  char const* agree(operation const& now, bool all_well) const noexcept {
    std::uint64_t const mine[] = {all_well, now.signature, ~now.signature};
    std::uint64_t least[3] = {};
    MPI_Request open;
    end_where_wrong(MPI_Iallreduce(mine, least, 3, MPI_UINT64_T, MPI_MIN, processes_, &open), now.name);
    wait_for({&open, 1}, now.name, std::chrono::microseconds(100));
    if (least[0] == 0) return "a rank of the job has failed before";
    if (least[1] != ~least[2]) return "the processes have called different operations, or with other sizes";
    return nullptr;
  }

  /// longest_pause: between two looks, so that a core is left to those that still compute; 0: yields it only.
  void wait_for(std::span<MPI_Request> open, char const* name,
                std::chrono::microseconds longest_pause) const noexcept {
    using namespace std::chrono;
    auto const begin = steady_clock::now();
    for (microseconds pause{0};;) {
      int done = 0;
      end_where_wrong(MPI_Testall(static_cast<int>(open.size()), open.data(), &done, MPI_STATUSES_IGNORE),
                      name);
      if (done) return;
      auto const waited = steady_clock::now() - begin;
      if (waited > options_.deadline)
        end_the_job(
            name, "another process did not come within " + std::to_string(options_.deadline.count()) + " ms");
      if (waited > microseconds(50)) pause = std::min(2 * pause + microseconds(1), longest_pause);
      if (pause.count() == 0) {
        std::this_thread::yield();
      } else {
        std::this_thread::sleep_for(pause);
      }
    }
  }

  void end_where_wrong(int code, char const* name) const noexcept {
    if (code != MPI_SUCCESS) end_the_job(name, said(code));
  }
  /// An exception would free memory that MPI still reads and writes.
  [[noreturn]] void end_the_job(char const* name, std::string const& why) const noexcept {
    std::fprintf(stderr, "prorata: MPI: %s: %s; the job ends\n", name, why.c_str());
    MPI_Abort(processes_, 1);
    std::abort();
  }

  mpi_options options_;
  MPI_Comm processes_ = MPI_COMM_NULL;
  int process_ = 0, first_ = 0, local_ = 0;
  std::vector<int> process_of_;  // by rank
  stream queue_;                 // of what MPI is to do
};

}  // namespace

team<stream> mpi_team(std::vector<stream> streams, mpi_options const& options) {
  require(!streams.empty(), "a team needs at least one device");
  auto communicator = std::make_unique<mpi_communicator>(static_cast<int>(streams.size()), options);
  return {std::move(streams), std::move(communicator)};
}

}  // namespace prorata
