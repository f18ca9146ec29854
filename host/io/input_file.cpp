// Opens, reads and maps input files.
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <host/io/emergency.hpp>
#include <host/io/input_file.hpp>
#include <host/io/printable.hpp>
#include <host/io/system_error.hpp>
#include <host/time_spent.hpp>
#include <prorata/error.hpp>
#include <utility>

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#endif

namespace prorata::io {

namespace {

/// Why something that is not a regular file cannot be an input.
char const* kind_of(mode_t mode) {
  if (S_ISDIR(mode)) return "it is a directory";
  if (S_ISFIFO(mode)) return "it is a pipe; write it to a file first";
  if (S_ISSOCK(mode)) return "it is a socket";
  if (S_ISCHR(mode) || S_ISBLK(mode)) return "it is a device";
  return "it is not a regular file";
}

[[noreturn]] void fail_opening(std::string const& path, int reason) {
  std::string const message = system_message(path, "open", reason);
  if (reason == EMFILE || reason == ENFILE || reason == ENOMEM) throw out_of_memory(message);
  throw input_error(message);
}

void require_regular(struct stat const& status, std::string const& path) {
  if (!S_ISREG(status.st_mode))
    throw input_error(printable(path) + ": cannot read: " + kind_of(status.st_mode));
}

/// Changes are told apart by the system's coarse clock. A file that was changed in its present tick, some
/// milliseconds long, could be changed in it again; so the tick is waited out.
void wait_for_a_later_time(timespec const& changed) noexcept {
  for (int tries = 0; tries < 10; ++tries) {
    timespec now{}, tick{};
    ::clock_gettime(CLOCK_REALTIME_COARSE, &now);
    bool const later =
        now.tv_sec > changed.tv_sec || (now.tv_sec == changed.tv_sec && now.tv_nsec > changed.tv_nsec);
    if (later || changed.tv_sec > now.tv_sec + 1) return;  // the latter: another machine's clock
    ::clock_getres(CLOCK_REALTIME_COARSE, &tick);
    ::nanosleep(&tick, nullptr);
  }
}

}  // namespace

input_file::input_file(std::string path) : path_(std::move(path)) {
  if (path_.empty()) throw input_error("cannot open: the file name is empty");
  if (path_.find('\0') != std::string::npos)
    throw input_error(printable(path_) + ": a file name holds no NUL");
  // Looked at before it is opened: opening a pipe would wait, opening a device may do something.
  struct stat status;
  if (::stat(path_.c_str(), &status) != 0) fail_opening(path_, errno);
  require_regular(status, path_);
  do {
    descriptor_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  } while (descriptor_ < 0 && errno == EINTR);
  if (descriptor_ < 0) fail_opening(path_, errno);
  try {
    if (::fstat(descriptor_, &status) != 0) fail_opening(path_, errno);
    require_regular(status, path_);  // it may have been replaced in between
    struct statfs system;
    if (::fstatfs(descriptor_, &system) == 0 &&
        (system.f_type == PROC_SUPER_MAGIC || system.f_type == SYSFS_MAGIC))
      throw input_error(printable(path_) + ": cannot read: it belongs to the kernel and has no size");
  } catch (...) {
    ::close(descriptor_);
    throw;
  }
  note(status);
}

input_file::input_file(int descriptor, std::string path) : path_(std::move(path)) {
  struct stat status;
  descriptor_ = ::fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
  if (descriptor_ < 0 || ::fstat(descriptor_, &status) != 0)
    throw input_error(system_message(path_, "open", errno));
  note(status);
}

void input_file::note(struct stat const& status) {
  size_ = status.st_size;
  identity_ = {status.st_dev, status.st_ino};
  changed_ = status.st_ctim;
  wait_for_a_later_time(changed_);
}

input_file::input_file(input_file&& other) noexcept
    : path_(std::move(other.path_)),
      size_(other.size_),
      descriptor_(std::exchange(other.descriptor_, -1)),
      identity_(other.identity_),
      changed_(other.changed_) {}

input_file& input_file::operator=(input_file&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(size_, other.size_);
  std::swap(descriptor_, other.descriptor_);
  std::swap(identity_, other.identity_);
  std::swap(changed_, other.changed_);
  return *this;
}

input_file::~input_file() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void input_file::read(index_t offset, std::span<std::byte> into) const {
  host::spending_account::timer const reading(host::spending_account::reading);
  constexpr std::size_t largest = std::size_t{1} << 30;  // Linux reads at most 2^31 - 4096 bytes at once
  while (!into.empty()) {
    ssize_t const got = ::pread(descriptor_, into.data(), std::min(into.size(), largest), offset);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0)
      throw input_error(system_message(path_, ("read at byte " + std::to_string(offset)).c_str(), errno));
    if (got == 0)
      throw input_error(printable(path_) + ": file shrank while being read: it ends at byte " +
                        std::to_string(offset) + ", " + std::to_string(into.size()) + " bytes early");
    into = into.subspan(static_cast<std::size_t>(got));
    offset += got;
  }
}

void input_file::announce(index_t offset, index_t bytes) const noexcept {
  if (bytes <= 0) return;
  auto const at_hand = [&](index_t at) {
    char byte;
    iovec const one{&byte, 1};
    return ::preadv2(descriptor_, &one, 1, at, RWF_NOWAIT) >= 0;  // or nobody knows
  };
  if (!at_hand(offset) || !at_hand(offset + bytes - 1))
    ::posix_fadvise(descriptor_, offset, bytes, POSIX_FADV_WILLNEED);
}

std::string input_file::version() const {
  return "file " + std::to_string(identity_.inode) + ", " + std::to_string(size_) + " bytes, changed at " +
         std::to_string(changed_.tv_sec) + "." + std::to_string(changed_.tv_nsec);
}

void input_file::check_unchanged() const {
  struct stat status;
  if (::fstat(descriptor_, &status) != 0) throw input_error(system_message(path_, "check", errno));
  if (status.st_size != size_)
    throw input_error(printable(path_) + ": file changed while being read: it had " + std::to_string(size_) +
                      " bytes, now " + std::to_string(status.st_size));
  if (status.st_ctim.tv_sec != changed_.tv_sec || status.st_ctim.tv_nsec != changed_.tv_nsec)
    throw input_error(printable(path_) + ": file changed while being read: it was written to");
}

}  // namespace prorata::io
