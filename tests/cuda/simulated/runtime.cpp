// CUDA's runtime, as the project calls it: streams, events, memory and launches of the simulated devices. Where
// CUDA leaves something open, or only warns, this one refuses.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>

#include "census.hpp"
#include "memory.hpp"
#include "streams.hpp"

using namespace simulated;

struct CUmemPoolHandle_st {
  int device;
  std::size_t limit = 0;  // 0: what the device has
  std::size_t used = 0;
  std::uint64_t open_to = 0;  // devices, as bits
  std::uint64_t keeps = 0;    // bytes that a sync does not give back
};

namespace {

thread_local int current_device = 0;
thread_local cudaError_t last_error = cudaSuccess;
std::map<void*, CUmemPoolHandle_st*> pool_of;  // of what was allocated and not freed
std::map<char*, std::size_t> pinned;           // memory of the host that copies read and write when they run

// Copies go through the library's memcpy, which ThreadSanitizer sees.
void* (*volatile copy_bytes)(void*, void const*, std::size_t) = std::memcpy;

cudaError_t answer(cudaError_t error) {
  if (error != cudaSuccess) last_error = error;
  return error;
}

bool is_device(int d) { return 0 <= d && d < chosen().devices; }
std::uint64_t bit(int device) { return std::uint64_t{1} << device; }
constexpr std::uint64_t every_device = ~std::uint64_t{0};

CUmemPoolHandle_st& default_pool(int device) {
  static std::map<int, CUmemPoolHandle_st> pools;
  return pools.try_emplace(device, CUmemPoolHandle_st{device}).first->second;
}
std::map<CUmemPoolHandle_st*, bool> own_pools;

/// Devices whose memory kernels of this one may touch.
std::uint64_t within_reach(int device) {
  std::uint64_t bits = bit(device);
  for (auto const& [pool, alive] : own_pools)
    if (pool->open_to & bit(device)) bits |= bit(pool->device);
  return bits;
}

std::size_t device_bytes() { return static_cast<std::size_t>(chosen().memory) << 30; }
std::size_t used_bytes(int device) {
  std::size_t bytes = default_pool(device).used;
  for (auto const& [pool, alive] : own_pools)
    if (pool->device == device) bytes += pool->used;
  return bytes;
}

bool is_pinned(void const* address) {
  auto const at = static_cast<char*>(const_cast<void*>(address));
  auto next = pinned.upper_bound(at);
  return next != pinned.begin() && at < (--next)->first + next->second;
}

/// Whether pageable memory is read when the copy runs. CUDA promises neither.
bool reads_late() {
  static chance random(static_cast<std::uint64_t>(chosen().seed) + 77);
  return chosen().late >= 0 ? chosen().late != 0 : random.below(2) == 0;
}

cudaError_t copy(void* to, void const* from, std::size_t bytes, cudaStream_t s) {
  bool const to_device = device_of(to) >= 0, from_device = device_of(from) >= 0;
  if (!to_device && !from_device) fault("a copy from memory of the host to memory of the host");
  counts().copied_bytes += bytes;
  ++s->depth;
  auto const run = [=](void const* source) {
    if (to_device) require_alive(to, bytes, "a copy writes");
    if (from_device) require_alive(from, bytes, "a copy reads");
    if (from_device && !to_device && chosen().fresh == 0) require_written(from, bytes);
    copy_bytes(to, source, bytes);
  };
  if (from_device && !to_device && !is_pinned(to)) {  // the driver returns when pageable memory is written
    queue(s, every_device, [=] { run(from); });
    run_until_empty(s);
  } else if (from_device || is_pinned(from) || reads_late()) {
    queue(s, every_device, [=] { run(from); });
  } else {
    std::shared_ptr<void> const staged(std::malloc(bytes), std::free);
    std::memcpy(staged.get(), from, bytes);
    queue(s, every_device, [=] { run(staged.get()); });
  }
  return cudaSuccess;
}

}  // namespace

// ---- devices and errors --------------------------------------------------------------------------------

