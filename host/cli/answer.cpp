// Printing numbers so that nothing is lost.
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <host/cli/answer.hpp>
#include <nlohmann/json.hpp>

namespace prorata::cli {

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

void to_json(nlohmann::json& j, finding const& f) {
  // nlohmann's j["…"] makes an object of nothing; where memory runs out meanwhile, it is none that can be destroyed.
  j = nlohmann::json::object();
  std::visit(
      [&](auto v) {
        if constexpr (std::is_floating_point_v<decltype(v)>) {
          // A float is written with the digits that read back as that float, not as the double beside it.
          if (std::isfinite(v)) {
            j["value"] =
                std::is_same_v<decltype(v), float> ? std::stod(shortest(f.value)) : static_cast<double>(v);
          } else {
            j["value"] = shortest(f.value);
          }
        } else {
          j["value"] = v;
        }
      },
      f.value);
  j["dtype"] = code_of(f.value);
  if (auto const bits = bits_text(f.value)) j["bits"] = *bits;
  if (!f.where.empty()) j["where"] = f.where;
  if (!f.note.empty()) j["note"] = f.note;
}

}  // namespace prorata::cli
