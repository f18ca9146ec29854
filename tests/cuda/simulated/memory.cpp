// A stretch of addresses for each device, given out from its beginning to its end.
#include "memory.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <map>

#include "happens_before.hpp"
#include "settings.hpp"

#ifdef PRORATA_SIMULATED_ASAN
#include <sanitizer/asan_interface.h>
#endif

namespace simulated {
namespace {

constexpr std::size_t stretch = std::size_t{watched ? 64 : 128} << 30;  // of addresses, for each device
constexpr std::size_t alignment = 256, margin = 256, page = 4096;
constexpr int most_devices = 16;
constexpr unsigned char before_life = 0xcd, after_life = 0xdd, around = 0xbb;

struct piece {
  std::size_t bytes;
  bool alive = false;
};

struct store {
  char* base = nullptr;
  std::size_t used = 0;
  bool open = false;
  std::map<char*, piece> pieces;
};
store stores[most_devices];

// Spoiling goes through the library's memset, which ThreadSanitizer sees: it is a write in the order of a stream.
void* (*volatile set_bytes)(void*, int, std::size_t) = std::memset;

store& store_of(int device) {
  store& s = stores[device];
  if (s.base == nullptr) {
    void* const memory =
        mmap(nullptr, stretch, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) fault("no addresses for a device's memory");
    s.base = static_cast<char*>(memory);
  }
  return s;
}

/// The piece that holds an address, or none.
std::pair<char* const, piece>* piece_at(void const* address) {
  int const device = device_of(address);
  if (device < 0) return nullptr;
  auto* const at = const_cast<char*>(static_cast<char const*>(address));
  auto& pieces = stores[device].pieces;
  auto next = pieces.upper_bound(at);
  if (next == pieces.begin()) return nullptr;
  --next;
  return at < next->first + next->second.bytes ? &*next : nullptr;
}

void mark([[maybe_unused]] char* memory, [[maybe_unused]] std::size_t bytes, [[maybe_unused]] bool usable) {
#ifdef PRORATA_SIMULATED_ASAN
  usable ? __asan_unpoison_memory_region(memory, bytes) : __asan_poison_memory_region(memory, bytes);
#endif
}

bool untouched(unsigned char const* at, std::size_t bytes) {
  for (std::size_t k = 0; k < bytes; ++k)
    if (at[k] != around) return false;
  return true;
}

char* page_down(char* at) { return at - reinterpret_cast<std::uintptr_t>(at) % page; }
char* page_up(char* at) { return page_down(at + page - 1); }

void protect(char* first, char* last, bool open) {
  if (first < last &&
      mprotect(first, static_cast<std::size_t>(last - first), open ? PROT_READ | PROT_WRITE : PROT_NONE) != 0)
    fault("the memory of a device cannot be opened or closed");
}

/// Opens or closes all pieces of a device, with as few calls of the system as their places allow.
void protect(store& s, bool open) {
  if (s.open == open) return;
  s.open = open;
  char *first = s.base, *last = s.base;
  for (auto const& [at, p] : s.pieces) {
    char *const begin = page_down(at - margin), *const end = page_up(at + p.bytes + margin);
    if (begin > last) {
      protect(first, last, open);
      first = begin;
    }
    last = std::max(last, end);
  }
  protect(first, last, open);
}

}  // namespace

int device_of(void const* address) {
  auto const at = reinterpret_cast<std::uintptr_t>(address);
  for (int d = 0; d < most_devices; ++d)
    if (auto const base = reinterpret_cast<std::uintptr_t>(stores[d].base); base != 0 && at - base < stretch)
      return d;
  return -1;
}

void* reserve(int device, std::size_t bytes) {
  store& s = store_of(device);
  char* const memory = s.base + s.used + margin;
  std::size_t const room = margin + (bytes + margin + alignment - 1) / alignment * alignment;
  if (s.used + room > stretch) fault("a simulated device has no addresses left");
  s.used += room;
  s.pieces[memory] = {bytes, false};
  if (s.open) protect(page_down(memory - margin), page_up(memory + bytes + margin), true);
  return memory;
}

void begin_life(void* memory) {
  auto* const p = piece_at(memory);
  auto* const end = p->first + p->second.bytes;
  mark(p->first - margin, p->second.bytes + 2 * margin, true);
  std::memset(p->first - margin, around, margin);
  std::memset(end, around, margin);
  set_bytes(p->first, before_life, p->second.bytes);
  mark(p->first - margin, margin, false);
  mark(end, margin, false);
  p->second.alive = true;
}

void end_life(void* memory) {
  auto* const p = piece_at(memory);
  if (p == nullptr || p->first != memory || !p->second.alive)
    fault("what is freed was not allocated, or freed twice");
  auto* const end = p->first + p->second.bytes;
  mark(p->first - margin, p->second.bytes + 2 * margin, true);
  if (!untouched(reinterpret_cast<unsigned char*>(p->first) - margin, margin) ||
      !untouched(reinterpret_cast<unsigned char*>(end), margin))
    fault("something was written beside " + std::to_string(p->second.bytes) + " bytes of device memory");
  set_bytes(p->first, after_life, p->second.bytes);
  mark(p->first - margin, p->second.bytes + 2 * margin, false);
  if (char* const first = page_up(p->first), * const last = page_down(end);
      first < last) {  // no others' pages
    protect(first, last, false);
    madvise(first, static_cast<std::size_t>(last - first), MADV_DONTNEED);
  }
  stores[device_of(memory)].pieces.erase(p->first);
}

std::size_t size_of(void const* memory) {
  auto* const p = piece_at(memory);
  if (p == nullptr || p->first != memory) fault("what is freed was not allocated");
  return p->second.bytes;
}

void require_alive(void const* address, std::size_t bytes, std::string const& what) {
  auto* const p = piece_at(address);
  if (p == nullptr || !p->second.alive) fault(what + ": device memory that is not allocated at that point");
  if (static_cast<char const*>(address) + bytes > p->first + p->second.bytes)
    fault(what + ": beyond the end of device memory");
}

void require_written(void const* address, std::size_t bytes) {
  static std::uint64_t const fresh = 0x0101010101010101u * before_life;
  auto const* const at = static_cast<char const*>(address);
  for (std::size_t k = (8 - reinterpret_cast<std::uintptr_t>(at) % 8) % 8; k + 8 <= bytes; k += 8)
    if (std::memcmp(at + k, &fresh, 8) == 0)
      fault("a copy to the host reads what nothing has written: byte " + std::to_string(k) + " of " +
            std::to_string(bytes));
}

void open_only(std::uint64_t devices) {
  for (int d = 0; d < most_devices; ++d)
    if (stores[d].base != nullptr) protect(stores[d], (devices >> d & 1) != 0);
}
opened::opened() { open_only(~std::uint64_t{0}); }
opened::~opened() { open_only(0); }

}  // namespace simulated
