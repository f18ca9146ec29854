// One loop for each stored type, byte order and type of numbers.
#include <cstdint>
#include <host/io/decoded.hpp>
#include <host/io/printable.hpp>
#include <prorata/error.hpp>

namespace prorata::io {

namespace {

/// For short blocks with work between them, bytes; longer ones the processor reads ahead itself.
constexpr index_t read_ahead = 4096;

template <class Stored, bool Swapped>
Stored stored_at(std::byte const* from) {
  Stored x;
  std::memcpy(&x, from, sizeof x);
  if constexpr (Swapped) {
    using bits = std::conditional_t<sizeof x == 2, std::uint16_t,
                                    std::conditional_t<sizeof x == 4, std::uint32_t, std::uint64_t>>;
    bits word;
    std::memcpy(&word, from, sizeof word);
    if constexpr (sizeof word == 2) word = __builtin_bswap16(word);
    if constexpr (sizeof word == 4) word = __builtin_bswap32(word);
    if constexpr (sizeof word == 8) word = __builtin_bswap64(word);
    std::memcpy(&x, &word, sizeof x);
  }
  return x;
}

template <class X, class Stored, bool Swapped>
void decode_as(std::byte const* from, index_t n, X* to) {
  constexpr auto size = static_cast<index_t>(sizeof(Stored));
  if (n * size <= read_ahead)
    for (index_t at = 0; at < n * size; at += 64) __builtin_prefetch(from + read_ahead + at);
  for (index_t i = 0; i < n; ++i)
    if constexpr (std::is_same_v<X, Stored>) {
      to[i] = stored_at<Stored, Swapped>(from + i * size);
    } else {
      to[i] = static_cast<X>(value_of(stored_at<Stored, Swapped>(from + i * size)));
    }
}

/// Whether elements of a stored type are numbers of X.
template <class X, class Stored>
constexpr bool serves = std::is_same_v<X, Stored> || std::is_same_v<X, value_type_of<Stored>> ||
                        std::is_same_v<X, double> ||
                        (std::is_integral_v<X> && sizeof(X) == 8 &&
                         std::is_integral_v<value_type_of<Stored>>);

}  // namespace

template <class X>
decoded<X>::decoded(array_file const& array)
    : as_stored_(false), decode_(visit(array.type, [&](auto tag) -> void (*)(std::byte const*, index_t, X*) {
        using Stored = typename decltype(tag)::type;
        if constexpr (serves<X, Stored>) {
          if constexpr (sizeof(Stored) > 1) {
            if (array.swapped) return decode_as<X, Stored, true>;
          }
          as_stored_ = std::is_same_v<X, Stored>;
          return decode_as<X, Stored, false>;
        } else {
          throw usage_error(printable(array.path) + ": its elements are " + name_of(array.type) +
                            ", which the type that is asked for does not hold");
        }
      })) {}

template class decoded<boolean8>;
template class decoded<half>;
template class decoded<float>;
template class decoded<double>;
template class decoded<std::int8_t>;
template class decoded<std::int16_t>;
template class decoded<std::int32_t>;
template class decoded<std::int64_t>;
template class decoded<std::uint8_t>;
template class decoded<std::uint16_t>;
template class decoded<std::uint32_t>;
template class decoded<std::uint64_t>;

}  // namespace prorata::io
