// O_TMPFILE or a locked name, full reads and writes: each step checked.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <host/io/commit_record.hpp>
#include <host/io/emergency.hpp>
#include <host/io/system_error.hpp>
#include <host/io/temporary_file.hpp>
#include <host/time_spent.hpp>
#include <limits>
#include <prorata/error.hpp>
#include <utility>

namespace prorata::io {

namespace {

constexpr int most_attempts = 100;  // names that are tried

index_t file_size_limit() {
  struct rlimit limit;
  bool const limited = ::getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
                       limit.rlim_cur < static_cast<rlim_t>(std::numeric_limits<index_t>::max());
  return limited ? static_cast<index_t>(limit.rlim_cur) : std::numeric_limits<index_t>::max();
}

std::string numbered(std::string const& name, int number) {
  return name_beside(name, "prorata-" + std::to_string(number));
}

}  // namespace

temporary_file::temporary_file(directory const& folder, std::string name, std::string path,
                               temporary_kind kind)
    : folder_(folder), name_(std::move(name)), path_(std::move(path)), size_limit_(file_size_limit()) {
  if (kind == temporary_kind::named || !open_unnamed()) open_named();
}

temporary_file::temporary_file(directory const& folder, std::string const& made, std::string path)
    : folder_(folder), path_(std::move(path)), size_limit_(file_size_limit()) {
  descriptor_ = ::openat(folder_.descriptor(), made.c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC);
  if (descriptor_ < 0)
    throw device_error(system_message(path_, "open what another process has made", errno) +
                       "; all processes need its folder");
}

temporary_file::~temporary_file() {
  take_name();
  if (descriptor_ >= 0) ::close(descriptor_);
}

bool temporary_file::open_unnamed() {
  descriptor_ = ::openat(folder_.descriptor(), ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0666);
  if (descriptor_ < 0) return false;  // whatever the reason, the named attempt finds it again
  struct stat status;
  if (::access(("/proc/self/fd/" + std::to_string(descriptor_)).c_str(), F_OK) == 0 &&
      ::fstat(descriptor_, &status) == 0 && ::fchmod(descriptor_, 0600) == 0) {
    usual_permissions_ = status.st_mode & 0777;
    ::flock(descriptor_, LOCK_EX | LOCK_NB);
    return true;
  }
  ::close(std::exchange(descriptor_, -1));  // naming it later needs /proc
  return false;
}

void temporary_file::open_named() {
  for (int number = 0; descriptor_ < 0; ++number) {
    std::string name = numbered(name_, number);
    emergency::deferral const until_it_is_noted;
    if (open_as(name) || (errno == EEXIST && remove_dead(name) && open_as(name))) {
      ticket_ = emergency::watch_temporary(folder_.descriptor(), name);
      temporary_ = std::move(name);
    } else if ((errno != EEXIST && errno != EINTR) || number == most_attempts) {
      int const reason = errno;
      fail_placing(system_message(path_, "write", reason), reason);
    }
  }
}

/// Makes the file, locked, readable by its owner only. What an ordinary new file's permissions are here is seen
/// from one that never holds anything.
bool temporary_file::open_as(std::string const& name) {
  constexpr int flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  int const ordinary = ::openat(folder_.descriptor(), name.c_str(), flags, 0666);
  if (ordinary < 0) return false;
  struct stat status;
  int const reason = ::fstat(ordinary, &status) == 0 ? 0 : errno;
  ::unlinkat(folder_.descriptor(), name.c_str(), 0);
  ::close(ordinary);
  if (reason != 0) fail_writing(path_, "look at", reason);
  usual_permissions_ = status.st_mode & 0777;
  int const made = ::openat(folder_.descriptor(), name.c_str(), flags, 0600);
  if (made < 0) return false;
  ::flock(made, LOCK_EX | LOCK_NB);
  if (!folder_.holds(name, made)) {  // taken for a dead one's before it was locked
    ::close(made);
    errno = EEXIST;
    return false;
  }
  descriptor_ = made;
  return true;
}

/// Removes a file that nobody has locked: its process was killed. False where somebody has, or another owns it.
bool temporary_file::remove_dead(std::string const& name) const {
  commit_record::recover(path_);  // it may be half of a set that is to be finished
  int const found =
      ::openat(folder_.descriptor(), name.c_str(), O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  bool dead = found < 0 && errno == ENOENT;
  if (found >= 0) {
    struct stat status;
    bool const ours = ::fstat(found, &status) == 0 && S_ISREG(status.st_mode) && status.st_uid == ::geteuid();
    dead = ours && ::flock(found, LOCK_EX | LOCK_NB) == 0 &&
           (!folder_.holds(name, found) || ::unlinkat(folder_.descriptor(), name.c_str(), 0) == 0);
    ::close(found);
  }
  errno = EEXIST;
  return dead;
}

void temporary_file::require_room(index_t bytes) const {
  if (bytes > size_limit_) fail_writing(path_, "reserve space", EFBIG, bytes);
  struct statvfs system;
  if (::fstatvfs(descriptor_, &system) != 0 || system.f_blocks == 0) return;
  auto const blocks = ::geteuid() == 0 ? system.f_bfree : system.f_bavail;
  auto const room = static_cast<unsigned __int128>(blocks) * system.f_frsize;
  if (static_cast<unsigned __int128>(bytes) > room)
    throw out_of_memory(system_message(path_, "reserve space", ENOSPC) + "; the disk is full, " +
                        std::to_string(bytes) + " bytes are needed, it has " +
                        std::to_string(static_cast<std::uint64_t>(room)));
}

void temporary_file::reserve(index_t bytes) {
  if (!is_ours()) return;
  require_room(bytes);
  if (bytes == 0) return;
  // Not posix_fallocate: where the file system cannot reserve, that one writes every block.
  int status;
  do { status = ::fallocate(descriptor_, 0, 0, bytes); } while (status != 0 && errno == EINTR);
  if (status != 0 && errno != EOPNOTSUPP && errno != ENOSYS)
    fail_writing(path_, "reserve space", errno, bytes);
  if (status != 0) resize(bytes);
}

void temporary_file::write(index_t offset, std::span<std::byte const> data) const {
  host::spending_account::timer const writing(host::spending_account::writing);
  constexpr std::size_t largest = std::size_t{1} << 30;
  index_t const end = offset + static_cast<index_t>(data.size());
  if (end > size_limit_) fail_writing(path_, "write", EFBIG, end);
  while (!data.empty()) {
    ssize_t const written = ::pwrite(descriptor_, data.data(), std::min(data.size(), largest), offset);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) fail_writing(path_, "write", written < 0 ? errno : EIO, end);
    data = data.subspan(static_cast<std::size_t>(written));
    offset += written;
  }
}

void temporary_file::read(index_t offset, std::span<std::byte> into) const {
  constexpr std::size_t largest = std::size_t{1} << 30;
  while (!into.empty()) {
    ssize_t const got = ::pread(descriptor_, into.data(), std::min(into.size(), largest), offset);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) throw device_error(system_message(path_, "read back", got < 0 ? errno : EIO));
    into = into.subspan(static_cast<std::size_t>(got));
    offset += got;
  }
}

