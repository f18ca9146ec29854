// Names that JSON can hold.
#include <fmt/core.h>
#include <sys/stat.h>

#include <host/cli/outputs.hpp>
#include <host/io/printable.hpp>
#include <nlohmann/json.hpp>
#include <prorata/error.hpp>

namespace prorata::cli {

io::atomic_file& open_output(io::job_files& files, options const& o, std::string const& path,
                             std::optional<index_t> bytes) {
  try {
    if (o.json) static_cast<void>(nlohmann::json(path).dump());
  } catch (nlohmann::json::exception const&) {
    refuse(io::printable(path) +
           ": --json can say names in UTF-8 only; name the output so, or leave out --json");
  }
  return files.write(path, bytes);
}

std::string column_path(std::string const& out, char const* name) {
  struct stat about {};
  bool const folder = out.ends_with('/') || (stat(out.c_str(), &about) == 0 && S_ISDIR(about.st_mode));
  return fmt::format("{}{}{}.npy", out, !folder ? "." : out.ends_with('/') ? "" : "/", name);
}

io::array_sink open_array(io::job_files& files, options const& o, io::dtype type,
                          std::vector<index_t> const& shape, bool fortran_order) {
  index_t bytes = io::size_of(type);
  for (index_t const n : shape) bytes *= n;
  if (!o.raw) bytes += std::ssize(io::npy_header(type, shape, fortran_order));
  return {open_output(files, o, o.output, bytes), type, shape, fortran_order, o.raw};
}

}  // namespace prorata::cli
