// The grammar of a .npy header:  '{' key ':' value (',' key ':' value)* ','? '}'
#include <algorithm>
#include <cstring>
#include <host/io/input_file.hpp>
#include <host/io/npy.hpp>
#include <host/io/printable.hpp>
#include <limits>
#include <prorata/error.hpp>
#include <string_view>

namespace prorata::io {

namespace {

constexpr std::size_t largest_rank = 64;  // NumPy 2's limit; NumPy 1 stops at 32

/// Walks the header's text; every complaint carries the offset in the file.
class header_reader {
 public:
  header_reader(std::string_view text, index_t first_byte, std::string const& path)
      : text_(text), first_byte_(first_byte), path_(path) {}

  array_file read() {
    array_file file;
    bool seen[3] = {};
    expect('{', "the header is not a dictionary");
    while (!accept('}')) {
      index_t const key_at = (skip_space(), position());
      std::string_view const key = string("a key");
      int const which = key == "descr" ? 0 : key == "fortran_order" ? 1 : key == "shape" ? 2 : 3;
      if (which == 3) fail_at(key_at, "unknown key '" + printable(key, 32) + "'");
      if (seen[which]) fail_at(key_at, "duplicate key '" + std::string(key) + "'");
      seen[which] = true;
      expect(':', "expected ':' after a key");
      if (which == 0) descr(file);
      if (which == 1) file.fortran_order = truth();
      if (which == 2) file.shape = shape();
      if (accept(',')) continue;
      expect('}', "expected ',' or '}' after a value");
      break;
    }
    skip_space();
    if (!at_end()) fail("unexpected text after the dictionary");
    constexpr char const* names[] = {"descr", "fortran_order", "shape"};
    for (int i = 0; i < 3; ++i)
      if (!seen[i]) fail(std::string("the key '") + names[i] + "' is missing");
    return file;
  }

 private:
  bool at_end() const { return next_ == text_.size(); }
  char peek() const { return at_end() ? '\0' : text_[next_]; }
  index_t position() const { return first_byte_ + static_cast<index_t>(next_); }

  [[noreturn]] void fail(std::string const& reason) const { fail_at(position(), reason); }
  [[noreturn]] void fail_at(index_t offset, std::string const& reason) const {
    throw input_error(printable(path_) + ": bad .npy header at byte " + std::to_string(offset) + ": " +
                      reason);
  }

  void skip_space() {
    while (!at_end() && std::strchr(" \t\n\r\f", peek()) != nullptr && peek() != '\0') ++next_;
  }
  bool accept(char c) {
    skip_space();
    if (at_end() || peek() != c) return false;
    ++next_;
    return true;
  }
  void expect(char c, char const* otherwise) {
    if (!accept(c)) fail(otherwise);
  }

  std::string_view string(char const* what) {
    skip_space();
    char const quote = peek();
    if (quote != '\'' && quote != '"') fail(std::string("expected ") + what + " in quotes");
    std::size_t const begin = ++next_;
    while (!at_end() && peek() != quote) {
      if (peek() == '\\' || static_cast<unsigned char>(peek()) < 0x20) fail("escape or control character");
      ++next_;
    }
    if (at_end()) fail("a quote is not closed");
    return text_.substr(begin, next_++ - begin);
  }

  std::string_view word() {
    skip_space();
    std::size_t const begin = next_;
    auto const in_word = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
             c == '.';
    };
    while (!at_end() && in_word(peek())) ++next_;
    return text_.substr(begin, next_ - begin);
  }

  bool truth() {
    index_t const at = (skip_space(), position());
    std::string_view const value = word();
    if (value != "True" && value != "False") fail_at(at, "'fortran_order' must be True or False");
    return value == "True";
  }

  index_t extent() {
    index_t const at = (skip_space(), position());
    if (peek() == '-') fail("a dimension is negative");
    std::string_view digits = word();
    if (digits.ends_with('L') && digits.size() > 1) digits.remove_suffix(1);  // as Python 2 wrote it
    if (digits.empty() || digits.find_first_not_of("0123456789") != std::string_view::npos)
      fail_at(at, "a dimension is not a plain integer");
    if (digits.size() > 1 && digits.front() == '0' && digits.find_first_not_of('0') != std::string_view::npos)
      fail_at(at, "a dimension begins with 0");
    index_t value = 0;
    for (char const digit : digits)
      if (__builtin_mul_overflow(value, index_t{10}, &value) ||
          __builtin_add_overflow(value, static_cast<index_t>(digit - '0'), &value))
        fail_at(at, "a dimension is larger than 2^63-1");
    return value;
  }

  std::vector<index_t> shape() {
    std::vector<index_t> extents;
    expect('(', "'shape' must be a tuple such as (3, 4), (3,) or ()");
    while (!accept(')')) {
      if (extents.size() == largest_rank) fail("more than 64 dimensions");
      extents.push_back(extent());
      if (accept(',')) continue;
      if (extents.size() == 1) fail("'shape' must be a tuple; one dimension is written (3,)");
      expect(')', "expected ',' or ')' in 'shape'");
      break;
    }
    return extents;
  }

  void descr(array_file& file) {
    skip_space();
    if (peek() == '[' || peek() == '(') fail("structured and sub-array dtypes are not supported");
    index_t const at = position();
    std::string_view const text = string("'descr'");
    std::string_view code = text;
    bool const big = code.starts_with('>');
    if (!code.empty() && std::string_view("<>=|").find(code.front()) != std::string_view::npos)
      code.remove_prefix(1);
    if (code == "?") code = "b1";
    auto const known =
        std::find_if(dtypes.begin(), dtypes.end(), [&](auto const& d) { return code == d.code; });
    if (known == dtypes.end())
      fail_at(at, "dtype '" + printable(text, 32) + "' is not supported" + why(code));
    file.type = known->type;
    file.swapped = big && known->size > 1;
  }

