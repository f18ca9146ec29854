// Temporary file, full writes, fsync, rename: each step checked.
#include <fcntl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <host/io/atomic_file.hpp>
#include <host/io/emergency.hpp>
#include <host/io/printable.hpp>
#include <host/io/system_error.hpp>
#include <limits>
#include <prorata/error.hpp>
#include <utility>

namespace prorata::io {

namespace {

std::string directory_of(std::string const& path) {
  std::size_t const slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, std::max<std::size_t>(slash, 1));
}

/// A name nobody else chooses, within the 255 bytes a directory entry may have.
std::string temporary_name(std::string const& name) {
  std::uint64_t random = 0;
  if (::getrandom(&random, sizeof random, GRND_NONBLOCK) != sizeof random)
    random = static_cast<std::uint64_t>(::getpid()) << 32 ^ reinterpret_cast<std::uintptr_t>(&random);
  std::string unique(1, '.');
  unique.append(name, 0, 200).append(".prorata-");
  for (int i = 0; i < 12; ++i, random >>= 5) unique += "abcdefghijklmnopqrstuvwxyz234567"[random & 31];
  return unique;
}

index_t file_size_limit() {
  struct rlimit limit;
  bool const limited = ::getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
                       limit.rlim_cur < static_cast<rlim_t>(std::numeric_limits<index_t>::max());
  return limited ? static_cast<index_t>(limit.rlim_cur) : std::numeric_limits<index_t>::max();
}

}  // namespace

atomic_file::atomic_file(std::string path, std::optional<index_t> bytes, std::vector<file_identity> inputs,
                         temporary_kind kind)
    : path_(std::move(path)), size_limit_(file_size_limit()) {
  require(!bytes || *bytes >= 0, "an output cannot have a negative size");
  try {
    refuse_unusable(inputs);
    if (kind == temporary_kind::named || !open_unnamed()) open_named();
    if (bytes) reserve(*bytes);
  } catch (...) {
    discard();
    throw;
  }
}

atomic_file::~atomic_file() { discard(); }

void atomic_file::fail(char const* doing, int error_number, index_t bytes_needed) const {
  std::string const message = system_message(path_, doing, error_number);
  switch (error_number) {
    case ENOSPC:
      throw out_of_memory(message + "; the disk is full, " + std::to_string(bytes_needed) +
                          " bytes are needed");
    case EDQUOT:
      throw out_of_memory(message + "; " + std::to_string(bytes_needed) + " bytes are needed");
    case EFBIG:
      throw out_of_memory(message + "; " + std::to_string(bytes_needed) +
                          " bytes are needed, see 'ulimit -f' and the file system's limit");
    case ENOMEM:
    case EMFILE:
    case ENFILE:
      throw out_of_memory(message);
    default:
      throw device_error(message);
  }
}

void atomic_file::refuse_unusable(std::vector<file_identity> const& inputs) {
  std::string const place = printable(path_) + ": cannot write: ";
  require(!path_.empty(), "cannot write: the file name is empty");
  require(path_.find('\0') == std::string::npos, place + "a file name holds no NUL");
  name_ = path_.substr(path_.rfind('/') + 1);
  require(!name_.empty() && name_ != "." && name_ != "..", place + "it is a directory");
  std::string const parent = directory_of(path_);
  directory_ = ::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory_ < 0) {
    int const reason = errno;
    if (reason == EMFILE || reason == ENFILE) fail("write", reason, 0);
    refuse(place + "its directory: " + system_message(parent, "open", reason));
  }

  struct stat entry, target;
  if (::fstatat(directory_, name_.c_str(), &entry, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno != ENOENT) refuse(system_message(path_, "write", errno));
    return;
  }
  bool const leads_somewhere = ::fstatat(directory_, name_.c_str(), &target, 0) == 0;
  for (auto const* status : {&entry, leads_somewhere ? &target : &entry}) {
    require(!S_ISDIR(status->st_mode), place + "it is a directory");
    require(S_ISREG(status->st_mode) || S_ISLNK(status->st_mode),
            place + "it is a device, a pipe or a socket; outputs are replaced whole");
    for (auto const& input : inputs)
      require(input != file_identity{status->st_dev, status->st_ino}, place + "it is also an input");
  }
  if (S_ISLNK(entry.st_mode)) {  // /dev/stdout and its like: replacing them would harm everybody
    char link[64];
    ssize_t const length = ::readlinkat(directory_, name_.c_str(), link, sizeof link);
    require(
        !std::string_view(link, static_cast<std::size_t>(std::max<ssize_t>(length, 0))).starts_with("/proc/"),
        place + "it stands for an open file, not for a place; give a file name");
  } else {
    permissions_ = entry.st_mode & 0777;
  }
}

