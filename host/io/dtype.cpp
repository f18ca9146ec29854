// Names, parsing and byte order of the element types.
#include <bit>
#include <cstring>
#include <host/io/dtype.hpp>
#include <host/io/printable.hpp>
#include <prorata/error.hpp>

namespace prorata::io {

static_assert(std::endian::native == std::endian::little, "prorata's files are read on little-endian hosts");

std::string descr(dtype type, bool swapped) {
  char const order = size_of(type) == 1 ? '|' : swapped ? '>' : '<';
  return std::string(1, order) + describe(type).code;
}

element_type parse_dtype(std::string_view word) {
  std::string_view rest = word;
  bool swapped = false;
  if (!rest.empty() && std::string_view("<>=|").find(rest.front()) != std::string_view::npos) {
    swapped = rest.front() == '>';
    rest.remove_prefix(1);
  }
  for (auto const& known : dtypes)
    if (rest == known.code || rest == known.name) return {known.type, swapped && known.size > 1};
  std::string message = "unknown dtype '" + printable(word, 32) + "'; use one of";
  for (auto const& known : dtypes) message += std::string(" ") + known.code;
  message += " or a long name such as float32; '>f4' is big-endian";
  throw usage_error(message);
}

namespace {

template <class Word>
void swap_words(std::byte* data, index_t count, Word (*swap)(Word)) {
  for (index_t i = 0; i < count; ++i) {
    Word word;
    std::memcpy(&word, data + i * static_cast<index_t>(sizeof(Word)), sizeof(Word));
    word = swap(word);
    std::memcpy(data + i * static_cast<index_t>(sizeof(Word)), &word, sizeof(Word));
  }
}

}  // namespace

void swap_bytes(std::byte* data, index_t count, index_t size) {
  if (size == 2) swap_words<std::uint16_t>(data, count, [](std::uint16_t w) { return __builtin_bswap16(w); });
  if (size == 4) swap_words<std::uint32_t>(data, count, [](std::uint32_t w) { return __builtin_bswap32(w); });
  if (size == 8) swap_words<std::uint64_t>(data, count, [](std::uint64_t w) { return __builtin_bswap64(w); });
}

}  // namespace prorata::io