void temporary_file::resize(index_t bytes) {
  if (bytes > size_limit_) fail_writing(path_, "resize", EFBIG, bytes);
  int status;
  do { status = ::ftruncate(descriptor_, bytes); } while (status != 0 && errno == EINTR);
  if (status != 0) fail_writing(path_, "resize", errno, bytes);
}

void temporary_file::give_name() {
  std::string const self = "/proc/self/fd/" + std::to_string(descriptor_);
  for (int number = 0; temporary_.empty(); ++number) {
    std::string name = numbered(name_, number);
    auto const link = [&] {
      return ::linkat(AT_FDCWD, self.c_str(), folder_.descriptor(), name.c_str(), AT_SYMLINK_FOLLOW) == 0;
    };
    if (link() || (errno == EEXIST && remove_dead(name) && link())) {
      ticket_ = emergency::watch_temporary(folder_.descriptor(), name);
      temporary_ = std::move(name);
    } else if (errno != EEXIST || number == most_attempts) {
      fail_writing(path_, "name the output", errno);
    }
  }
}

void temporary_file::take_name() noexcept {
  if (!temporary_.empty()) ::unlinkat(folder_.descriptor(), temporary_.c_str(), 0);
  leave_name();
}

void temporary_file::leave_name() noexcept {
  emergency::forget_temporary(std::exchange(ticket_, -1));
  temporary_.clear();
}

}  // namespace prorata::io
