// The CUDA objects behind a stream: made in its constructor, given back in its destructor, never static.
#include <unistd.h>

#include <algorithm>
#include <kernels/device.hpp>
#include <kernels/pool.hpp>
#include <kernels/staging.hpp>
#include <kernels/stream.hpp>
#include <optional>
#include <utility>

namespace prorata::cuda {

struct event::state {
  explicit state(int on) : device(on) {
    device_guard const current(device);
    check(cudaEventCreateWithFlags(&native, cudaEventDisableTiming));
  }
  ~state() { ignore(cudaEventDestroy(native)); }
  state(state const&) = delete;
  state& operator=(state const&) = delete;

  int device;
  cudaEvent_t native = nullptr;
};

void event::wait() const {
  if (state_) check(cudaEventSynchronize(state_->native));
}

bool event::ready() const {
  if (!state_) return true;
  cudaError_t const answer = cudaEventQuery(state_->native);
  if (answer == cudaErrorNotReady) {
    (void)cudaGetLastError();
    return false;
  }
  check(answer);
  return true;
}

struct stream::state {
  explicit state(stream_options o) : options(std::move(o)), owner(getpid()) {
    device_guard const on(options.device);
    check(cudaDeviceGetAttribute(&multiprocessors, cudaDevAttrMultiProcessorCount, options.device));
    check(cudaStreamCreateWithFlags(&native, cudaStreamNonBlocking));
    try {
      pool = options.memory_limit > 0 ? limited_pool(options.device, options.memory_limit)
                                      : shared_pool(options.device);
      staged.emplace();
    } catch (...) {
      release();
      throw;
    }
  }
  ~state() { release(); }
  state(state const&) = delete;
  state& operator=(state const&) = delete;

  void release() noexcept {
    if (getpid() != owner) return;  // a forked child has no context to give anything back to
    ignore(give_back(scratch));
    ignore(give_back(counters));
    if (staged && staged->in_use()) ignore(cudaStreamSynchronize(native));
    ignore(cudaStreamDestroy(native));
  }

  cudaError_t give_back(void* memory) noexcept {
    return memory == nullptr ? cudaSuccess : cudaFreeAsync(memory, native);
  }

  void same_process() const { require(getpid() == owner, "a GPU stream was used after fork"); }

  void* allocate(std::size_t bytes) {
    same_process();
    device_guard const on(options.device);
    void* memory = nullptr;
    if (cudaError_t const error =
            cudaMallocFromPoolAsync(&memory, std::max<std::size_t>(bytes, 1), pool.get(), native);
        error != cudaSuccess) {
      try {
        check(error);
      } catch (out_of_memory const& e) {
        throw out_of_memory(options.name + ": cannot allocate " + std::to_string(bytes) + " bytes; " +
                            e.what());
      }
    }
    return memory;
  }

  stream_options options;
  pid_t owner;
  int multiprocessors = 0;
  cudaStream_t native = nullptr;
  memory_pool pool;
  std::optional<staging> staged;
  void* scratch = nullptr;
  std::size_t scratch_bytes = 0;
  unsigned* counters = nullptr;
  index_t counter_count = 0;
};

stream::stream(stream_options options) {
  int const count = device_count();
  require(0 <= options.device && options.device < count, "gpu:" + std::to_string(options.device) +
                                                             " is not there; this machine has " +
                                                             std::to_string(count) + " GPUs");
  if (options.name.empty()) options.name = "gpu:" + std::to_string(options.device);
  state_ = std::make_unique<state>(std::move(options));
}
stream::~stream() = default;
stream::stream(stream&&) noexcept = default;
stream& stream::operator=(stream&&) noexcept = default;

void* stream::allocate(std::size_t bytes) { return state_->allocate(bytes); }

void stream::deallocate(void* memory, std::size_t) noexcept {
  if (memory == nullptr || getpid() != state_->owner) return;
  ignore(state_->give_back(memory));
}

void stream::copy(void* to, void const* from, std::size_t bytes) {
  if (bytes == 0) return;
  device_guard const on(state_->options.device);
  if (state_->staged->copy(state_->native, to, from, bytes)) return;
  check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDefault, state_->native));
}

void stream::zero(void* memory, std::size_t bytes) {
  device_guard const on(state_->options.device);
  check(cudaMemsetAsync(memory, 0, bytes, state_->native));
}

event stream::record() {
  event e;
  e.state_ = std::make_shared<event::state>(state_->options.device);
  check(cudaEventRecord(e.state_->native, state_->native));
  return e;
}

void stream::wait(event const& e) {
  if (e.state_) check(cudaStreamWaitEvent(state_->native, e.state_->native, 0));
}

void stream::sync() {
  state_->same_process();
  check(cudaStreamSynchronize(state_->native));
  state_->staged->done();
}

void stream::drain() noexcept {
  if (getpid() == state_->owner) ignore(cudaStreamSynchronize(state_->native));
}

stream stream::sibling() const { return stream(stream_options{device(), 0, name()}); }

int stream::device() const { return state_->options.device; }
int stream::multiprocessors() const { return state_->multiprocessors; }
int stream::attribute(cudaDeviceAttr which) const {
  int value = 0;
  check(cudaDeviceGetAttribute(&value, which, device()));
  return value;
}
std::string const& stream::name() const { return state_->options.name; }
cudaStream_t stream::native() const { return state_->native; }

void* stream::scratch(std::size_t bytes) {
  if (bytes > state_->scratch_bytes) {
    std::size_t const size = std::max(bytes, 2 * state_->scratch_bytes);
    void* const grown = state_->allocate(size);
    ignore(state_->give_back(state_->scratch));  // in stream order: earlier kernels still have it
    state_->scratch = grown;
    state_->scratch_bytes = size;
  }
  return state_->scratch;
}

unsigned* stream::counters(index_t count) {
  if (count > state_->counter_count) {
    device_guard const on(state_->options.device);
    index_t const size = std::max<index_t>({count, 2 * state_->counter_count, 4096});
    auto const bytes = static_cast<std::size_t>(size) * sizeof(unsigned);
    auto* const grown = static_cast<unsigned*>(state_->allocate(bytes));
    if (cudaError_t const error = cudaMemsetAsync(grown, 0, bytes, state_->native); error != cudaSuccess) {
      ignore(state_->give_back(grown));
      check(error);
    }
    ignore(state_->give_back(state_->counters));
    state_->counters = grown;
    state_->counter_count = size;
  }
  return state_->counters;
}

void copy_from(stream& to, void* destination, stream& from, void const* source, std::size_t bytes) {
  if (bytes == 0) return;
  if (to.device() == from.device()) return to.copy(destination, source, bytes);
  device_guard const on(to.device());
  check(cudaMemcpyPeerAsync(destination, to.device(), source, from.device(), bytes, to.native()));
}

void transfer(stream& to, void* destination, stream& from, void const* source, std::size_t bytes) {
  if (bytes == 0) return;
  if (&to == &from) return to.copy(destination, source, bytes);
  to.wait(from.record());
  try {
    copy_from(to, destination, from, source, bytes);
    from.wait(to.record());
  } catch (...) {  // nobody told `from` to wait
    to.drain();
    throw;
  }
}

}  // namespace prorata::cuda
