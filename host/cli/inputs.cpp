// Opening inputs by name: .npy by its header, anything else by --dtype.
#include <algorithm>
#include <host/cli/c_order.hpp>
#include <host/cli/inputs.hpp>
#include <host/cli/progress.hpp>
#include <host/io/npy.hpp>
#include <host/io/printable.hpp>
#include <host/io/raw.hpp>
#include <host/io/temporary_file.hpp>
#include <prorata/error.hpp>
#include <utility>

namespace prorata::cli {

namespace {

constexpr index_t least_order_room = index_t{4} << 20, most_order_room = index_t{64} << 20;

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

input::input(io::job_files& files, std::string const& path, options const& o) : input(files.read(path), o) {}

input::input(io::input_file file, options const& o)
    : io::file_column(std::move(file), [&o](io::input_file const& opened) { return described(opened, o); }) {
  // With one element or none in all dimensions but one, both orders are the same.
  auto const long_dimensions =
      std::count_if(array_.shape.begin(), array_.shape.end(), [](index_t n) { return n > 1; });
  reordered_ = array_.fortran_order && long_dimensions > 1 && array_.count > 0;
}

void input::read(index_t first, index_t last, std::byte* to) const {
  // A touch of the mapping brings in many pages around it: a sample of it would be all of it.
  if (last - first < few) {
    stored().read(array_.data_offset + first * size_, {to, static_cast<std::size_t>((last - first) * size_)});
  } else {
    std::copy_n(data() + first * size_, (last - first) * size_, to);
  }
  if (array_.swapped) io::swap_bytes(to, last - first, size_);
}

index_t input::place_in_c_order(index_t i) const {
  index_t result = 0, stride = array_.count;
  for (index_t const n : array_.shape) {
    stride /= n;
    result += i % n * stride;
    i /= n;
  }
  return result;
}

void input::store_in_c_order(std::string const& folder, options const& o) {
  array_.fortran_order = false;
  if (!std::exchange(reordered_, false)) return;
  index_t const bytes = array_.data_bytes, budget = parse_bytes(o.memory, "--memory");
  std::string const place = folder.empty() ? "." : folder, name = place + "/temporary file";
  io::directory const in(place, name);
  io::temporary_file copy(in, "order", name, io::temporary_kind::unnamed);
  copy.take_name();
  copy.require_room(bytes);
  progress bar(o.progress, "order", bytes);
  for_each_in_c_order(
      *this, std::clamp(budget / 2, least_order_room, most_order_room),
      [&](index_t place, std::span<std::byte const> piece) { copy.write(place, piece); },
      [&](index_t done) { bar.add(done); });
  file_.check_unchanged();
  copy_.emplace(copy.descriptor(), array_.path);
  mapping_ = copy_->map(0, bytes);
  array_.data_offset = 0;
}

std::string input::position(index_t rest) const {
  if (array_.shape.size() < 2) return {};
  std::string text;
  for (std::size_t d = array_.shape.size(); d-- > 0;) {
    text = std::to_string(rest % array_.shape[d]) + (text.empty() ? "" : ", ") + text;
    rest /= array_.shape[d];
  }
  return "(" + text + ")";
}

std::vector<std::unique_ptr<input>> open_inputs(io::job_files& files, options const& o, numbering by,
                                                std::string const& folder) {
  std::vector<std::unique_ptr<input>> inputs;
  for (auto const& path : o.inputs) {
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

}  // namespace prorata::cli
