// Opening inputs by name: .npy by its header, anything else by --dtype.
#include <host/cli/inputs.hpp>
#include <host/io/npy.hpp>
#include <host/io/printable.hpp>
#include <host/io/raw.hpp>
#include <prorata/error.hpp>

namespace prorata::cli {

namespace {

io::array_file described(io::input_file const& file, options const& o) {
  bool const raw = !o.dtype.empty();
  if (!raw) {
    if (!o.shape.empty() || !o.offset.empty())
      throw usage_error("--shape and --offset need --dtype: they describe a raw file");
    return io::read_npy(file);
  }
  io::raw_layout layout{io::parse_dtype(o.dtype), {}, 0};
  if (!o.shape.empty()) layout.shape = io::parse_shape(o.shape);
  if (!o.offset.empty()) layout.offset = io::parse_count(o.offset, "--offset");
  return io::describe_raw(file.path(), file.size(), layout);
}

}  // namespace

input::input(io::job_files& files, std::string const& path, options const& o)
    : file_(files.read(path)), array_(described(file_, o)), size_(io::size_of(array_.type)) {
  if (array_.data_bytes > 0) mapping_ = file_.map(array_.data_offset, array_.data_bytes);
}

void input::read(index_t first, index_t last, std::byte* to) const {
  // A touch of the mapping brings in many pages around it: a sample of it would be all of it.
  if (last - first < few) {
    file_.read(array_.data_offset + first * size_, {to, static_cast<std::size_t>((last - first) * size_)});
  } else {
    std::copy_n(data() + first * size_, (last - first) * size_, to);
  }
  if (array_.swapped) io::swap_bytes(to, last - first, size_);
}

index_t input::c_order_index(index_t i) const {
  if (!array_.fortran_order) return i;
  index_t result = 0, rest = i;
  std::vector<index_t> at(array_.shape.size());
  for (std::size_t d = 0; d < at.size(); ++d) {
    at[d] = rest % array_.shape[d];
    rest /= array_.shape[d];
  }
  for (std::size_t d = 0; d < at.size(); ++d) result = result * array_.shape[d] + at[d];
  return result;
}

std::string input::position(index_t i) const {
  if (array_.shape.size() < 2) return {};
  index_t rest = c_order_index(i);
  std::string text;
  for (std::size_t d = array_.shape.size(); d-- > 0;) {
    text = std::to_string(rest % array_.shape[d]) + (text.empty() ? "" : ", ") + text;
    rest /= array_.shape[d];
  }
  return "(" + text + ")";
}

std::vector<std::unique_ptr<input>> open_inputs(io::job_files& files, options const& o) {
  std::vector<std::unique_ptr<input>> inputs;
  for (auto const& path : o.inputs) {
    inputs.push_back(std::make_unique<input>(files, path, o));
    auto const &first = inputs.front()->array(), &next = inputs.back()->array();
    if (next.shape != first.shape)
      throw input_error(io::printable(path) + ": its shape is " + io::shape_text(next.shape) + ", that of " +
                        io::printable(first.path) + " is " + io::shape_text(first.shape));
    if (next.fortran_order != first.fortran_order && first.shape.size() > 1)
      throw input_error(io::printable(path) + ": is stored in another order (C, Fortran) than " +
                        io::printable(first.path));
  }
  return inputs;
}

}  // namespace prorata::cli
