// keyed_table: a state for each key, found by open addressing where keys are integers.
#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <prorata/config.hpp>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <vector>

namespace prorata::events {

template <class K>
concept word_key = std::integral<K> || std::is_enum_v<K>;

/// Keys of up to 8 bytes: key and state lie together, so that a key which is found costs one line of the cache.
///   memory  at most half of the places are taken
///   threads one at a time
template <class K, class S>
class word_keyed_table {
 public:
  index_t size() const { return taken_ + index_t{side_taken_}; }
  /// Bytes that lie about in memory.
  std::size_t bytes() const { return places_.size() * sizeof(place); }

  /// The state of a key; a new one, S{}, if need be. Valid until the next one is asked for.
  S& operator[](K key) {
    std::uint64_t const word = word_of(key);
    if (word == vacant) return side_taken_ = true, side_;
    if (2 * static_cast<std::size_t>(taken_ + 1) > places_.size()) grow();
    for (std::size_t at = hash_of(word) >> shift_;; at = (at + 1) & (places_.size() - 1)) {
      place& p = places_[at];
      if (p.word == word) return p.state;
      if (p.word == vacant) return p.word = word, ++taken_, p.state;
    }
  }

  /// The state of a key, or null.
  S const* find(K key) const {
    std::uint64_t const word = word_of(key);
    if (word == vacant) return side_taken_ ? &side_ : nullptr;
    if (places_.empty()) return nullptr;
    for (std::size_t at = hash_of(word) >> shift_;; at = (at + 1) & (places_.size() - 1)) {
      if (places_[at].word == word) return &places_[at].state;
      if (places_[at].word == vacant) return nullptr;
    }
  }

  /// Room for so many keys. Before all keys of another table are brought in, which come in the order of their hashes: a
  /// small table would have them side by side, and look through all of them.
  void reserve(index_t keys) {
    while (2 * static_cast<std::size_t>(keys + 1) > places_.size()) grow();
  }

  /// Brings the line of a key to the cache.
  void prefetch(K key) const {
    if (!places_.empty()) __builtin_prefetch(&places_[hash_of(word_of(key)) >> shift_], 1);
  }

  /// f(key, state) for each key, in no order.
  template <class F>
  void each(F const& f) const {
    for (place const& p : places_)
      if (p.word != vacant) f(key_of(p.word), p.state);
    if (side_taken_) f(key_of(vacant), side_);
  }

  void clear() {
    places_ = {};
    side_ = S{};
    taken_ = 0, side_taken_ = false, shift_ = 64;
  }

 private:
  /// Stands where there is no key; the key that is equal to it has a place of its own.
  static constexpr std::uint64_t vacant = 0x9e37'79b9'7f4a'7c15;
  struct place {
    std::uint64_t word = vacant;
    S state{};
  };

  static std::uint64_t word_of(K key) { return static_cast<std::uint64_t>(key); }
  static K key_of(std::uint64_t word) { return static_cast<K>(word); }
  static std::uint64_t hash_of(std::uint64_t word) { return (word ^ word >> 32) * 0x9e3779b97f4a7c15; }

  void grow() {
    std::vector<place> old(places_.empty() ? 64 : (places_.size() < 1 << 16 ? 8 : 2) * places_.size());
    old.swap(places_);
    shift_ = 64 - (std::bit_width(places_.size()) - 1);
    for (place& p : old) {
      if (p.word == vacant) continue;
      std::size_t at = hash_of(p.word) >> shift_;
      while (places_[at].word != vacant) at = (at + 1) & (places_.size() - 1);
      places_[at].word = p.word;
      places_[at].state = std::move(p.state);
    }
  }

  std::vector<place> places_;
  S side_{};
  index_t taken_ = 0;
  bool side_taken_ = false;
  int shift_ = 64;
};

/// Other keys: texts, and what std::hash knows.
template <class K, class S>
class hashed_table {
 public:
  index_t size() const { return std::ssize(states_); }
  std::size_t bytes() const { return 0; }  // nothing can be prefetched
  template <class Q>
  void prefetch(Q const&) const {}

  template <class Q>
  S& operator[](Q const& key) {
    auto const found = states_.find(key);
    return found != states_.end() ? found->second : states_.try_emplace(K(key)).first->second;
  }
  template <class Q>
  S const* find(Q const& key) const {
    auto const found = states_.find(key);
    return found != states_.end() ? &found->second : nullptr;
  }
  void reserve(index_t) {}
  template <class F>
  void each(F const& f) const {
    for (auto const& [key, state] : states_) f(key, state);
  }
  void clear() { states_.clear(); }

 private:
  struct hash : std::hash<K> {
    using is_transparent = void;
  };
  struct text_hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  using hash_type = std::conditional_t<std::is_same_v<K, std::string>, text_hash, hash>;
  std::unordered_map<K, S, hash_type, std::equal_to<>> states_;
};

template <class K, class S>
using keyed_table = std::conditional_t<word_key<K>, word_keyed_table<K, S>, hashed_table<K, S>>;

}  // namespace prorata::events
