// Which pools there are, and who may reach them.
#include <unistd.h>

#include <kernels/check.hpp>
#include <kernels/pool.hpp>
#include <limits>
#include <mutex>
#include <vector>

namespace prorata::cuda {

namespace {

struct known_pool {
  int device;
  bool shared;
  std::weak_ptr<CUmemPoolHandle_st> pool;
};

/// All pools of this process that somebody has. (Not one of them is kept by this list.)
struct registry {
  std::mutex mutex;
  std::vector<known_pool> pools;
};
registry& all() {
  static registry r;
  return r;
}

/// Lets kernels of a device, and copies by it, use the pool's memory directly, where the hardware can.
void open(cudaMemPool_t pool, int device, int to) {
  int reachable = 0;
  check(cudaDeviceCanAccessPeer(&reachable, to, device));
  if (!reachable) return;
  cudaMemAccessDesc access{};
  access.location.type = cudaMemLocationTypeDevice;
  access.location.id = to;
  access.flags = cudaMemAccessFlagsProtReadWrite;
  check(cudaMemPoolSetAccess(pool, &access, 1));
}

memory_pool made(int device, std::size_t limit) {
  cudaMemPoolProps properties{};
  properties.allocType = cudaMemAllocationTypePinned;
  properties.location.type = cudaMemLocationTypeDevice;
  properties.location.id = device;
  properties.maxSize = limit;
  cudaMemPool_t native = nullptr;
  check(cudaMemPoolCreate(&native, &properties));
  memory_pool pool(native, [owner = getpid()](cudaMemPool_t p) {
    if (getpid() == owner) ignore(cudaMemPoolDestroy(p));  // a forked child has no context to give it back to
  });
  std::uint64_t keep = std::numeric_limits<std::uint64_t>::max();
  check(cudaMemPoolSetAttribute(native, cudaMemPoolAttrReleaseThreshold, &keep));
  return pool;
}

memory_pool pool_of(int device, std::size_t limit) {
  bool const shared = limit == 0;
  registry& r = all();
  std::lock_guard const lock(r.mutex);
  std::erase_if(r.pools, [](known_pool const& k) { return k.pool.expired(); });
  for (known_pool const& k : r.pools)
    if (shared && k.shared && k.device == device)
      if (memory_pool found = k.pool.lock()) return found;
  memory_pool pool = made(device, limit);
  for (known_pool const& k : r.pools)
    if (memory_pool const other = k.pool.lock(); other && k.device != device) {
      open(other.get(), k.device, device);
      open(pool.get(), device, k.device);
    }
  r.pools.push_back({device, shared, pool});
  return pool;
}

}  // namespace

memory_pool shared_pool(int device) { return pool_of(device, 0); }
memory_pool limited_pool(int device, std::size_t limit) { return pool_of(device, limit); }

}  // namespace prorata::cuda
