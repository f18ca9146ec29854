// system_calls: a library to preload that makes the Nth system call of a program fail, or ends the program
// there.
//
// It stands in for the C library's functions, so it reaches every call that a program and its libraries make
// by name: prorata's own, the threads that TBB starts. It does not reach what the C library calls inside
// itself: the reads and writes of stdio (standard output), the mmap and brk of malloc (allocations.cpp is for
// those), the loader's.
//
//   PRORATA_FAULT_LOG=FILE   a line "N NAME" for each call, or for the disturbed one alone
//   PRORATA_FAULT=AT,WHAT    what happens at call number AT, from 0; or at every call from it on, with AT+:
//     errno:5                it fails with this error number
//     before:9, after:15     this signal arrives before it begins, or after it is done and before it returns
//     short                  it moves 7 bytes at most, and is interrupted (EINTR) every other time
//   PRORATA_FAULT_ONLY=NAME  counts calls of this function alone
//   PRORATA_FAULT_NO_TMPFILE=1   files without a name are refused, as on file systems that have none
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

enum class effect { none, error, before, after, shorten };

struct plan {
  long at = -1;
  bool onwards = false;
  effect what = effect::none;
  int number = 0;  // of the error, or of the signal
  char const* only = nullptr;
  int log = -1;
};

long raw(long number, auto... arguments) { return ::syscall(number, arguments...); }

plan read_plan() {
  plan p;
  p.only = std::getenv("PRORATA_FAULT_ONLY");
  if (char const* const name = std::getenv("PRORATA_FAULT_LOG")) {
    int const low = static_cast<int>(raw(SYS_open, name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666));
    p.log =
        static_cast<int>(raw(SYS_fcntl, low, F_DUPFD_CLOEXEC, 200));  // out of the way of the program's own
    raw(SYS_close, low);
  }
  char const* const text = std::getenv("PRORATA_FAULT");
  if (text == nullptr) return p;
  char* rest = nullptr;
  p.at = std::strtol(text, &rest, 10);
  if (*rest == '+') p.onwards = true, ++rest;
  if (*rest == ',') ++rest;
  char const* const colon = std::strchr(rest, ':');
  if (colon != nullptr) p.number = std::atoi(colon + 1);
  p.what = std::strncmp(rest, "errno:", 6) == 0    ? effect::error
           : std::strncmp(rest, "before:", 7) == 0 ? effect::before
           : std::strncmp(rest, "after:", 6) == 0  ? effect::after
           : std::strcmp(rest, "short") == 0       ? effect::shorten
                                                   : effect::none;
  if (p.what == effect::none) std::abort();  // a plan that is not understood must not pass as "no violation"
  return p;
}

plan const& the_plan() {
  static plan const p = read_plan();
  return p;
}
[[gnu::constructor]] void begin() { the_plan(); }

void note(plan const& p, long call, char const* name) {
  if (p.log < 0) return;
  char line[80];
  int const length = std::snprintf(line, sizeof line, "%ld %s\n", call, name);
  raw(SYS_write, p.log, line, static_cast<std::size_t>(length));
}

/// What is to happen to this call.
effect effect_on(char const* name) {
  static std::atomic<long> calls{0};
  auto const& p = the_plan();
  if (p.only != nullptr && std::strcmp(p.only, name) != 0) return effect::none;
  long const call = calls.fetch_add(1);
  bool const now = call == p.at || (p.onwards && p.at >= 0 && call > p.at);
  if (now || p.what == effect::none) note(p, call, name);
  return now ? p.what : effect::none;
}

void send_signal() { raw(SYS_tgkill, raw(SYS_getpid), raw(SYS_gettid), the_plan().number); }

/// The call, disturbed as planned: `failed` is what it returns when it fails.
template <class F>
auto disturbed(char const* name, F const& call) -> decltype(call()) {
  auto const what = effect_on(name);
  if (what == effect::error) {
    errno = the_plan().number;
    return static_cast<decltype(call())>(-1);
  }
  if (what == effect::before) send_signal();
  auto const result = call();
  int const saved = errno;
  if (what == effect::after) send_signal();
  errno = saved;
  return result;
}

/// The same for what moves bytes.
template <class F>
ssize_t moved(char const* name, std::size_t bytes, F const& call) {
  static std::atomic<int> turns{0};
  auto const what = effect_on(name);
  if (what == effect::shorten) {
    if (turns.fetch_add(1) % 2 == 0) {
      errno = EINTR;
      return -1;
    }
    return call(std::min<std::size_t>(bytes, 7));
  }
  if (what == effect::error) {
    errno = the_plan().number;
    return -1;
  }
  if (what == effect::before) send_signal();
  ssize_t const result = call(bytes);
  int const saved = errno;
  if (what == effect::after) send_signal();
  errno = saved;
  return result;
}

int opened(char const* name, int folder, char const* path, int flags, mode_t mode) {
  static bool const no_unnamed = std::getenv("PRORATA_FAULT_NO_TMPFILE") != nullptr;
  if (no_unnamed && (flags & O_TMPFILE) == O_TMPFILE) {
    errno = EOPNOTSUPP;
    return -1;
  }
  return disturbed(name, [&] { return static_cast<int>(raw(SYS_openat, folder, path, flags, mode)); });
}

