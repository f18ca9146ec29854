// Pieces of text in a block, and the numbers that they are.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace prorata::events {

/// Bytes around a block's text that may be read, whatever they hold.
inline constexpr std::size_t text_margin = 64;

/// A field's text, in a block or in a margin of its own.
struct text_ref {
  char const* data;
  std::uint32_t size;
  std::string_view view() const { return {data, size}; }
};

inline constexpr char no_text_with_margins[2 * text_margin] = {};
inline constexpr text_ref no_text{no_text_with_margins + text_margin, 0};

namespace text_detail {

inline std::uint64_t load8(char const* p) {
  std::uint64_t word;
  std::memcpy(&word, p, 8);
  return word;
}

/// The last `size` ≤ 8 bytes of a word, the others as zeros of decimal: little-endian, the first digit lowest.
inline std::uint64_t last_digits(char const* end, unsigned size) {
  constexpr std::uint64_t zeros = 0x3030303030303030;
  if (size == 0) return zeros;
  std::uint64_t const mask = ~std::uint64_t{0} << (64 - 8 * size);
  return (load8(end - 8) & mask) | (zeros & ~mask);
}

inline bool are_digits(std::uint64_t word) {
  return (((word + 0x4646464646464646) | (word - 0x3030303030303030)) & 0x8080808080808080) == 0;
}

/// Eight digits as a number: pairs, then fours, then all (Lemire).
inline std::uint64_t number_of_digits(std::uint64_t word) {
  word -= 0x3030303030303030;
  word = word * 10 + (word >> 8);
  return ((word & 0x000000ff000000ff) * 0x000f424000000064 +
          ((word >> 16 & 0x000000ff000000ff) * 0x0000271000000001)) >>
         32;
}

}  // namespace text_detail

/// The number of up to 16 digits that end at `end`. Says whether they all were digits, at least one.
inline bool parse_digits(char const* end, std::uint32_t size, std::uint64_t& number) {
  using namespace text_detail;
  if (size <= 8) {
    std::uint64_t const low = last_digits(end, size);
    number = number_of_digits(low);
    return size > 0 && are_digits(low);
  }
  if (size > 16) return false;
  std::uint64_t const low = load8(end - 8), high = last_digits(end - 8, size - 8);
  number = number_of_digits(high) * 100000000 + number_of_digits(low);
  return are_digits(low) && are_digits(high);
}

/// A whole number of 64 bits, blanks around it allowed. Says whether it is one.
bool parse_integer(text_ref text, std::int64_t& number);

/// Reads times, of which neighbours have all but the last eight digits in common.
class time_parser {
 public:
  bool operator()(text_ref text, std::int64_t& t) {
    using namespace text_detail;
    if (text.size <= 8 || text.size > 16) return parse_integer(text, t);
    char const* const end = text.data + text.size;
    std::uint64_t const low = load8(end - 8), high = last_digits(end - 8, text.size - 8);
    if (high != high_digits_) {
      if (!are_digits(high)) return parse_integer(text, t);
      high_digits_ = high;
      high_number_ = number_of_digits(high) * 100000000;
    }
    t = static_cast<std::int64_t>(high_number_ + number_of_digits(low));
    return are_digits(low) || parse_integer(text, t);
  }

 private:
  std::uint64_t high_digits_ = 0, high_number_ = 0;
};

/// How a number reads that is not there.
inline constexpr std::uint64_t missing_bits = 0x7ff8'6d69'7373'6e67;
inline double missing() { return std::bit_cast<double>(missing_bits); }
inline bool is_missing(double x) { return std::bit_cast<std::uint64_t>(x) == missing_bits; }

/// The double nearest to a decimal number; missing() of nothing, or of blanks. Says whether it is one: what a double
/// cannot hold is none, and inf and nan are.
bool parse_number(text_ref text, double& number);

}  // namespace prorata::events
