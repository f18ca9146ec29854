// Texts as words, and back.
#include <charconv>
#include <functional>
#include <host/events/key_table.hpp>

namespace prorata::events {

packed_key long_key_word(text_ref text) {
  return {std::hash<std::string_view>{}(text.view()), std::uint64_t{255} << 56};
}

key_order::key_order(std::string_view t) : text(t) {
  if (t.empty() || t.size() > 20) return;
  auto const [end, error] = std::from_chars(t.data(), t.data() + t.size(), number);
  bool const written_so =
      t == "0" || (t[0] != '0' && t[0] != '-') || (t.size() > 1 && t[0] == '-' && t[1] != '0');
  is_text = error != std::errc{} || end != t.data() + t.size() || !written_so;
  if (is_text) number = 0;
}

std::string_view key_table::text(std::uint32_t id, char (&room)[16]) const {
  packed_key const key = keys_[id];
  std::uint64_t const size = key.high >> 56;
  if (size == 255) return long_[key.high & place_mask];
  std::memcpy(room, &key.low, 8);
  std::memcpy(room + 8, &key.high, 8);
  return {room, size};
}

void key_table::save(byte_writer& to) const {
  to.put_list(keys_);
  to.put(long_.size());
  for (std::string const& text : long_) to.put_text(text);
}

void key_table::load(byte_reader& from) {
  clear();
  from.get_list(keys_);
  for (auto left = from.get<std::size_t>(); left > 0; --left) long_.emplace_back(from.get_text());
  for (packed_key const key : keys_)
    if (key.high >> 56 == 255 && (key.high & place_mask) >= long_.size()) byte_reader::damaged();
  grow();
}

void key_table::clear() {
  keys_.clear(), bins_.clear(), long_.clear();
  shift_ = 64;
}

std::uint32_t key_table::add(packed_key word, text_ref text, std::size_t at) {
  if (word.high >> 56 == 255) {
    word.high |= long_.size();
    long_.emplace_back(text.view());
  }
  auto const id = static_cast<std::uint32_t>(keys_.size());
  keys_.push_back(word);
  bins_[at] = id;
  return id;
}

void key_table::grow() {
  std::size_t bins = bins_.size();
  do bins = bins == 0 ? 16 : (bins < 1 << 16 ? 8 : 2) * bins;
  while (bins < 2 * (keys_.size() + 1));
  bins_.assign(bins, nobody);
  shift_ = 64 - (std::bit_width(bins) - 1);
  for (std::uint32_t id = 0; id < keys_.size(); ++id) {
    packed_key const word =
        keys_[id].high >> 56 == 255 ? packed_key{keys_[id].low, std::uint64_t{255} << 56} : keys_[id];
    std::size_t at = hash_of(word) >> shift_;
    while (bins_[at] != nobody) at = (at + 1) & (bins - 1);
    bins_[at] = id;
  }
}

}  // namespace prorata::events
