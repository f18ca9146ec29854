// Pools of device memory: one for all streams of a device, or one with a limit; open to the devices that this process
// uses, and to no others.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <memory>

namespace prorata::cuda {

/// A pool, and what keeps it. It goes with its last owner, and its memory when that has been given back; the device's
/// default pool, which is the whole process's, is left as it is.
using memory_pool = std::shared_ptr<CUmemPoolHandle_st>;

/// The pool that streams of a device share. It keeps what is freed, where a default pool gives it back to the system at
/// every sync.
///   throws  device_error
memory_pool shared_pool(int device);

/// A pool of its own that never holds more than `limit` bytes.
memory_pool limited_pool(int device, std::size_t limit);

}  // namespace prorata::cuda
