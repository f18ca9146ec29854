// Numbers as JSON: what is printed reads back as the same bits.
#include <cmath>
#include <host/pictures/number_json.hpp>
#include <nlohmann/json.hpp>

namespace prorata::pictures {

nlohmann::json json_value(number const& x) {
  return std::visit(
      [&](auto v) -> nlohmann::json {
        if constexpr (std::is_floating_point_v<decltype(v)>) {
          if (!std::isfinite(v)) return dynamic::shortest(x);
          // A float is written with the digits that read back as that float, not as the double beside it.
          if constexpr (std::is_same_v<decltype(v), float>) return std::stod(dynamic::shortest(x));
        }
        return v;
      },
      x);
}

nlohmann::json json_of(number const& x) {
  // nlohmann's j["…"] makes an object of nothing; where memory runs out meanwhile, it is none that can be destroyed.
  auto j = nlohmann::json::object();
  j["value"] = json_value(x);
  j["dtype"] = dynamic::code_of(x);
  if (auto const bits = dynamic::bits_text(x)) j["bits"] = *bits;
  return j;
}

}  // namespace prorata::pictures
