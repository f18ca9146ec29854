// key_table: texts of any length and the numbers that they have here, in the order of their coming.
#pragma once

#include <bit>
#include <deque>
#include <host/events/saved_bytes.hpp>
#include <host/events/text.hpp>
#include <string>
#include <vector>

namespace prorata::events {

/// A text of up to 15 bytes as two words; of a longer one its hash and its place in a table.
struct packed_key {
  std::uint64_t low, high;  ///< the topmost byte is the size, or 255
  bool operator==(packed_key const&) const = default;
};

/// The words of a text; a longer one has place 0.
packed_key long_key_word(text_ref text);
inline packed_key packed_key_of(text_ref text) {
  using text_detail::load8;
  std::uint64_t const size = static_cast<std::uint64_t>(text.size) << 56;
  if (text.size <= 8) [[likely]]
    return {text.size == 0 ? 0 : load8(text.data) & ~std::uint64_t{0} >> (64 - 8 * text.size), size};
  if (text.size > 15) return long_key_word(text);
  return {load8(text.data), (load8(text.data + 8) & (~std::uint64_t{0} >> (128 - 8 * text.size))) | size};
}

/// A hash of 64 bits, the upper ones best.
inline std::uint64_t hash_of(packed_key key) {
  std::uint64_t const mixed = (key.low ^ std::rotl(key.high, 29)) * 0x9e3779b97f4a7c15;
  return (mixed ^ mixed >> 32) * 0xd6e8feb86659fd93;
}

/// Keys in the order of results: whole numbers of 64 bits first, as they are written without signs and zeros too many,
/// in their order; then all other texts, byte by byte.
struct key_order {
  explicit key_order(std::string_view text);
  bool operator<(key_order const& other) const {
    if (is_text != other.is_text) return other.is_text;
    return is_text ? text < other.text : number < other.number;
  }
  bool operator==(key_order const& other) const = default;

  bool is_text = true;
  std::int64_t number = 0;
  std::string_view text;
};

/// Numbers 0, 1, 2, … for different texts: open addressing; a small table is sparse, for a probe that misses costs more
/// than room does.
class key_table {
 public:
  std::uint32_t size() const { return static_cast<std::uint32_t>(keys_.size()); }

  /// The number of a text, a new one if need be.
  std::uint32_t find_or_add(text_ref text) { return find_or_add(packed_key_of(text), text); }
  std::uint32_t find_or_add(packed_key word, text_ref text) {
    if (2 * (keys_.size() + 1) > bins_.size()) grow();
    for (std::size_t at = hash_of(word) >> shift_;; at = (at + 1) & (bins_.size() - 1)) {
      std::uint32_t const id = bins_[at];
      if (id == nobody) return add(word, text, at);
      if (matches(keys_[id], word, text)) return id;
    }
  }

  /// Calls f(number) for each of some texts, new numbers if need be. The first place that a key is looked for at is
  /// where nearly all are found: of short keys, by what the loop has in registers.
  template <class F>
  void find_or_add_all(text_ref const* texts, std::size_t count, F const& f) {
    std::uint32_t const* bins = bins_.data();
    packed_key const* keys = keys_.data();
    int shift = shift_;
    bool any = !bins_.empty();
    for (std::size_t i = 0; i < count; ++i) {
      packed_key const word = packed_key_of(texts[i]);
      if (any && word.high >> 56 != 255) [[likely]] {
        std::uint32_t const id = bins[hash_of(word) >> shift];
        if (id != nobody && keys[id] == word) [[likely]] {
          f(id);
          continue;
        }
      }
      f(find_or_add(word, texts[i]));
      bins = bins_.data(), keys = keys_.data(), shift = shift_, any = true;
    }
  }

  /// The same for the text that has number `id` in another table.
  std::uint32_t find_or_add_from(key_table const& other, std::uint32_t id) {
    packed_key const word = other.keys_[id];
    if (word.high >> 56 != 255) return find_or_add(word, no_text);
    std::string const& text = other.long_[word.high & place_mask];
    return find_or_add({word.low, std::uint64_t{255} << 56},
                       {text.data(), static_cast<std::uint32_t>(text.size())});
  }

  /// The text of a number; valid until the table is cleared.
  ///   room  holds it where it is short
  std::string_view text(std::uint32_t id, char (&room)[16]) const;
  std::string text(std::uint32_t id) const {
    char room[16];
    return std::string(text(id, room));
  }

  void clear();

  void save(byte_writer& to) const;
  void load(byte_reader& from);

 private:
  static constexpr std::uint32_t nobody = ~std::uint32_t{0};
  static constexpr std::uint64_t place_mask = (std::uint64_t{1} << 56) - 1;

  bool matches(packed_key known, packed_key word, text_ref text) const {
    if (word.high >> 56 != 255) return known == word;
    return known.low == word.low && known.high >> 56 == 255 && long_[known.high & place_mask] == text.view();
  }
  std::uint32_t add(packed_key word, text_ref text, std::size_t at);
  void grow();

  std::vector<packed_key> keys_;
  std::vector<std::uint32_t> bins_;
  std::deque<std::string> long_;
  int shift_ = 64;
};

}  // namespace prorata::events
