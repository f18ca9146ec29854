// Words for errno, and the exceptions that fit.
#include <cerrno>
#include <host/io/printable.hpp>
#include <host/io/system_error.hpp>
#include <prorata/error.hpp>
#include <system_error>

namespace prorata::io {

std::string system_message(std::string_view path, char const* doing, int error_number) {
  return printable(path) + ": cannot " + doing + ": " + std::generic_category().message(error_number);
}

void fail_writing(std::string_view path, char const* doing, int error_number, index_t bytes_needed) {
  std::string const message = system_message(path, doing, error_number);
  switch (error_number) {
    case ENOSPC:
      throw out_of_memory(
          message + "; the disk is full" +
          (bytes_needed > 0 ? ", " + std::to_string(bytes_needed) + " bytes are needed" : ""));
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

void fail_placing(std::string const& message, int error_number) {
  switch (error_number) {
    case ENOENT:
    case ENOTDIR:
    case EISDIR:
    case EACCES:
    case EPERM:
    case EROFS:
    case ELOOP:
    case ENAMETOOLONG:
    case EINVAL:
    case ETXTBSY:
      throw usage_error(message);
    case ENOSPC:
    case EDQUOT:
    case ENOMEM:
    case EMFILE:
    case ENFILE:
      throw out_of_memory(message);
    default:
      throw device_error(message);
  }
}

}  // namespace prorata::io
