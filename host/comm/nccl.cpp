// Loading NCCL, and driving its communicators without ever blocking in them.
#include <dlfcn.h>
#include <nccl.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <host/comm/nccl.hpp>
#include <thread>
#include <utility>

namespace prorata::cuda {

namespace {

/// The functions of libnccl that we call. It stays loaded: NCCL's own threads may outlive a communicator.
struct nccl_library {
  decltype(&ncclGetErrorString) get_error_string;
  decltype(&ncclGetUniqueId) get_unique_id;
  decltype(&ncclCommInitRankConfig) comm_init_rank_config;
  decltype(&ncclCommFinalize) comm_finalize;
  decltype(&ncclCommDestroy) comm_destroy;
  decltype(&ncclCommAbort) comm_abort;
  decltype(&ncclCommGetAsyncError) comm_get_async_error;
  decltype(&ncclGroupStart) group_start;
  decltype(&ncclGroupEnd) group_end;
  decltype(&ncclSend) send;
  decltype(&ncclRecv) recv;
  decltype(&ncclBroadcast) broadcast;

  explicit nccl_library(std::string const& asked) {
    char const* const variable = std::getenv("PRORATA_NCCL");
    name = !asked.empty() ? asked : variable != nullptr && *variable != '\0' ? variable : "libnccl.so.2";
    void* const handle = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr)
      throw communication_error(std::string("NCCL cannot be loaded (") + dlerror() +
                                "); set PRORATA_NCCL to the path of libnccl.so.2");
    find(handle, "ncclGetErrorString", get_error_string);
    find(handle, "ncclGetUniqueId", get_unique_id);
    find(handle, "ncclCommInitRankConfig", comm_init_rank_config);
    find(handle, "ncclCommFinalize", comm_finalize);
    find(handle, "ncclCommDestroy", comm_destroy);
    find(handle, "ncclCommAbort", comm_abort);
    find(handle, "ncclCommGetAsyncError", comm_get_async_error);
    find(handle, "ncclGroupStart", group_start);
    find(handle, "ncclGroupEnd", group_end);
    find(handle, "ncclSend", send);
    find(handle, "ncclRecv", recv);
    find(handle, "ncclBroadcast", broadcast);
  }

  std::string name;

 private:
  template <class F>
  void find(void* handle, char const* symbol, F& function) {
    function = reinterpret_cast<F>(dlsym(handle, symbol));
    if (function == nullptr)
      throw communication_error(name + " has no " + symbol +
                                "; NCCL 2.18 or newer is needed, set PRORATA_NCCL to its libnccl.so.2");
  }
};

bool under_way(ncclResult_t r) { return r == ncclSuccess || r == ncclInProgress; }

}  // namespace

nccl_id make_nccl_id(nccl_options const& options) {
  nccl_library const library(options.library);
  ncclUniqueId made{};
  if (ncclResult_t const r = library.get_unique_id(&made); r != ncclSuccess)
    throw communication_error(std::string("ncclGetUniqueId: ") + library.get_error_string(r));
  static_assert(sizeof made == sizeof(nccl_id));
  nccl_id id;
  std::memcpy(id.data(), &made, sizeof made);
  return id;
}

struct nccl_ranks::state {
  state(nccl_options const& o, int all, int first_local, int local)
      : library(o.library),
        deadline(o.deadline),
        farewell(std::min(o.deadline, o.farewell)),
        ranks(all),
        first(first_local) {
    require(local >= 1 && first_local >= 0 && first_local + local <= all,
            "NCCL: the local ranks are some of the job's ranks");
    comms.assign(static_cast<std::size_t>(local), nullptr);
  }
  ~state() {
    if (!lost && take_leave()) {
      library.group_start();
      for (ncclComm_t& comm : comms) library.comm_destroy(std::exchange(comm, nullptr));
      library.group_end();
    }
    abort();
  }