  static char const* why(std::string_view code) {
    if (code.empty()) return "";
    switch (code.front()) {
      case 'O':
        return ": it holds Python objects, which are never unpickled";
      case 'c':
        return ": complex numbers; save the real and the imaginary part apart";
      case 'U':
      case 'S':
      case 'a':
        return ": text";
      case 'M':
      case 'm':
        return ": dates; save them as int64 with .view('i8')";
      case 'V':
        return ": raw bytes; save them as uint8 with .view('u1')";
      default:
        return "; bool, int8-64, uint8-64, float16/32/64 are";
    }
  }

  std::string_view text_;
  std::size_t next_ = 0;
  index_t first_byte_;
  std::string const& path_;
};

[[noreturn]] void fail(std::string const& path, index_t offset, std::string const& reason) {
  throw input_error(printable(path) + ": not a .npy file, byte " + std::to_string(offset) + ": " + reason);
}

}  // namespace

array_file parse_npy(std::span<std::byte const> head, index_t file_bytes, std::string const& path) {
  constexpr char magic[] = "\x93NUMPY";
  auto const available = static_cast<index_t>(head.size());
  auto const byte = [&](index_t i) {
    return std::to_integer<std::uint32_t>(head[static_cast<std::size_t>(i)]);
  };
  if (file_bytes == 0) fail(path, 0, "the file is empty");
  for (index_t i = 0; i < std::min<index_t>(available, 6); ++i)
    if (byte(i) != static_cast<unsigned char>(magic[i]))
      fail(path, i, "the magic string \\x93NUMPY is missing");
  if (available < 8) fail(path, available, "the file ends inside the magic string");
  std::uint32_t const major = byte(6), minor = byte(7);
  if (major < 1 || major > 3 || minor != 0)
    fail(path, 6,
         "format version " + std::to_string(major) + "." + std::to_string(minor) +
             " is unknown (1.0, 2.0, 3.0)");
  index_t const text_at = major == 1 ? 10 : 12;
  if (available < text_at) fail(path, available, "the file ends before the header's length");
  index_t text_bytes = byte(8) | byte(9) << 8;
  if (major > 1) text_bytes |= static_cast<index_t>(byte(10) << 16 | byte(11) << 24);
  if (text_bytes > file_bytes - text_at)
    fail(path, 8,
         "the header claims " + std::to_string(text_bytes) + " bytes, the file has " +
             std::to_string(file_bytes - text_at) + " more");
  if (text_bytes > npy_header_limit)
    fail(path, 8, "the header claims " + std::to_string(text_bytes) + " bytes; more than 65535 are not read");
  if (text_bytes > available - text_at) fail(path, available, "the file ends inside the header");

  std::string_view const text(reinterpret_cast<char const*>(head.data()) + text_at,
                              static_cast<std::size_t>(text_bytes));
  array_file file = header_reader(text, text_at, path).read();
  file.path = path;
  file.data_offset = text_at + text_bytes;
  file.count = count_of(file.shape);
  std::string const what = std::string(name_of(file.type)) + " " + shape_text(file.shape);
  if (file.count < 0 || __builtin_mul_overflow(file.count, size_of(file.type), &file.data_bytes))
    throw input_error(printable(path) + ": bad .npy header at byte " + std::to_string(text_at) + ": " + what +
                      " has more than 2^63-1 bytes");
  file.trailing_bytes = file_bytes - file.data_offset - file.data_bytes;
  if (file.trailing_bytes < 0)
    throw input_error(printable(path) + ": file seems truncated: " + std::to_string(-file.trailing_bytes) +
                      " bytes missing after byte " + std::to_string(file_bytes) + " (" + what + " needs " +
                      std::to_string(file.data_bytes) + " bytes from byte " +
                      std::to_string(file.data_offset) + ")");
  return file;
}

array_file read_npy(input_file const& file) {
  std::vector<std::byte> head(static_cast<std::size_t>(std::min(file.size(), npy_head_bytes)));
  file.read(0, head);
  return parse_npy(head, file.size(), file.path());
}

std::string npy_header(dtype type, std::vector<index_t> const& shape, bool fortran_order, bool swapped) {
  std::string text = "{'descr': '" + descr(type, swapped) +
                     "', 'fortran_order': " + (fortran_order ? "True" : "False") +
                     ", 'shape': " + shape_text(shape) + ", }";
  // Room for the growing dimension's digits, which lets a later tool append in place.
  if (!shape.empty()) {
    auto const digits = std::to_string(fortran_order ? shape.back() : shape.front()).size();
    text.append(21 - digits, ' ');
  }
  auto const padded = [&](std::size_t prefix) {
    std::size_t const used = prefix + text.size() + 1;
    return text + std::string(64 - used % 64, ' ') + '\n';
  };
  std::string header = padded(10);
  bool const long_form = header.size() > 65535;
  if (long_form) header = padded(12);
  std::string out = std::string("\x93NUMPY", 6) + (long_form ? '\2' : '\1') + '\0';
  for (int shift = 0; shift < (long_form ? 32 : 16); shift += 8)
    out += static_cast<char>(header.size() >> shift & 0xff);
  return out + header;
}

}  // namespace prorata::io
