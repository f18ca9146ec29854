// hash_cache: a hash table that stays within a budget of bytes; what has not been asked for longest makes room.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <host/parallel.hpp>
#include <memory>
#include <prorata/hash_map.hpp>
#include <span>
#include <vector>

namespace prorata {

/// Pairs by key, of which the last ones used are kept. Operations take batches, as those of hash_map.
///   eviction  the clock (Corbató, "A paging experiment with the Multics system", 1968): a hand goes round the places;
///             a pair that was asked for since its last visit stays once more, another one makes room. New pairs have
///             not been asked for yet, and the hand has just passed them
///   batches   a key that comes several times counts once for its place, at its lowest index; what a cache holds,
///             answers and evicts depends on the operations and their input alone, not on the number of threads
///   cost      two lines of the cache a key that is found, and one that is not; the clock is turned by one thread
///   memory    the budget, beside about 100 bytes for each new key of a batch, of which 2^20 are handled at a time
///   threads   one at a time
///   throws    usage_error (lengths that differ), out_of_memory: then it is empty
///   example   hash_cache<std::uint64_t, float> near(1 << 30); near.find(asked, found, hit);
template <hash_key K, hash_value V>
class hash_cache {
 public:
  struct pairs {
    std::vector<K> keys;
    std::vector<V> values;
  };
  /// Of every key that was looked for, and every pair that made room.
  struct counters {
    std::uint64_t hits = 0, misses = 0, evicted = 0;
  };

  /// As many pairs as fit.
  ///   throws  usage_error where not even one does, or more than 2^32 − 2 would
  explicit hash_cache(index_t bytes, hash_map_options const& o = {})
      : places_(o), threads_(std::make_shared<host::thread_limit const>(o.threads)) {
    require(o.max_load > 0 && o.max_load <= 0.95, "hash_cache: max_load is a part of the places, up to 0.95");
    index_t count = bytes / bytes_of_pair;
    for (; count > 0; count -= std::max<index_t>(count / 64, 1)) {  // the map's share depends on its buckets
      require(count < no_place, "hash_cache: more than 2^32 - 2 pairs; use several, or a smaller budget");
      places_.rehash(count);
      if (places_.bytes() + count * bytes_of_pair <= bytes) break;
      places_.clear();
    }
    require(count > 0, "hash_cache: " + std::to_string(bytes) + " bytes hold no pair; give it more");
    keys_.resize(static_cast<std::size_t>(count));
    values_.resize(keys_.size());
    state_.resize(keys_.size());
    free_.reserve(keys_.size());
    clear();
  }

  index_t size() const { return places_.size(); }
  index_t capacity() const { return std::ssize(keys_); }
  index_t bytes() const { return places_.bytes() + capacity() * bytes_of_pair; }
  counters const& counted() const { return counted_; }

  /// values[i] = what the cache has of key i, or `missing`; found[i] says whether it has it. What is found has been
  /// used.
  void find(std::span<K const> keys, std::span<V> values, std::span<bool> found, V missing = {}) {
    require(keys.size() == values.size() && keys.size() == found.size(),
            "hash_cache: as many values, and answers, as keys");
    each_batch(keys.size(), [&](std::size_t first, std::size_t n) {
      look_up(keys.subspan(first, n));
      std::atomic<std::uint64_t> hits{0};
      each_block(n, [&](std::size_t begin, std::size_t end) {
        std::uint64_t mine = 0;
        for (std::size_t i = begin; i < end; ++i) {
          std::uint32_t const place = at_[i];
          found[first + i] = place != no_place;
          values[first + i] = place != no_place ? values_[place] : missing;
          if (place == no_place) continue;
          std::atomic_ref(state_[place]).store(used, std::memory_order_relaxed);
          ++mine;
        }
        hits += mine;
      });
      counted_.hits += hits;
      counted_.misses += n - hits;
    });
  }

  /// Keys that are there get the new value, of several in a batch that of the highest index, and have been used. Then
  /// the others come in, in the order of their lowest index, and others make room.
  ///   returns  what made room, in that order: it may be pairs of this very batch, where the cache is small
  pairs insert_or_assign(std::span<K const> keys, std::span<V const> values) {
    require(keys.size() == values.size(), "hash_cache: as many values as keys");
    pairs out;
    try {
      each_batch(keys.size(), [&](std::size_t first, std::size_t n) {
        bring_in(keys.subspan(first, n), values.subspan(first, n), out);
      });
    } catch (...) {  // what the places say and what the map says may differ
      forget();
      throw;
    }
    counted_.evicted += out.keys.size();
    return out;
  }