bool atomic_file::open_unnamed() {
  descriptor_ = ::openat(directory_, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0666);
  if (descriptor_ < 0) return false;  // whatever the reason, the named attempt finds it again
  if (::access(("/proc/self/fd/" + std::to_string(descriptor_)).c_str(), F_OK) == 0) return true;
  ::close(std::exchange(descriptor_, -1));  // naming it later needs /proc
  return false;
}

void atomic_file::open_named() {
  for (int attempt = 0; descriptor_ < 0; ++attempt) {
    std::string const name = temporary_name(name_);
    descriptor_ =
        ::openat(directory_, name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    int const reason = errno;
    if (descriptor_ >= 0) {
      temporary_ = name;
      ticket_ = emergency::watch_temporary(directory_, name);
    } else if (reason == EACCES || reason == EROFS || reason == EPERM) {
      refuse(system_message(path_, "write", reason));
    } else if ((reason != EEXIST && reason != EINTR) || attempt == 100) {
      fail("write", reason, 0);
    }
  }
}

void atomic_file::reserve(index_t bytes) {
  if (bytes > size_limit_) fail("reserve space", EFBIG, bytes);  // the call itself would raise SIGXFSZ
  if (bytes == 0) return;
  // Not posix_fallocate: where the file system cannot reserve, that one writes every block.
  int status;
  do { status = ::fallocate(descriptor_, 0, 0, bytes); } while (status != 0 && errno == EINTR);
  if (status != 0 && errno != EOPNOTSUPP && errno != ENOSYS) fail("reserve space", errno, bytes);
  if (status != 0) resize(bytes);
}

void atomic_file::write(index_t offset, std::span<std::byte const> data) const {
  constexpr std::size_t largest = std::size_t{1} << 30;
  index_t const end = offset + static_cast<index_t>(data.size());
  if (end > size_limit_) fail("write", EFBIG, end);
  while (!data.empty()) {
    ssize_t const written = ::pwrite(descriptor_, data.data(), std::min(data.size(), largest), offset);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) fail("write", written < 0 ? errno : EIO, end);
    data = data.subspan(static_cast<std::size_t>(written));
    offset += written;
  }
}

void atomic_file::resize(index_t bytes) {
  if (bytes > size_limit_) fail("resize", EFBIG, bytes);
  int status;
  do { status = ::ftruncate(descriptor_, bytes); } while (status != 0 && errno == EINTR);
  if (status != 0) fail("resize", errno, bytes);
}

/// Gives the data its name. A file without a name is linked beside its place first, because only rename()
/// replaces what is there.
void atomic_file::publish() {
  for (int attempt = 0; temporary_.empty(); ++attempt) {
    std::string const name = temporary_name(name_);
    std::string const self = "/proc/self/fd/" + std::to_string(descriptor_);
    if (::linkat(AT_FDCWD, self.c_str(), directory_, name.c_str(), AT_SYMLINK_FOLLOW) == 0) {
      temporary_ = name;
      ticket_ = emergency::watch_temporary(directory_, name);
    } else if (errno != EEXIST || attempt == 100) {
      fail("name the output", errno, 0);
    }
  }
  if (::close(std::exchange(descriptor_, -1)) != 0 && errno != EINTR) fail("close", errno, 0);
  if (::renameat(directory_, temporary_.c_str(), directory_, name_.c_str()) != 0) fail("rename to", errno, 0);
  emergency::forget_temporary(std::exchange(ticket_, -1));
  temporary_.clear();
}

void atomic_file::commit() {
  require(descriptor_ >= 0, "an output is committed once");
  if (permissions_ && ::fchmod(descriptor_, *permissions_) != 0) fail("set permissions", errno, 0);
  if (::fsync(descriptor_) != 0) fail("fsync", errno, 0);
  publish();
  if (::fsync(directory_) != 0 && errno != EINVAL) fail("fsync the directory of", errno, 0);
}

void atomic_file::discard() noexcept {
  if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
  if (!temporary_.empty()) ::unlinkat(directory_, temporary_.c_str(), 0);
  temporary_.clear();
  emergency::forget_temporary(std::exchange(ticket_, -1));
  if (directory_ >= 0) ::close(std::exchange(directory_, -1));
}

}  // namespace prorata::io
