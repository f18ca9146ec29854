// starved: what makes the Nth allocation of a program fail that is linked with it, counted from the start of main,
// for programs that cannot have allocations.cpp preloaded, as under AddressSanitizer.
//
// It stands in for operator new; the linker sends main, aligned_alloc and mmap here, too (--wrap). The variables are
// those of allocations.cpp.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>

extern "C" {
int __real_main(int count, char** arguments);
void* __real_aligned_alloc(std::size_t alignment, std::size_t bytes);
void* __real_mmap(void* address, std::size_t length, int protection, int flags, int file, off_t offset);
}

namespace {

std::atomic<bool> counting{false}, said{false};
std::atomic<long> allocations{0};
long first = LONG_MAX, last = LONG_MAX;
std::size_t least = 0;
char const* log_name = nullptr;

void say(char const* text) {
  if (log_name == nullptr) return;
  int const log = ::open(log_name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (log < 0) std::abort();
  [[maybe_unused]] auto const written = ::write(log, text, std::strlen(text));
  ::close(log);
}

bool fails(std::size_t bytes) {
  if (!counting.load(std::memory_order_relaxed) || bytes < least) return false;
  long const number = allocations.fetch_add(1);
  if (number < first || number > last) return false;
  if (!said.exchange(true)) say("failed\n");
  errno = ENOMEM;
  return true;
}

void finish() {
  counting = false;
  char line[40];
  std::snprintf(line, sizeof line, "%ld\n", allocations.load());
  say(line);
}

void* allocated(std::size_t bytes) {
  void* const memory = fails(bytes) ? nullptr : std::malloc(bytes == 0 ? 1 : bytes);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
void* aligned(std::size_t bytes, std::size_t alignment) {
  std::size_t const whole = (bytes + alignment - 1) / alignment * alignment;
  void* const memory =
      fails(bytes) ? nullptr : __real_aligned_alloc(alignment, whole == 0 ? alignment : whole);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

void* operator new(std::size_t bytes) { return allocated(bytes); }
void* operator new[](std::size_t bytes) { return allocated(bytes); }
void* operator new(std::size_t bytes, std::align_val_t a) {
  return aligned(bytes, static_cast<std::size_t>(a));
}
void* operator new[](std::size_t bytes, std::align_val_t a) {
  return aligned(bytes, static_cast<std::size_t>(a));
}
void* operator new(std::size_t bytes, std::nothrow_t const&) noexcept {
  return fails(bytes) ? nullptr : std::malloc(bytes == 0 ? 1 : bytes);
}
void* operator new[](std::size_t bytes, std::nothrow_t const&) noexcept {
  return fails(bytes) ? nullptr : std::malloc(bytes == 0 ? 1 : bytes);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

extern "C" {
/// A constructor of nlohmann::json that throws loses what it has built; the command ends then.
char const* __lsan_default_suppressions() { return "leak:nlohmann::json_abi"; }
char const* __lsan_default_options() { return "print_suppressions=0"; }

int __wrap_main(int count, char** arguments) {
  log_name = std::getenv("PRORATA_ALLOCATION_LOG");
  if (char const* const bytes = std::getenv("PRORATA_ALLOCATION_BYTES"))
    least = std::strtoul(bytes, nullptr, 10);
  if (char const* const text = std::getenv("PRORATA_ALLOCATION")) {
    char* end = nullptr;
    first = std::strtol(text, &end, 10);
    last = *end == '+' ? LONG_MAX : first;
  }
  std::atexit(finish);
  counting = true;
  return __real_main(count, arguments);
}
void* __wrap_aligned_alloc(std::size_t alignment, std::size_t bytes) {
  return fails(bytes) ? nullptr : __real_aligned_alloc(alignment, bytes);
}
void* __wrap_mmap(void* address, std::size_t length, int protection, int flags, int file, off_t offset) {
  return fails(length) ? MAP_FAILED : __real_mmap(address, length, protection, flags, file, offset);
}
}