  /// Takes keys out; returns how many were there. Their places are taken next, those of the lowest index last.
  index_t erase(std::span<K const> keys) {
    index_t gone = 0;
    each_batch(keys.size(), [&](std::size_t first, std::size_t n) {
      look_up(keys.subspan(first, n));
      for (std::size_t i = 0; i < n; ++i) {
        if (at_[i] == no_place || state_[at_[i]] == empty) continue;  // or it came before in this batch
        state_[at_[i]] = empty;
        free_.push_back(at_[i]);
        ++gone;
      }
      places_.erase(keys.subspan(first, n));
    });
    return gone;
  }

  /// All pairs, by their places.
  pairs extract() const {
    pairs all;
    for (std::size_t place = 0; place < keys_.size(); ++place) {
      if (state_[place] == empty) continue;
      all.keys.push_back(keys_[place]);
      all.values.push_back(values_[place]);
    }
    return all;
  }

  /// Takes everything out; the counters stay.
  void clear() {
    forget();
    places_.rehash(capacity());
  }

 private:
  enum state_of_place : std::uint8_t { empty, unused, used };
  static constexpr std::uint32_t no_place = ~std::uint32_t{0};
  static constexpr std::size_t batch = std::size_t{1} << 20;
  static constexpr auto bytes_of_pair =
      static_cast<index_t>(sizeof(K) + sizeof(V) + 1 + sizeof(std::uint32_t));

  template <class F>
  static void each_batch(std::size_t n, F const& f) {
    for (std::size_t first = 0; first < n; first += batch) f(first, std::min(batch, n - first));
  }
  template <class F>
  void each_block(std::size_t n, F const& f) const {
    constexpr std::size_t block = 4096;
    auto const work = [&](index_t k) {
      auto const begin = static_cast<std::size_t>(k) * block;
      f(begin, std::min(begin + block, n));
    };
    threads_->run_blocks(static_cast<index_t>((n + block - 1) / block), host::loop_body::of(work));
  }

  void forget() noexcept {
    places_.clear();
    std::fill(state_.begin(), state_.end(), empty);
    free_.clear();  // and as many as it has room for
    for (std::size_t place = keys_.size(); place-- > 0;) free_.push_back(static_cast<std::uint32_t>(place));
    hand_ = 0;
  }

  /// at_[i] = the place of key i, or no_place.
  void look_up(std::span<K const> keys) {
    at_.resize(std::max(at_.size(), keys.size()));
    places_.find(keys, std::span(at_).first(keys.size()), no_place);
  }

  void bring_in(std::span<K const> keys, std::span<V const> values, pairs& out) {
    look_up(keys);
    std::vector<K> fresh;
    std::vector<V> fresh_values;
    std::vector<std::uint32_t> numbers;
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (at_[i] == no_place) {
        numbers.push_back(static_cast<std::uint32_t>(fresh.size()));
        fresh.push_back(keys[i]);
        fresh_values.push_back(values[i]);
      } else {
        values_[at_[i]] = values[i];
        state_[at_[i]] = used;
      }
    }
    if (fresh.empty()) return;
    hash_map<K, std::uint32_t> first_of({.threads = threads_->threads()});
    first_of.find_or_insert(fresh, numbers);  // the number of the first one with this key
    for (std::size_t i = 0; i < fresh.size(); ++i) fresh_values[numbers[i]] = fresh_values[i];

    std::vector<K> gone;
    std::vector<std::uint32_t> place_of(fresh.size(), no_place);
    for (std::size_t i = 0; i < fresh.size(); ++i) {
      if (numbers[i] != i) continue;
      std::uint32_t place;
      if (!free_.empty()) {
        place = free_.back();
        free_.pop_back();
      } else {
        for (; state_[hand_] == used; turn()) state_[hand_] = unused;
        place = hand_;
        turn();
        out.keys.push_back(keys_[place]);
        out.values.push_back(values_[place]);
        gone.push_back(keys_[place]);
      }
      keys_[place] = fresh[i];
      values_[place] = fresh_values[i];
      state_[place] = unused;
      place_of[i] = place;
    }
    // Pairs that came in and made room at once are in neither list: the map never knew them.
    std::vector<K> came;
    std::vector<std::uint32_t> taken;
    for (std::size_t i = 0; i < fresh.size(); ++i) {
      if (place_of[i] == no_place || !(keys_[place_of[i]] == fresh[i])) continue;
      came.push_back(fresh[i]);
      taken.push_back(place_of[i]);
    }
    places_.erase(gone);
    places_.insert(came, taken);
  }

  void turn() { hand_ = hand_ + 1 < keys_.size() ? hand_ + 1 : 0; }

  hash_map<K, std::uint32_t> places_;  // of keys
  std::shared_ptr<host::thread_limit const> threads_;
  std::vector<K> keys_;  // by place
  std::vector<V> values_;
  std::vector<std::uint8_t> state_;
  std::vector<std::uint32_t> free_;  // places; the last one is taken next
  std::vector<std::uint32_t> at_;    // of a batch
  std::uint32_t hand_ = 0;
  counters counted_;
};

}  // namespace prorata