  /// Flushes what the comms of a healthy job may still have under way (that this process's work is done says
  /// nothing of its peers'), for as long as leaving may take. Comms of one process go together, or they wait for
  /// each other.
  bool take_leave() noexcept {
    if (std::find(comms.begin(), comms.end(), nullptr) != comms.end()) return false;
    auto const end = std::chrono::steady_clock::now() + farewell;
    library.group_start();
    bool well = true;
    for (ncclComm_t comm : comms) well = under_way(library.comm_finalize(comm)) && well;
    well = under_way(library.group_end()) && well;
    while (well) {
      bool left = true;
      for (ncclComm_t comm : comms) {
        ncclResult_t at = ncclSuccess;
        well = well && library.comm_get_async_error(comm, &at) == ncclSuccess && under_way(at);
        left = left && at == ncclSuccess;
      }
      if (well && left) return true;
      if (std::chrono::steady_clock::now() >= end) return false;
      std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
    return false;
  }

  /// Frees the comms without asking their peers: where one is gone, everything else waits for ever.
  void abort() noexcept {
    bool const any = std::any_of(comms.begin(), comms.end(), [](ncclComm_t c) { return c != nullptr; });
    if (!any) return;
    library.group_start();
    for (ncclComm_t& comm : comms)
      if (comm != nullptr) library.comm_abort(std::exchange(comm, nullptr));
    library.group_end();
  }

  [[noreturn]] void give_up(std::string const& what) {
    abort();
    lost = true;
    throw communication_error(what);
  }

  std::string rank_name(std::size_t k) const { return "rank " + std::to_string(first + static_cast<int>(k)); }

  /// One NCCL call of local rank k. Inside a group a failure waits for the group's end: nothing can be
  /// aborted before.
  void call(ncclResult_t r, char const* verb, std::size_t k) {
    if (under_way(r)) return;
    std::string const what = std::string(verb) + ", " + rank_name(k) + ": " + library.get_error_string(r);
    if (!in_group) give_up(what);
    if (failure.empty()) failure = what;
  }

  /// queue() inside a group, and then until every comm has taken it and done() says yes.
  template <class F>
  void run(char const* verb, F const& queue, question const& done) {
    if (lost) throw communication_error(std::string(verb) + ": this communicator has failed before");
    auto const end = std::chrono::steady_clock::now() + deadline;
    call(library.group_start(), verb, 0);
    in_group = true;
    queue();
    in_group = false;
    ncclResult_t const ended = library.group_end();
    if (!failure.empty()) give_up(std::exchange(failure, {}));
    call(ended, verb, 0);
    bool taken = false;
    for (int turn = 0;; ++turn) {
      std::size_t waiting = comms.size();
      for (std::size_t k = 0; k < comms.size(); ++k) {
        ncclResult_t at = ncclSuccess;
        call(library.comm_get_async_error(comms[k], &at), verb, k);
        call(at, verb, k);
        if (at == ncclInProgress) waiting = std::min(waiting, k);
      }
      taken = waiting == comms.size();
      if (taken && done()) return;
      if (std::chrono::steady_clock::now() >= end)
        give_up(std::string(verb) + ": " + (taken ? "the ranks' work" : rank_name(waiting)) +
                " was not done after " + std::to_string(deadline.count()) + " ms; a peer may have died");
      if (turn > 1000) std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
  }

  nccl_library library;
  std::chrono::milliseconds deadline, farewell;
  int ranks, first;
  std::vector<ncclComm_t> comms;
  bool lost = false;
  bool in_group = false;
  std::string failure;
};

nccl_ranks::nccl_ranks(nccl_options const& options, int ranks, int first_local_rank, int local_ranks)
    : state_(std::make_unique<state>(options, ranks, first_local_rank, local_ranks)) {}
nccl_ranks::~nccl_ranks() = default;

int nccl_ranks::ranks() const { return state_->ranks; }
int nccl_ranks::first_local_rank() const { return state_->first; }
int nccl_ranks::local_ranks() const { return static_cast<int>(state_->comms.size()); }

void nccl_ranks::meet(nccl_id const& id, std::function<void(int)> const& select) {
  auto& s = *state_;
  ncclUniqueId native;
  std::memcpy(&native, id.data(), sizeof native);
  s.run(
      "ncclCommInitRankConfig",
      [&] {
        for (std::size_t k = 0; k < s.comms.size(); ++k) {
          ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
          config.blocking = 0;
          select(static_cast<int>(k));
          s.call(s.library.comm_init_rank_config(&s.comms[k], s.ranks, native, s.first + static_cast<int>(k),
                                                 &config),
                 "ncclCommInitRankConfig", k);
        }
      },
      [] { return true; });
}

void nccl_ranks::all_gather(std::span<stream_handle const> streams, std::span<void const* const> send,
                            std::span<void* const> receive, std::span<std::size_t const> offsets,
                            question const& done) {
  auto& s = *state_;
  auto const local = s.comms.size();
  auto const bytes = [&](int r) {
    return offsets[static_cast<std::size_t>(r) + 1] - offsets[static_cast<std::size_t>(r)];
  };
  // Ranks of other processes always receive; this process's only where they have a place for it.
  auto const receives = [&](int q) {
    auto const k = static_cast<std::size_t>(q - s.first);
    return q < s.first || k >= local || receive[k] != nullptr;
  };
  s.run(
      "all_gather",
      [&] {
        for (std::size_t k = 0; k < local; ++k) {
          int const me = s.first + static_cast<int>(k);
          auto const stream = static_cast<cudaStream_t>(streams[k]);
          for (int q = 0; q < s.ranks; ++q) {
            if (receives(q) && bytes(me) > 0)
              s.call(s.library.send(send[k], bytes(me), ncclInt8, q, s.comms[k], stream), "all_gather", k);
            if (receive[k] != nullptr && bytes(q) > 0)
              s.call(
                  s.library.recv(static_cast<std::byte*>(receive[k]) + offsets[static_cast<std::size_t>(q)],
                                 bytes(q), ncclInt8, q, s.comms[k], stream),
                  "all_gather", k);
          }
        }
      },
      done);
}

void nccl_ranks::all_to_all(std::span<stream_handle const> streams, std::span<void const* const> send,
                            std::span<void* const> receive, std::span<std::size_t const> bytes,
                            std::span<std::size_t const> places, question const& done) {
  auto& s = *state_;
  auto const pair = [&](int from, int to) {
    return static_cast<std::size_t>(from) * static_cast<std::size_t>(s.ranks) + static_cast<std::size_t>(to);
  };
  s.run(
      "all_to_all",
      [&] {
        for (std::size_t k = 0; k < s.comms.size(); ++k) {
          int const me = s.first + static_cast<int>(k);
          auto const stream = static_cast<cudaStream_t>(streams[k]);
          std::size_t sent = 0;
          for (int q = 0; q < s.ranks; ++q) {
            std::size_t const out = bytes[pair(me, q)], in = bytes[pair(q, me)];
            if (out > 0)
              s.call(s.library.send(static_cast<std::byte const*>(send[k]) + sent, out, ncclInt8, q,
                                    s.comms[k], stream),
                     "all_to_all", k);
            if (in > 0)
              s.call(s.library.recv(static_cast<std::byte*>(receive[k]) + places[pair(q, me)], in, ncclInt8,
                                    q, s.comms[k], stream),
                     "all_to_all", k);
            sent += out;
          }
        }
      },
      done);
}

void nccl_ranks::broadcast(std::span<stream_handle const> streams, std::span<void* const> data,
                           std::size_t bytes, int root, question const& done) {
  auto& s = *state_;
  require(0 <= root && root < s.ranks, "broadcast: the root is a rank of the team");
  if (bytes == 0) return;
  s.run(
      "broadcast",
      [&] {
        for (std::size_t k = 0; k < s.comms.size(); ++k)
          s.call(s.library.broadcast(data[k], data[k], bytes, ncclInt8, root, s.comms[k],
                                     static_cast<cudaStream_t>(streams[k])),
                 "broadcast", k);
      },
      done);
}

}  // namespace prorata::cuda
