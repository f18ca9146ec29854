// A libnccl.so for tests: ranks of one process, host memory, and failures on demand ($FAKE_NCCL).
#include <nccl.h>

#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

struct ncclComm {
  int rank;
  int taken_after;  // how many more polls say "in progress"
  bool finalized = false;
};

namespace {
struct operation {
  bool is_send;
  int me, peer;
  void* data;
  size_t bytes;
};
std::vector<operation> queue;
std::vector<ncclComm*> alive;
int aborted = 0;
std::string mood() {
  char const* const value = std::getenv("FAKE_NCCL");
  return value == nullptr ? "" : value;
}
/// Sends and receives of each pair of ranks meet in the order they were queued.
void deliver() {
  for (auto& s : queue) {
    if (!s.is_send) continue;
    for (auto& r : queue) {
      if (r.is_send || r.data == nullptr || r.me != s.peer || r.peer != s.me) continue;
      if (r.bytes != s.bytes) std::abort();
      std::memmove(r.data, s.data, s.bytes);
      r.data = nullptr;
      s.data = nullptr;
      break;
    }
  }
  for (auto const& o : queue)
    if (o.data != nullptr && !alive.empty()) std::abort();  // an operation without its other half
  queue.clear();
}
}  // namespace

extern "C" {
char const* ncclGetErrorString(ncclResult_t r) {
  return r == ncclRemoteError ? "remote process exited" : r == ncclSystemError ? "system error" : "error";
}
ncclResult_t ncclGetUniqueId(ncclUniqueId* id) {
  std::memset(id, 7, sizeof *id);
  return mood() == "id_fails" ? ncclSystemError : ncclSuccess;
}
ncclResult_t ncclCommInitRankConfig(ncclComm_t* comm, int, ncclUniqueId id, int rank, ncclConfig_t* config) {
  if (id.internal[0] != 7 || config->blocking != 0) return ncclInvalidArgument;
  if (mood() == "init_fails" && rank == 1) return ncclSystemError;
  alive.push_back(*comm = new ncclComm{rank, 3});
  return ncclInProgress;
}
ncclResult_t ncclCommFinalize(ncclComm_t comm) {
  comm->finalized = true;
  comm->taken_after = mood() == "never_finalized" ? 1 << 30 : 3;
  return ncclInProgress;
}
ncclResult_t ncclCommDestroy(ncclComm_t comm) {
  if (!comm->finalized || comm->taken_after > 0) std::abort();  // it would wait for its peers
  std::erase(alive, comm);
  delete comm;
  return ncclSuccess;
}
ncclResult_t ncclCommAbort(ncclComm_t comm) {
  ++aborted;
  std::erase(alive, comm);
  delete comm;
  return ncclSuccess;
}
ncclResult_t ncclCommGetAsyncError(ncclComm_t comm, ncclResult_t* state) {
  *state = ncclSuccess;
  if (comm->taken_after > 0) --comm->taken_after, *state = ncclInProgress;
  if (mood() == "never_taken" && comm->rank == 1) *state = ncclInProgress;
  if (mood() == "remote_error" && comm->rank == 1) *state = ncclRemoteError;
  return ncclSuccess;
}
ncclResult_t ncclGroupStart() { return ncclSuccess; }
ncclResult_t ncclGroupEnd() {
  deliver();
  return ncclInProgress;
}
ncclResult_t ncclSend(void const* data, size_t count, ncclDataType_t type, int peer, ncclComm_t comm,
                      cudaStream_t) {
  if (type != ncclInt8) return ncclInvalidArgument;
  queue.push_back({true, comm->rank, peer, const_cast<void*>(data), count});
  return ncclSuccess;
}
ncclResult_t ncclRecv(void* data, size_t count, ncclDataType_t type, int peer, ncclComm_t comm,
                      cudaStream_t) {
  if (type != ncclInt8) return ncclInvalidArgument;
  queue.push_back({false, comm->rank, peer, data, count});
  return ncclSuccess;
}
#if !defined(PRORATA_FAKE_WITHOUT_BROADCAST)
ncclResult_t ncclBroadcast(void const* send, void* receive, size_t count, ncclDataType_t type, int root,
                           ncclComm_t comm, cudaStream_t) {
  if (type != ncclInt8) return ncclInvalidArgument;
  queue.push_back({false, comm->rank, root, receive, count});
  if (comm->rank == root)
    for (ncclComm* other : alive) queue.push_back({true, root, other->rank, const_cast<void*>(send), count});
  return ncclSuccess;
}
#endif
int fake_nccl_alive() { return static_cast<int>(alive.size()); }
int fake_nccl_aborted() { return aborted; }
}
