// Any bytes as a .npy file, or as the description of a raw one: a place that fits the file, or one of our
// errors.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <host/io/npy.hpp>
#include <host/io/raw.hpp>
#include <prorata/error.hpp>
#include <string_view>

namespace {

using namespace prorata;

void hold(bool condition) {
  if (!condition) std::abort();
}

io::array_file parse(std::vector<std::byte> const& head, index_t file_bytes) {
  io::array_file const a = io::parse_npy(head, file_bytes, "fuzz.npy");
  hold(a.data_offset >= 0 && a.data_bytes >= 0 && a.trailing_bytes >= 0);
  hold(a.data_offset + a.data_bytes + a.trailing_bytes == file_bytes);
  hold(a.count == io::count_of(a.shape));
  return a;
}

/// "DTYPE SHAPE OFFSET" for a raw file of 4096 bytes.
void describe(std::string const& text) {
  std::size_t const shape_at = text.find(' '), offset_at = text.find(' ', shape_at + 1);
  try {
    io::raw_layout layout{io::parse_dtype(text.substr(0, shape_at)), {}, 0};
    if (shape_at != std::string::npos)
      layout.shape = io::parse_shape(text.substr(shape_at + 1, offset_at - shape_at - 1));
    if (offset_at != std::string::npos)
      layout.offset = io::parse_count(text.substr(offset_at + 1), "--offset");
    io::array_file const a = io::describe_raw(text, 4096, layout);
    hold(a.count == io::count_of(a.shape) && a.data_bytes == a.count * io::size_of(a.type));
    hold(a.data_offset >= 0 && a.data_offset + a.data_bytes == 4096);
  } catch (error const& e) {
    hold(std::string_view(e.what()).find_first_of("\n\r\x1b") == std::string_view::npos);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  describe(std::string(reinterpret_cast<char const*>(data), size));
  std::vector<std::byte> head(size);
  if (size > 0) std::memcpy(head.data(), data, size);
  // The last byte may ask for a longer file: 2^k bytes behind the longest header.
  auto file_bytes = static_cast<index_t>(size);
  if (size > 0 && data[size - 1] >= 192) {
    file_bytes = io::npy_head_bytes + (index_t{1} << (data[size - 1] - 192) % 60);
  }
  head.resize(static_cast<std::size_t>(std::min(file_bytes, io::npy_head_bytes)));
  try {
    io::array_file const a = parse(head, file_bytes);
    std::string const text = io::npy_header(a.type, a.shape, a.fortran_order, a.swapped);
    std::vector<std::byte> again(text.size());
    std::memcpy(again.data(), text.data(), text.size());
    if (text.size() > static_cast<std::size_t>(io::npy_head_bytes) || a.data_bytes > (index_t{1} << 61))
      return 0;
    again.resize(static_cast<std::size_t>(
        std::min(static_cast<index_t>(text.size()) + a.data_bytes, io::npy_head_bytes)));
    io::array_file const b = parse(again, static_cast<index_t>(text.size()) + a.data_bytes);
    hold(b.type == a.type && b.swapped == a.swapped && b.shape == a.shape && b.trailing_bytes == 0);
    hold(b.fortran_order == a.fortran_order || a.shape.size() < 2);
  } catch (input_error const& e) {
    hold(std::string_view(e.what()).find_first_of("\n\r\x1b") == std::string_view::npos);
  }
  return 0;
}
