// Copying by way of pinned memory.
#include <unistd.h>

#include <cstring>
#include <kernels/check.hpp>
#include <kernels/pinned.hpp>
#include <kernels/staging.hpp>

namespace prorata::cuda {

namespace {

/// What has arrived in pinned memory, right behind this, and where it belongs.
struct delivery {
  void* to;
  std::size_t bytes;
};

void deliver(void* data) {
  auto const* const d = static_cast<delivery const*>(data);
  std::memcpy(d->to, d + 1, d->bytes);
}

bool is_ordinary(void const* address) {
  cudaPointerAttributes found{};
  check(cudaPointerGetAttributes(&found, address));
  return found.type == cudaMemoryTypeUnregistered;
}

}  // namespace

staging::staging() : owner_(getpid()), memory_(pinned_memory(2 * half)) {
  for (cudaEvent_t& e : left_) check(cudaEventCreateWithFlags(&e, cudaEventDisableTiming));
}

staging::~staging() {
  if (getpid() != owner_) return;
  for (cudaEvent_t const e : left_)
    if (e != nullptr) ignore(cudaEventDestroy(e));
}

std::byte* staging::place(cudaStream_t stream, std::size_t bytes) {
  std::size_t const room = (bytes + 63) / 64 * 64;
  if (used_ + room > half) {
    check(cudaEventRecord(left_[now_], stream));
    was_left_[now_] = true;
    now_ = 1 - now_;
    used_ = 0;
    if (was_left_[now_]) check(cudaEventSynchronize(left_[now_]));
  }
  std::byte* const at = memory_.get() + now_ * half + used_;
  used_ += room;
  in_use_ = true;
  return at;
}

bool staging::copy(cudaStream_t stream, void* to, void const* from, std::size_t bytes) {
  if (bytes > longest) return false;
  if (is_ordinary(from)) {
    std::byte* const at = place(stream, bytes);
    std::memcpy(at, from, bytes);
    check(cudaMemcpyAsync(to, at, bytes, cudaMemcpyDefault, stream));
    return true;
  }
  if (is_ordinary(to)) {
    std::byte* const at = place(stream, sizeof(delivery) + bytes);
    auto* const d = ::new (at) delivery{to, bytes};
    check(cudaMemcpyAsync(d + 1, from, bytes, cudaMemcpyDefault, stream));
    check(cudaLaunchHostFunc(stream, deliver, d));
    return true;
  }
  return false;
}

}  // namespace prorata::cuda
