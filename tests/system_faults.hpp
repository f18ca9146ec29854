// system_faults: the calls that move and name files, made to fail, to be short or to be interrupted on
// demand. The definitions stand in for the C library's in the one test program that includes this file.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdarg>
#include <cstddef>

namespace prorata::system_faults {

inline bool rough = false;       ///< pread and pwrite move few bytes at a time and are interrupted in between
inline int fail_at = -1;         ///< which of the coming calls fails; counts down
inline int fail_with = EIO;      ///< its errno
inline char const* failed = "";  ///< which call it was; "" when none was reached

inline int signal_at = -1;     ///< before which of the coming calls a signal comes; counts down
inline int signal_number = 0;  ///< that one

/// A signal may come before any call.
inline void reach() {
  if (signal_at >= 0 && signal_at-- == 0) ::raise(signal_number);
}

inline bool fails(char const* name) {
  reach();
  if (fail_at < 0 || fail_at-- > 0) return false;
  failed = name;
  errno = fail_with;
  return true;
}

/// Every other call is interrupted.
inline bool interrupted() {
  static thread_local bool now = false;
  now = rough && !now;
  if (now) errno = EINTR;
  return now;
}

}  // namespace prorata::system_faults

extern "C" {

inline std::size_t prorata_portion(std::size_t n) {
  return prorata::system_faults::rough ? std::min<std::size_t>(n, 7) : n;
}

__attribute__((used)) ssize_t pwrite(int descriptor, void const* data, std::size_t n, off_t offset) {
  if (prorata::system_faults::fails("pwrite") || prorata::system_faults::interrupted()) return -1;
  return ::syscall(SYS_pwrite64, descriptor, data, prorata_portion(n), offset);
}
__attribute__((used)) ssize_t pread(int descriptor, void* data, std::size_t n, off_t offset) {
  if (prorata::system_faults::fails("pread") || prorata::system_faults::interrupted()) return -1;
  return ::syscall(SYS_pread64, descriptor, data, prorata_portion(n), offset);
}
__attribute__((used)) int fsync(int descriptor) {
  if (prorata::system_faults::fails("fsync")) return -1;
  return static_cast<int>(::syscall(SYS_fsync, descriptor));
}
__attribute__((used)) int fallocate(int descriptor, int mode, off_t offset, off_t length) {
  if (prorata::system_faults::fails("fallocate")) return -1;
  return static_cast<int>(::syscall(SYS_fallocate, descriptor, mode, offset, length));
}
__attribute__((used)) int linkat(int from, char const* name, int to, char const* fresh, int flags) noexcept {
  if (prorata::system_faults::fails("linkat")) return -1;
  return static_cast<int>(::syscall(SYS_linkat, from, name, to, fresh, flags));
}
__attribute__((used)) int renameat(int from, char const* name, int to, char const* fresh) noexcept {
  if (prorata::system_faults::fails("renameat")) return -1;
  return static_cast<int>(::syscall(SYS_renameat, from, name, to, fresh));
}
__attribute__((used)) int close(int descriptor) {
  int const status = static_cast<int>(::syscall(SYS_close, descriptor));
  return prorata::system_faults::fails("close") ? -1 : status;
}
__attribute__((used)) int unlinkat(int folder, char const* name, int flags) noexcept {
  prorata::system_faults::reach();
  return static_cast<int>(::syscall(SYS_unlinkat, folder, name, flags));
}
__attribute__((used)) int openat(int folder, char const* name, int flags, ...) {
  prorata::system_faults::reach();
  va_list more;
  va_start(more, flags);
  int const mode = (flags & (O_CREAT | __O_TMPFILE)) != 0 ? va_arg(more, int) : 0;
  va_end(more);
  return static_cast<int>(::syscall(SYS_openat, folder, name, flags, mode));
}
}
