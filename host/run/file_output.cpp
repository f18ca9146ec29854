// One output, kept apart from every input.
#include <host/run/file_output.hpp>

namespace prorata::host {

file_output::file_output(std::string const& path, std::vector<io::file_column const*> const& read,
                         processes const& of)
    : files_(of.alone() ? nullptr : &of) {
  for (auto const* column : read) files_.note_input(column->file());
  file_ = &files_.write(path);
}

io::array_sink const& file_output::begin(io::dtype type, std::vector<index_t> const& shape) {
  index_t bytes = io::size_of(type);
  for (index_t const n : shape) bytes *= n;
  files_.reserve(*file_, std::ssize(io::npy_header(type, shape)) + bytes);
  return sink_.emplace(*file_, type, shape);
}

}  // namespace prorata::host
