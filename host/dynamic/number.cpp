// Printing numbers so that nothing is lost.
#include <bit>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <host/dynamic/number.hpp>

namespace prorata::dynamic {

number number_at(io::dtype type, std::byte const* element) {
  return io::visit(type, [&](auto tag) {
    typename decltype(tag)::type x;
    std::memcpy(&x, element, sizeof x);
    return number_of(x);
  });
}

std::string shortest(number const& x) {
  return std::visit(
      [](auto v) -> std::string {
        if constexpr (std::is_same_v<decltype(v), bool>) {
          return v ? "true" : "false";
        } else {
          char text[40];
          auto const [end, error] = std::to_chars(text, text + sizeof text, v);
          return {text, end};
        }
      },
      x);
}

std::optional<std::string> bits_text(number const& x) {
  char text[24];
  if (auto const* d = std::get_if<double>(&x)) {
    std::snprintf(text, sizeof text, "0x%016llx",
                  static_cast<unsigned long long>(std::bit_cast<std::uint64_t>(*d)));
  } else if (auto const* f = std::get_if<float>(&x)) {
    std::snprintf(text, sizeof text, "0x%08x", std::bit_cast<std::uint32_t>(*f));
  } else {
    return {};
  }
  return text;
}

char const* code_of(number const& x) {
  constexpr char const* codes[] = {"f8", "f4", "i8", "u8", "b1"};
  return codes[x.index()];
}

}  // namespace prorata::dynamic