mode_t mode_of(int flags, va_list arguments) {
  bool const given = (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE;
  return given ? va_arg(arguments, mode_t) : 0;
}

/// The C library's own function, where there is more to it than the system call.
template <class F>
F original(char const* name) {
  return reinterpret_cast<F>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

// Functions of the C library under their own names; `__…_chk` are those of programs built with
// _FORTIFY_SOURCE.
extern "C" {

int open(char const* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  mode_t const mode = mode_of(flags, arguments);
  va_end(arguments);
  return opened("open", AT_FDCWD, path, flags, mode);
}
int open64(char const* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  mode_t const mode = mode_of(flags, arguments);
  va_end(arguments);
  return opened("open", AT_FDCWD, path, flags, mode);
}
int openat(int folder, char const* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  mode_t const mode = mode_of(flags, arguments);
  va_end(arguments);
  return opened("openat", folder, path, flags, mode);
}
int openat64(int folder, char const* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  mode_t const mode = mode_of(flags, arguments);
  va_end(arguments);
  return opened("openat", folder, path, flags, mode);
}
int __open_2(char const* path, int flags) { return opened("open", AT_FDCWD, path, flags, 0); }
int __open64_2(char const* path, int flags) { return opened("open", AT_FDCWD, path, flags, 0); }
int __openat_2(int folder, char const* path, int flags) { return opened("openat", folder, path, flags, 0); }
int __openat64_2(int folder, char const* path, int flags) { return opened("openat", folder, path, flags, 0); }

int close(int file) {
  // It is closed even where it fails: Linux does the same.
  int const status = static_cast<int>(raw(SYS_close, file));
  return disturbed("close", [&] { return status; });
}

ssize_t read(int file, void* to, std::size_t bytes) {
  return moved("read", bytes, [&](std::size_t n) { return raw(SYS_read, file, to, n); });
}
ssize_t pread(int file, void* to, std::size_t bytes, off_t at) {
  return moved("pread", bytes, [&](std::size_t n) { return raw(SYS_pread64, file, to, n, at); });
}
ssize_t pread64(int file, void* to, std::size_t bytes, off64_t at) { return pread(file, to, bytes, at); }
ssize_t __read_chk(int file, void* to, std::size_t bytes, std::size_t) { return read(file, to, bytes); }
ssize_t __pread_chk(int file, void* to, std::size_t bytes, off_t at, std::size_t) {
  return pread(file, to, bytes, at);
}
ssize_t __pread64_chk(int file, void* to, std::size_t bytes, off64_t at, std::size_t) {
  return pread(file, to, bytes, at);
}
ssize_t write(int file, void const* from, std::size_t bytes) {
  return moved("write", bytes, [&](std::size_t n) { return raw(SYS_write, file, from, n); });
}
ssize_t pwrite(int file, void const* from, std::size_t bytes, off_t at) {
  return moved("pwrite", bytes, [&](std::size_t n) { return raw(SYS_pwrite64, file, from, n, at); });
}
ssize_t pwrite64(int file, void const* from, std::size_t bytes, off64_t at) {
  return pwrite(file, from, bytes, at);
}

int fsync(int file) {
  return disturbed("fsync", [&] { return static_cast<int>(raw(SYS_fsync, file)); });
}
int fdatasync(int file) {
  return disturbed("fdatasync", [&] { return static_cast<int>(raw(SYS_fdatasync, file)); });
}
int syncfs(int file) noexcept {
  return disturbed("syncfs", [&] { return static_cast<int>(raw(SYS_syncfs, file)); });
}
int ftruncate(int file, off_t bytes) noexcept {
  return disturbed("ftruncate", [&] { return static_cast<int>(raw(SYS_ftruncate, file, bytes)); });
}
int ftruncate64(int file, off64_t bytes) noexcept { return ftruncate(file, bytes); }
int fallocate(int file, int mode, off_t at, off_t bytes) {
  return disturbed("fallocate", [&] { return static_cast<int>(raw(SYS_fallocate, file, mode, at, bytes)); });
}
int fallocate64(int file, int mode, off64_t at, off64_t bytes) { return fallocate(file, mode, at, bytes); }
int fchmod(int file, mode_t mode) noexcept {
  return disturbed("fchmod", [&] { return static_cast<int>(raw(SYS_fchmod, file, mode)); });
}
int fchown(int file, uid_t user, gid_t group) noexcept {
  return disturbed("fchown", [&] { return static_cast<int>(raw(SYS_fchown, file, user, group)); });
}
int flock(int file, int operation) noexcept {
  return disturbed("flock", [&] { return static_cast<int>(raw(SYS_flock, file, operation)); });
}

int linkat(int from, char const* name, int to, char const* fresh, int flags) noexcept {
  return disturbed("linkat", [&] { return static_cast<int>(raw(SYS_linkat, from, name, to, fresh, flags)); });
}
int renameat(int from, char const* name, int to, char const* fresh) noexcept {
  return disturbed("renameat", [&] { return static_cast<int>(raw(SYS_renameat, from, name, to, fresh)); });
}
int renameat2(int from, char const* name, int to, char const* fresh, unsigned flags) noexcept {
  return disturbed("renameat2",
                   [&] { return static_cast<int>(raw(SYS_renameat2, from, name, to, fresh, flags)); });
}
int rename(char const* from, char const* to) noexcept {
  return disturbed("rename", [&] { return static_cast<int>(raw(SYS_rename, from, to)); });
}
int unlinkat(int folder, char const* name, int flags) noexcept {
  return disturbed("unlinkat", [&] { return static_cast<int>(raw(SYS_unlinkat, folder, name, flags)); });
}
int unlink(char const* name) noexcept {
  return disturbed("unlink", [&] { return static_cast<int>(raw(SYS_unlink, name)); });
}
int access(char const* path, int mode) noexcept {
  return disturbed("access", [&] { return static_cast<int>(raw(SYS_access, path, mode)); });
}
ssize_t readlinkat(int folder, char const* name, char* to, std::size_t bytes) noexcept {
  return disturbed("readlinkat",
                   [&] { return static_cast<ssize_t>(raw(SYS_readlinkat, folder, name, to, bytes)); });
}
ssize_t __readlinkat_chk(int folder, char const* name, char* to, std::size_t bytes, std::size_t) noexcept {
  return readlinkat(folder, name, to, bytes);
}

int stat(char const* path, struct stat* to) noexcept {
  return disturbed("stat", [&] { return static_cast<int>(raw(SYS_newfstatat, AT_FDCWD, path, to, 0)); });
}
int lstat(char const* path, struct stat* to) noexcept {
  return disturbed("lstat", [&] {
    return static_cast<int>(raw(SYS_newfstatat, AT_FDCWD, path, to, AT_SYMLINK_NOFOLLOW));
  });
}
int fstat(int file, struct stat* to) noexcept {
  return disturbed("fstat", [&] { return static_cast<int>(raw(SYS_fstat, file, to)); });
}
int fstatat(int folder, char const* path, struct stat* to, int flags) noexcept {
  return disturbed("fstatat", [&] { return static_cast<int>(raw(SYS_newfstatat, folder, path, to, flags)); });
}
int statx(int folder, char const* path, int flags, unsigned mask, struct statx* to) noexcept {
  return disturbed("statx", [&] { return static_cast<int>(raw(SYS_statx, folder, path, flags, mask, to)); });
}
int statfs(char const* path, struct statfs* to) noexcept {
  return disturbed("statfs", [&] { return static_cast<int>(raw(SYS_statfs, path, to)); });
}
int fstatfs(int file, struct statfs* to) noexcept {
  return disturbed("fstatfs", [&] { return static_cast<int>(raw(SYS_fstatfs, file, to)); });
}
int statvfs(char const* path, struct statvfs* to) noexcept {
  return disturbed("statvfs", [&] { return original<decltype(&::statvfs)>("statvfs")(path, to); });
}
int fstatvfs(int file, struct statvfs* to) noexcept {
  return disturbed("fstatvfs", [&] { return original<decltype(&::fstatvfs)>("fstatvfs")(file, to); });
}

void* mmap(void* near, std::size_t bytes, int protection, int flags, int file, off_t at) noexcept {
  long const address =
      disturbed("mmap", [&] { return raw(SYS_mmap, near, bytes, protection, flags, file, at); });
  return reinterpret_cast<void*>(address);
}
void* mmap64(void* near, std::size_t bytes, int protection, int flags, int file, off64_t at) noexcept {
  return mmap(near, bytes, protection, flags, file, at);
}
int munmap(void* address, std::size_t bytes) noexcept {
  return disturbed("munmap", [&] { return static_cast<int>(raw(SYS_munmap, address, bytes)); });
}
int madvise(void* address, std::size_t bytes, int advice) noexcept {
  return disturbed("madvise", [&] { return static_cast<int>(raw(SYS_madvise, address, bytes, advice)); });
}

ssize_t getrandom(void* to, std::size_t bytes, unsigned flags) {
  return disturbed("getrandom", [&] { return static_cast<ssize_t>(raw(SYS_getrandom, to, bytes, flags)); });
}
int sigaction(int number, struct sigaction const* fresh, struct sigaction* before) noexcept {
  return disturbed("sigaction",
                   [&] { return original<decltype(&::sigaction)>("sigaction")(number, fresh, before); });
}
int pthread_create(pthread_t* thread, pthread_attr_t const* attributes, void* (*start)(void*),
                   void* argument) noexcept {
  auto const what = effect_on("pthread_create");
  if (what == effect::error) return the_plan().number;
  if (what == effect::before) send_signal();
  int const status =
      original<decltype(&::pthread_create)>("pthread_create")(thread, attributes, start, argument);
  if (what == effect::after) send_signal();
  return status;
}
}
