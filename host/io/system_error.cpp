// Words for errno.
#include <host/io/printable.hpp>
#include <host/io/system_error.hpp>
#include <system_error>

namespace prorata::io {

std::string system_message(std::string_view path, char const* doing, int error_number) {
  return printable(path) + ": cannot " + doing + ": " + std::generic_category().message(error_number);
}

}  // namespace prorata::io
