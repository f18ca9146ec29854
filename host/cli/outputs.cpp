// Names that JSON can hold.
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

io::array_sink open_array(io::job_files& files, options const& o, io::dtype type,
                          std::vector<index_t> const& shape, bool fortran_order) {
  index_t bytes = io::size_of(type);
  for (index_t const n : shape) bytes *= n;
  if (!o.raw) bytes += std::ssize(io::npy_header(type, shape, fortran_order));
  return {open_output(files, o, o.output, bytes), type, shape, fortran_order, o.raw};
}

}  // namespace prorata::cli