cudaError_t cudaGetDeviceCount(int* count) {
  *count = static_cast<int>(chosen().devices);
  return *count > 0 ? cudaSuccess : answer(cudaErrorNoDevice);
}
cudaError_t cudaGetDevice(int* device) {
  *device = current_device;
  return cudaSuccess;
}
cudaError_t cudaSetDevice(int device) {
  if (!is_device(device)) return answer(cudaErrorInvalidDevice);
  current_device = device;
  return cudaSuccess;
}
cudaError_t cudaDeviceSynchronize() {
  turn const mine;
  run_until_empty(current_device);
  return cudaSuccess;
}
cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr which, int device) {
  if (!is_device(device)) return answer(cudaErrorInvalidDevice);
  switch (which) {
    case cudaDevAttrMultiProcessorCount:
      *value = static_cast<int>(chosen().sms);
      return cudaSuccess;
    case cudaDevAttrL2CacheSize:
      *value = 1 << 20;  // small, so that tables of groups fill
      return cudaSuccess;
    case cudaDevAttrComputeCapabilityMajor:
      *value = 9;
      return cudaSuccess;
    case cudaDevAttrComputeCapabilityMinor:
      *value = 0;
      return cudaSuccess;
    case cudaDevAttrMaxSharedMemoryPerMultiprocessor:
      *value = 228 * 1024;
      return cudaSuccess;
    case cudaDevAttrMaxSharedMemoryPerBlockOptin:
      *value = 227 * 1024;
      return cudaSuccess;
  }
  return answer(cudaErrorInvalidValue);
}
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
  if (!is_device(device)) return answer(cudaErrorInvalidDevice);
  *properties = {"simulated", static_cast<int>(chosen().sms), 9, 0, 1 << 20};
  return cudaSuccess;
}
cudaError_t cudaDeviceGetPCIBusId(char* text, int room, int device) {
  std::snprintf(text, static_cast<std::size_t>(room), "0000:%02x:00.0", device);
  return cudaSuccess;
}
cudaError_t cudaDeviceCanAccessPeer(int* can, int device, int peer) {
  if (!is_device(device) || !is_device(peer)) return answer(cudaErrorInvalidDevice);
  *can = device != peer && chosen().peers != 0;
  return cudaSuccess;
}
cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total) {
  turn const mine;
  *total = device_bytes();
  *free = device_bytes() - used_bytes(current_device);
  return cudaSuccess;
}

cudaError_t cudaGetLastError() {
  cudaError_t const error = last_error;
  last_error = cudaSuccess;
  return error;
}
char const* cudaGetErrorName(cudaError_t error) {
  switch (error) {
    case cudaErrorInvalidValue:
      return "cudaErrorInvalidValue";
    case cudaErrorMemoryAllocation:
      return "cudaErrorMemoryAllocation";
    case cudaErrorInvalidConfiguration:
      return "cudaErrorInvalidConfiguration";
    case cudaErrorNoDevice:
      return "cudaErrorNoDevice";
    case cudaErrorInvalidDevice:
      return "cudaErrorInvalidDevice";
    case cudaErrorInvalidResourceHandle:
      return "cudaErrorInvalidResourceHandle";
    default:
      return "cudaError";
  }
}
char const* cudaGetErrorString(cudaError_t) { return "the simulated GPU refused it"; }

