// What rename() would refuse after the work is refused here, before it.
#include <fcntl.h>
#include <linux/capability.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <host/io/output_place.hpp>
#include <host/io/printable.hpp>
#include <host/io/system_error.hpp>
#include <prorata/error.hpp>
#include <string_view>
#include <utility>

namespace prorata::io {

namespace {

std::string name_of(std::string const& path) {
  require(!path.empty(), "cannot write: the file name is empty");
  std::string const place = printable(path) + ": cannot write: ";
  require(path.find('\0') == std::string::npos, place + "a file name holds no NUL");
  std::string const name = split_path(path).name;
  require(!name.empty() && name != "." && name != "..", place + "it is a directory");
  return name;
}

/// Whether this process may remove what belongs to others, as root usually does.
bool has_owners_rights() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2] = {};
  if (::syscall(SYS_capget, &header, data) != 0) return ::geteuid() == 0;
  return (data[0].effective >> CAP_FOWNER & 1) != 0;
}

}  // namespace

output_place::output_place(std::string path)
    : path_(std::move(path)), name_(name_of(path_)), folder_(split_path(path_).folder, path_) {
  look_at_what_is_there();
}

void output_place::look_at_what_is_there() {
  std::string const place = printable(path_) + ": cannot write: ";
  struct stat entry, target;
  if (::fstatat(folder_.descriptor(), name_.c_str(), &entry, AT_SYMLINK_NOFOLLOW) != 0) {
    int const reason = errno;
    if (reason != ENOENT) fail_placing(system_message(path_, "write", reason), reason);
    return;
  }
  bool const leads_somewhere = ::fstatat(folder_.descriptor(), name_.c_str(), &target, 0) == 0;
  for (auto const* status : {&entry, leads_somewhere ? &target : &entry}) {
    require(!S_ISDIR(status->st_mode), place + "it is a directory");
    require(S_ISREG(status->st_mode) || S_ISLNK(status->st_mode),
            place + "it is a device, a pipe or a socket; outputs are replaced whole");
    files_.push_back({status->st_dev, status->st_ino});
  }
  if (S_ISLNK(entry.st_mode)) {  // /dev/stdout and its like: replacing them would harm everybody
    char link[64];
    ssize_t const length = ::readlinkat(folder_.descriptor(), name_.c_str(), link, sizeof link);
    require(
        !std::string_view(link, static_cast<std::size_t>(std::max<ssize_t>(length, 0))).starts_with("/proc/"),
        place + "it stands for an open file, not for a place; give a file name");
  } else {
    permissions_ = entry.st_mode & 0777;
  }
  require_replaceable(entry.st_uid);
}

void output_place::require_replaceable(unsigned owner) const {
  std::string const place = printable(path_) + ": cannot replace it: ";
  struct statx entry, folder;
  if (::statx(folder_.descriptor(), name_.c_str(), AT_SYMLINK_NOFOLLOW, STATX_TYPE, &entry) == 0) {
    auto const has = [&](std::uint64_t attribute) { return (entry.stx_attributes & attribute) != 0; };
    require(!has(STATX_ATTR_IMMUTABLE | STATX_ATTR_APPEND),
            place + "it is immutable or append-only; see lsattr and chattr");
    require(!has(STATX_ATTR_MOUNT_ROOT), place + "something is mounted on it; write beside it");
  }
  if (::statx(folder_.descriptor(), "", AT_EMPTY_PATH, STATX_MODE | STATX_UID, &folder) != 0) return;
  require((folder.stx_attributes & STATX_ATTR_APPEND) == 0, place + "its folder is append-only; see chattr");
  unsigned const me = ::geteuid();
  bool const sticky = (folder.stx_mode & S_ISVTX) != 0 && owner != me && folder.stx_uid != me;
  require(!sticky || has_owners_rights(), place + "it is another user's, in a sticky folder");
}

}  // namespace prorata::io
