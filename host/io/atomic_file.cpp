// What an output needs before it is named.
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <host/io/atomic_file.hpp>
#include <host/io/system_error.hpp>

namespace prorata::io {

void atomic_file::prepare() {
  if (prepared_) return;
  auto const permissions = place_.permissions().value_or(data_.usual_permissions());
  if (data_.is_ours() && ::fchmod(data_.descriptor(), permissions) != 0)
    fail_writing(path(), "set permissions", errno);
  if (::fsync(data_.descriptor()) != 0) fail_writing(path(), "fsync", errno);
  prepared_ = true;
}

}  // namespace prorata::io
