// Checks a headerless array against the file that holds it.
#include <host/io/printable.hpp>
#include <host/io/raw.hpp>
#include <prorata/error.hpp>

namespace prorata::io {

index_t parse_count(std::string_view text, char const* what) {
  auto const complain = [&](char const* reason) {
    refuse(std::string(what) + ": '" + printable(text, 40) + "' " + reason);
  };
  if (text.starts_with('-')) complain("is negative");
  if (text.empty() || text.find_first_not_of("0123456789") != std::string_view::npos)
    complain("is not a plain integer");
  index_t value = 0;
  for (char const digit : text)
    if (__builtin_mul_overflow(value, index_t{10}, &value) ||
        __builtin_add_overflow(value, static_cast<index_t>(digit - '0'), &value))
      complain("is larger than 2^63-1");
  return value;
}

std::vector<index_t> parse_shape(std::string_view text) {
  std::vector<index_t> shape;
  for (bool more = true; more;) {
    std::size_t const end = text.find(',');
    shape.push_back(parse_count(text.substr(0, end), "--shape"));
    more = end != std::string_view::npos;
    if (more) text.remove_prefix(end + 1);
    require(shape.size() <= 64, "--shape: more than 64 dimensions");
  }
  return shape;
}

array_file describe_raw(std::string const& path, index_t file_bytes, raw_layout const& layout) {
  array_file file;
  file.path = path;
  file.type = layout.element.type;
  file.swapped = layout.element.swapped;
  file.data_offset = layout.offset;
  require(layout.offset >= 0, "--offset is negative");
  index_t const size = size_of(file.type);
  std::string const place = printable(path) + ": ";
  auto const text = [](index_t bytes) { return std::to_string(bytes); };

  index_t const available = file_bytes - layout.offset;
  if (layout.shape) {
    for (index_t const extent : *layout.shape) require(extent >= 0, "--shape: a dimension is negative");
    file.shape = *layout.shape;
    file.count = count_of(file.shape);
    if (file.count < 0 || __builtin_mul_overflow(file.count, size, &file.data_bytes))
      refuse("--shape " + shape_text(file.shape) + " of " + name_of(file.type) +
             " has more than 2^63-1 bytes");
  }
  if (available < 0)
    throw input_error(place + "--offset " + text(layout.offset) + " is beyond the end of the file (" +
                      text(file_bytes) + " bytes)");
  if (!layout.shape) {
    if (available % size != 0)
      throw input_error(place + text(available) + " bytes from byte " + text(layout.offset) +
                        " are not a multiple of " + name_of(file.type) + "'s " + text(size) + ": " +
                        text(available % size) + " bytes left over");
    file.count = available / size;
    file.shape = {file.count};
    file.data_bytes = available;
    return file;
  }
  std::string const what = std::string(name_of(file.type)) + " " + shape_text(file.shape) + " needs " +
                           text(file.data_bytes) + " bytes from byte " + text(layout.offset);
  if (file.data_bytes > available)
    throw input_error(place + "file seems truncated: " + text(file.data_bytes - available) +
                      " bytes missing (" + what + ")");
  if (file.data_bytes < available)
    throw input_error(place + "the file is " + text(available - file.data_bytes) +
                      " bytes longer than described (" + what + "); correct --shape, --dtype or --offset");
  return file;
}

}  // namespace prorata::io
