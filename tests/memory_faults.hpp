// memory_faults: every way to memory, made to fail on demand. The definitions stand in for the standard
// library's in the one test program that includes this file, which is linked with --wrap for the two below.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace prorata::memory_faults {

inline std::atomic<long> coming{-1};        ///< how many more requests succeed; below zero nothing fails
inline std::atomic<bool> short_now{false};  ///< whether a request has failed
inline std::atomic<bool> for_good{false};   ///< whether all fail from then on

/// Whether this request fails.
inline bool fails() {
  if (short_now && for_good) return true;
  if (coming < 0) return false;
  if (coming-- != 0) return false;
  return short_now = true;
}

/// From here on, request number n fails: that one alone, or all that follow too.
inline void begin(long n, bool all_that_follow) {
  short_now = false;
  for_good = all_that_follow;
  coming = n;
}
/// Nothing fails any more. Whether anything did.
inline bool end() {
  coming = -1;
  for_good = false;
  return short_now.exchange(false);
}

inline void* allocate(std::size_t bytes) {
  if (fails()) return nullptr;
  return std::malloc(bytes == 0 ? 1 : bytes);
}
inline void* allocate_or_throw(std::size_t bytes) {
  if (void* const memory = allocate(bytes)) return memory;
  throw std::bad_alloc();
}

}  // namespace prorata::memory_faults

void* operator new(std::size_t bytes) { return prorata::memory_faults::allocate_or_throw(bytes); }
void* operator new[](std::size_t bytes) { return prorata::memory_faults::allocate_or_throw(bytes); }
void* operator new(std::size_t bytes, std::nothrow_t const&) noexcept {
  return prorata::memory_faults::allocate(bytes);
}
void* operator new[](std::size_t bytes, std::nothrow_t const&) noexcept {
  return prorata::memory_faults::allocate(bytes);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

extern "C" {
void* __real_aligned_alloc(std::size_t alignment, std::size_t bytes);
void* __real_mmap(void* at, std::size_t bytes, int protection, int flags, int file, off_t offset);

void* __wrap_aligned_alloc(std::size_t alignment, std::size_t bytes) {
  return prorata::memory_faults::fails() ? nullptr : __real_aligned_alloc(alignment, bytes);
}
void* __wrap_mmap(void* at, std::size_t bytes, int protection, int flags, int file, off_t offset) {
  if (!prorata::memory_faults::fails()) return __real_mmap(at, bytes, protection, flags, file, offset);
  errno = ENOMEM;
  return reinterpret_cast<void*>(-1);
}
}
