// Opening, finding and syncing folders.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <cstdlib>
#include <host/io/directory.hpp>
#include <host/io/printable.hpp>
#include <host/io/system_error.hpp>
#include <memory>
#include <utility>

namespace prorata::io {

path_parts split_path(std::string const& path) {
  std::size_t const slash = path.rfind('/');
  if (slash == std::string::npos) return {".", path};
  return {path.substr(0, std::max<std::size_t>(slash, 1)), path.substr(slash + 1)};
}

directory::directory(std::string const& folder, std::string const& output) : folder_(folder) {
  do {
    descriptor_ = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  } while (descriptor_ < 0 && errno == EINTR);
  if (descriptor_ < 0) {
    int const reason = errno;
    fail_placing(
        printable(output) + ": cannot write: its directory: " + system_message(folder, "open", reason),
        reason);
  }
  struct stat status;
  if (::fstat(descriptor_, &status) != 0) {
    int const reason = errno;
    ::close(descriptor_);
    fail_writing(output, "look at the directory of", reason);
  }
  identity_ = {status.st_dev, status.st_ino};
}

directory::directory(directory&& other) noexcept
    : folder_(std::move(other.folder_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      identity_(other.identity_) {}

directory::~directory() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

std::string directory::place() const {
  std::string const self = "/proc/self/fd/" + std::to_string(descriptor_);
  for (std::string const& from : {self, folder_})
    if (std::unique_ptr<char, decltype(&std::free)> const found(::realpath(from.c_str(), nullptr),
                                                                &std::free);
        found != nullptr)
      return found.get();
  fail_writing(folder_, "find", errno);
}

bool directory::holds(std::string const& name, int descriptor) const {
  struct stat open, entry;
  return ::fstat(descriptor, &open) == 0 &&
         ::fstatat(descriptor_, name.c_str(), &entry, AT_SYMLINK_NOFOLLOW) == 0 &&
         open.st_dev == entry.st_dev && open.st_ino == entry.st_ino;
}

void directory::sync(std::string const& output) const {
  if (::fsync(descriptor_) != 0 && errno != EINVAL) fail_writing(output, "fsync the directory of", errno);
}

std::string name_beside(std::string const& name, std::string const& suffix) {
  constexpr std::size_t longest = 200;
  std::string beside(1, '.');
  beside.append(name, 0, longest);
  if (name.size() > longest) {
    std::uint64_t hash = 0xcbf29ce484222325u;  // FNV-1a
    for (char const c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
    beside += '~';
    for (int digit = 0; digit < 16; ++digit, hash >>= 4) beside += "0123456789abcdef"[hash & 15];
  }
  return beside.append(".").append(suffix);
}

}  // namespace prorata::io