// ---- streams and events --------------------------------------------------------------------------------

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
  turn const mine;
  *stream = new CUstream_st{current_device};
  return cudaSuccess;
}
cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  turn const mine;
  if (stream == nullptr) return answer(cudaErrorInvalidResourceHandle);
  stream->dropped = true;
  if (!stream->waiting.empty()) return cudaSuccess;
  drop_context(stream->context);
  delete stream;
  return cudaSuccess;
}
cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  turn const mine;
  run_until_empty(stream);
  return cudaSuccess;
}
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
  turn const mine;
  if (event->last == nullptr) return cudaSuccess;
  stream->depth = std::max(stream->depth, event->last->depth);
  queue(stream, {nullptr, 0, event->last, nullptr});
  return cudaSuccess;
}
cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
  turn const mine;
  *event = new CUevent_st{current_device};
  return cudaSuccess;
}
cudaError_t cudaEventDestroy(cudaEvent_t event) {
  turn const mine;
  delete event;
  return cudaSuccess;
}
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  turn const mine;
  if (event->device != stream->device) return answer(cudaErrorInvalidResourceHandle);
  ++counts().events;
  event->last = std::make_shared<point>();
  event->last->depth = stream->depth;
  queue(stream, {nullptr, 0, nullptr, event->last});
  return cudaSuccess;
}
cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  turn const mine;
  if (event->last) run_until_reached(*event->last);
  return cudaSuccess;
}
cudaError_t cudaEventQuery(cudaEvent_t event) {
  turn const mine;
  if (!event->last) return cudaSuccess;
  run_a_little();
  if (!event->last->reached) return answer(cudaErrorNotReady);
  event->last->known.acquire();
  return cudaSuccess;
}

// ---- memory --------------------------------------------------------------------------------------------

cudaError_t cudaDeviceGetDefaultMemPool(cudaMemPool_t* pool, int device) {
  turn const mine;
  if (!is_device(device)) return answer(cudaErrorInvalidDevice);
  *pool = &default_pool(device);
  return cudaSuccess;
}
cudaError_t cudaMemPoolCreate(cudaMemPool_t* pool, cudaMemPoolProps const* properties) {
  turn const mine;
  *pool = new CUmemPoolHandle_st{properties->location.id, properties->maxSize};
  own_pools[*pool] = true;
  return cudaSuccess;
}
cudaError_t cudaMemPoolDestroy(cudaMemPool_t pool) {
  turn const mine;
  own_pools[pool] = false;  // what it gave out goes back to it later
  return cudaSuccess;
}
cudaError_t cudaMemPoolSetAttribute(cudaMemPool_t pool, cudaMemPoolAttr, void* value) {
  pool->keeps = *static_cast<std::uint64_t*>(value);
  return cudaSuccess;
}
cudaError_t cudaMemPoolGetAttribute(cudaMemPool_t pool, cudaMemPoolAttr, void* value) {
  *static_cast<std::uint64_t*>(value) = pool->keeps;
  return cudaSuccess;
}
cudaError_t cudaMemPoolSetAccess(cudaMemPool_t pool, cudaMemAccessDesc const* list, std::size_t count) {
  turn const mine;
  if (chosen().peers == 0) return answer(cudaErrorInvalidDevice);
  for (std::size_t k = 0; k < count; ++k) pool->open_to |= bit(list[k].location.id);
  return cudaSuccess;
}
cudaError_t cudaMallocFromPoolAsync(void** memory, std::size_t bytes, cudaMemPool_t pool,
                                    cudaStream_t stream) {
  turn const mine;
  if (pool->device != stream->device || bytes == 0) return answer(cudaErrorInvalidValue);
  auto const full = [&] {
    return bytes > device_bytes() || used_bytes(pool->device) + bytes > device_bytes() ||
           (pool->limit > 0 && pool->used + bytes > pool->limit);
  };
  if (full()) run_until_empty(-1);  // what is freed by then can be given again
  if (full()) return answer(cudaErrorMemoryAllocation);
  ++counts().allocations;
  pool->used += bytes;
  *memory = reserve(pool->device, bytes);
  pool_of[*memory] = pool;
  queue(stream, bit(pool->device), [at = *memory] { begin_life(at); });
  return cudaSuccess;
}
cudaError_t cudaFreeAsync(void* memory, cudaStream_t stream) {
  turn const mine;
  auto const found = pool_of.find(memory);
  if (found == pool_of.end()) fault("what is freed was not allocated, or freed twice");
  queue(stream, bit(found->second->device), [memory, pool = found->second, bytes = size_of(memory)] {
    end_life(memory);
    pool->used -= bytes;
  });
  pool_of.erase(found);
  return cudaSuccess;
}
cudaError_t cudaHostAlloc(void** memory, std::size_t bytes, unsigned) {
  turn const mine;
  *memory = std::aligned_alloc(4096, (bytes + 4095) / 4096 * 4096);
  if (*memory == nullptr) return answer(cudaErrorMemoryAllocation);
  pinned[static_cast<char*>(*memory)] = bytes;
  return cudaSuccess;
}
cudaError_t cudaFreeHost(void* memory) {
  turn const mine;
  run_until_empty(-1);  // the driver waits, too
  pinned.erase(static_cast<char*>(memory));
  std::free(memory);
  return cudaSuccess;
}

