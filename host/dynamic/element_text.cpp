// Reading numbers, and keeping what fits.
#include <charconv>
#include <cmath>
#include <cstring>
#include <host/dynamic/element_text.hpp>
#include <limits>
#include <prorata/half.hpp>

namespace prorata::dynamic {

namespace {

template <class X>
std::optional<X> parsed(std::string_view text) {
  X x{};
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), x);
  if (error != std::errc{} || end != text.data() + text.size()) return {};
  return x;
}

/// Of a finite number, a finite one.
template <class T>
std::optional<T> rounded(double wide) {
  T x;
  if constexpr (std::is_same_v<T, half>) {
    x = to_half(wide);
    if (std::isfinite(wide) && !std::isfinite(to_float(x))) return {};
  } else {
    if (std::isfinite(wide) && std::abs(wide) > static_cast<double>(std::numeric_limits<T>::max())) return {};
    x = static_cast<T>(wide);
  }
  return x;
}

template <class T>
std::optional<T> element_of(std::string_view text) {
  if constexpr (io::is_floating(io::dtype_of<T>)) {
    auto const wide = parsed<double>(text);
    return wide ? rounded<T>(*wide) : std::nullopt;
  } else if constexpr (std::is_same_v<T, boolean8>) {
    auto const number = parsed<int>(text);
    if (!number || (*number != 0 && *number != 1)) return {};
    return boolean8{static_cast<unsigned char>(*number)};
  } else {
    return parsed<T>(text);
  }
}

template <class T>
stored_element stored(T const& x) {
  stored_element bytes{};
  std::memcpy(bytes.data(), &x, sizeof x);
  return bytes;
}

}  // namespace

std::optional<stored_element> element_in(std::string_view text, io::dtype type) {
  return io::visit(type, [&](auto tag) -> std::optional<stored_element> {
    auto const x = element_of<typename decltype(tag)::type>(text);
    if (!x) return {};
    return stored(*x);
  });
}

stored_element absent_element(io::dtype type) {
  return io::visit(type, [](auto tag) {
    using T = typename decltype(tag)::type;
    if constexpr (io::is_floating(io::dtype_of<T>))
      return stored(*rounded<T>(std::numeric_limits<double>::quiet_NaN()));
    else
      return stored(T{});
  });
}

}  // namespace prorata::dynamic
