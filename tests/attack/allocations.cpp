// allocations: a library to preload that makes the Nth allocation of a program fail, counted from the start
// of main.
//
// It reaches whatever asks for memory by name: operator new and malloc of the program and its libraries, on
// every thread. Memory that is mapped instead is for system_calls.cpp.
//
//   PRORATA_ALLOCATION=N         allocation N fails, from 0; N+: that one and all after it
//   PRORATA_ALLOCATION_BYTES=B   counts those of B bytes or more alone
//   PRORATA_ALLOCATION_LOG=FILE  gets how many there were, and "failed" as soon as one does
#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <climits>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

extern "C" {
void* __libc_malloc(std::size_t bytes);
void* __libc_calloc(std::size_t count, std::size_t bytes);
void* __libc_realloc(void* old, std::size_t bytes);
void* __libc_memalign(std::size_t alignment, std::size_t bytes);
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

/// Where the code of the C library and of the loader lies.
struct {
  std::uintptr_t begin = 0, end = 0;
} own[2];

int note_own(dl_phdr_info* object, std::size_t, void*) {
  int const k = std::strstr(object->dlpi_name, "/libc.so") != nullptr    ? 0
                : std::strstr(object->dlpi_name, "/ld-linux") != nullptr ? 1
                                                                         : -1;
  for (int i = 0; k >= 0 && i < object->dlpi_phnum; ++i) {
    auto const& part = object->dlpi_phdr[i];
    if (part.p_type != PT_LOAD || (part.p_flags & PF_X) == 0) continue;
    own[k].begin = object->dlpi_addr + part.p_vaddr;
    own[k].end = own[k].begin + part.p_memsz;
  }
  return 0;
}

bool is_own(void const* caller) {
  auto const at = reinterpret_cast<std::uintptr_t>(caller);
  for (auto const& o : own)
    if (at >= o.begin && at < o.end) return true;
  return false;
}

/// Whether this allocation is to fail.
bool fails(std::size_t bytes, void const* caller) {
  if (!counting.load(std::memory_order_relaxed) || bytes < least || is_own(caller)) return false;
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

using main_function = int(int, char**, char**);
main_function* real_main = nullptr;

int counted_main(int count, char** arguments, char** environment) {
  log_name = std::getenv("PRORATA_ALLOCATION_LOG");
  if (char const* const bytes = std::getenv("PRORATA_ALLOCATION_BYTES"))
    least = std::strtoul(bytes, nullptr, 10);
  if (char const* const text = std::getenv("PRORATA_ALLOCATION")) {
    char* end = nullptr;
    first = std::strtol(text, &end, 10);
    last = *end == '+' ? LONG_MAX : first;
  }
  dl_iterate_phdr(note_own, nullptr);
  if (own[0].end == 0) std::abort();
  std::atexit(finish);
  counting = true;
  return real_main(count, arguments, environment);
}

}  // namespace

extern "C" {

void* malloc(std::size_t bytes) {
  return fails(bytes, __builtin_return_address(0)) ? nullptr : __libc_malloc(bytes);
}
void* calloc(std::size_t count, std::size_t bytes) {
  return fails(count * bytes, __builtin_return_address(0)) ? nullptr : __libc_calloc(count, bytes);
}
void* realloc(void* old, std::size_t bytes) {
  return fails(bytes, __builtin_return_address(0)) ? nullptr : __libc_realloc(old, bytes);
}
void* memalign(std::size_t alignment, std::size_t bytes) {
  return fails(bytes, __builtin_return_address(0)) ? nullptr : __libc_memalign(alignment, bytes);
}
void* aligned_alloc(std::size_t alignment, std::size_t bytes) {
  return fails(bytes, __builtin_return_address(0)) ? nullptr : __libc_memalign(alignment, bytes);
}
int posix_memalign(void** to, std::size_t alignment, std::size_t bytes) {
  *to = fails(bytes, __builtin_return_address(0)) ? nullptr : __libc_memalign(alignment, bytes);
  return *to == nullptr ? ENOMEM : 0;
}

/// The C library's, which calls main.
int __libc_start_main(main_function* program, int count, char** arguments, void (*begin)(), void (*end)(),
                      void (*loader_end)(), void* stack) {
  using start_function = int(main_function*, int, char**, void (*)(), void (*)(), void (*)(), void*);
  real_main = program;
  auto* const start = reinterpret_cast<start_function*>(::dlsym(RTLD_NEXT, "__libc_start_main"));
  return start(counted_main, count, arguments, begin, end, loader_end, stack);
}
}