cudaError_t cudaPointerGetAttributes(cudaPointerAttributes* attributes, void const* address) {
  turn const mine;
  attributes->type = device_of(address) >= 0 ? cudaMemoryTypeDevice
                     : is_pinned(address)    ? cudaMemoryTypeHost
                                             : cudaMemoryTypeUnregistered;
  return cudaSuccess;
}
cudaError_t cudaLaunchHostFunc(cudaStream_t stream, cudaHostFn_t f, void* data) {
  turn const mine;
  if (stream->device != current_device) return answer(cudaErrorInvalidResourceHandle);
  queue(stream, 0, [=] { f(data); });
  return cudaSuccess;
}

cudaError_t cudaMemcpyAsync(void* to, void const* from, std::size_t bytes, cudaMemcpyKind,
                            cudaStream_t stream) {
  turn const mine;
  return copy(to, from, bytes, stream);
}
cudaError_t cudaMemcpyPeerAsync(void* to, int to_device, void const* from, int from_device, std::size_t bytes,
                                cudaStream_t stream) {
  turn const mine;
  if (device_of(to) != to_device || device_of(from) != from_device) return answer(cudaErrorInvalidValue);
  return copy(to, from, bytes, stream);
}
cudaError_t cudaMemsetAsync(void* memory, int value, std::size_t bytes, cudaStream_t stream) {
  turn const mine;
  if (stream->device != current_device) return answer(cudaErrorInvalidResourceHandle);
  if (device_of(memory) != stream->device) return answer(cudaErrorInvalidValue);
  static void* (*const volatile set_bytes)(void*, int, std::size_t) = std::memset;
  queue(stream, bit(stream->device), [=] {
    require_alive(memory, bytes, "a memset writes");
    set_bytes(memory, value, bytes);
  });
  return cudaSuccess;
}

// ---- launches ------------------------------------------------------------------------------------------

namespace simulated {

cudaError_t launch(cudaLaunchConfig_t const& config, void const* kernel, std::function<void()> call) {
  turn const mine;
  dim3 const blocks = config.gridDim, threads = config.blockDim;
  if (blocks.x == 0 || blocks.x > 0x7fffffffu || threads.x == 0 || threads.x > 1024)
    return answer(cudaErrorInvalidConfiguration);
  kernel_function& function = kernel_at(kernel);
  if (config.dynamicSmemBytes > function.allowed_shared) return answer(cudaErrorInvalidValue);
  if (config.stream->device != current_device) return answer(cudaErrorInvalidResourceHandle);
  queue(config.stream, within_reach(config.stream->device),
        [call = std::move(call), &function, blocks, threads, shared = config.dynamicSmemBytes] {
          run_grid({&function, call, blocks.x, threads.x, shared});
        });
  return cudaSuccess;
}

cudaError_t allow_shared(void const* kernel, int bytes) {
  turn const mine;
  if (bytes > 227 * 1024) return answer(cudaErrorInvalidValue);
  kernel_at(kernel).allowed_shared = static_cast<std::size_t>(bytes);
  return cudaSuccess;
}

void enqueue(cudaStream_t stream, std::function<void()> f) {
  turn const mine;
  queue(stream, within_reach(stream->device), std::move(f));
}

}  // namespace simulated
