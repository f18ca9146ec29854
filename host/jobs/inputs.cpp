// Opening inputs by name.
#include <algorithm>
#include <host/io/npy.hpp>
#include <host/io/printable.hpp>
#include <host/io/raw.hpp>
#include <host/jobs/inputs.hpp>
#include <host/jobs/launched.hpp>
#include <host/run/c_order.hpp>
#include <prorata/error.hpp>
#include <utility>

namespace prorata::jobs {

namespace {

io::array_file described(io::input_file const& file, job_options const& o) {
  return o.raw_inputs ? io::describe_raw(file.path(), file.size(), *o.raw_inputs) : io::read_npy(file);
}

}  // namespace

input::input(io::job_files& files, std::string const& path, job_options const& o)
    : io::file_column(files.read(path), [&o](io::input_file const& opened) { return described(opened, o); }) {
}

void input::store_in_c_order(std::string const& folder, job_options const& o) {
  if (!reordered()) return;
  auto const shown = bar(o.progress, "order", array().data_bytes);
  host::store_in_c_order(*this, folder.empty() ? "." : folder, o.memory.bytes,
                         [&](index_t done) { shown->add(done); });
}

std::string input::position(index_t rest) const {
  if (array().shape.size() < 2) return {};
  std::string text;
  for (std::size_t d = array().shape.size(); d-- > 0;) {
    text = std::to_string(rest % array().shape[d]) + (text.empty() ? "" : ", ") + text;
    rest /= array().shape[d];
  }
  return "(" + text + ")";
}

std::vector<io::file_column const*> columns_of(std::vector<std::unique_ptr<input>> const& inputs) {
  std::vector<io::file_column const*> columns;
  for (auto const& in : inputs) columns.push_back(in.get());
  return columns;
}
index_t bytes_of(std::vector<io::file_column const*> const& columns) {
  index_t bytes = 0;
  for (auto const* column : columns) bytes += io::size_of(column->array().type);
  return bytes;
}

std::vector<std::unique_ptr<input>> open_inputs(io::job_files& files, std::vector<std::string> const& paths,
                                                job_options const& o, numbering by,
                                                std::string const& folder) {
  std::vector<std::unique_ptr<input>> inputs;
  for (auto const& path : paths) {
    inputs.push_back(std::make_unique<input>(files, path, o));
    auto const &first = inputs.front()->array(), &next = inputs.back()->array();
    if (next.shape != first.shape)
      throw input_error(io::printable(path) + ": its shape is " + io::shape_text(next.shape) + ", that of " +
                        io::printable(first.path) + " is " + io::shape_text(first.shape));
  }
  auto const reordered =
      std::count_if(inputs.begin(), inputs.end(), [](auto const& in) { return in->reordered(); });
  bool const differ = reordered != 0 && reordered != std::ssize(inputs);
  if (by == numbering::c_order || differ)
    for (auto const& in : inputs) in->store_in_c_order(folder, o);
  return inputs;
}

}  // namespace prorata::jobs
