// buckets: how a hash table lies in memory, and the search of one bucket. A line of the cache is a bucket.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <prorata/slots.hpp>
#include <utility>
#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace prorata::host::hashing {

/// A hash of which a share of the slots (slots.hpp) uses every value: their 16 bits come last. Different keys have
/// different hashes.
template <class K>
std::uint64_t hash_of(K key, std::uint64_t seed) {
  return std::rotl(mix(key ^ seed), slot_bits);
}

/// A few keys and as many values in 64 bytes: 8 of 4 + 4 bytes, 5 of 12, 4 of 16. The places of a bucket are used from
/// the first one on; a key of 0 is a place that is free, so that fresh memory is an empty table (the key 0 itself has a
/// place beside the table). The last key of a full bucket has the largest hash of it.
template <class K, class V>
struct alignas(64) bucket {
  static constexpr int places = static_cast<int>(64 / (sizeof(K) + sizeof(V)));
  static constexpr unsigned all = (1u << places) - 1;

  K keys[places];
  V values[places];

  /// Which places hold a key, as bits.
  unsigned match(K key) const {
#if defined(__AVX2__)  // GCC 12 at -O1 loses answers where masks of AVX-512 are compared here
    // bytes of the values and behind them are looked at as well, and left out
    auto const half = [&](int k) {
      __m256i const line = _mm256_load_si256(reinterpret_cast<__m256i const*>(this) + k);
      if constexpr (sizeof(K) == 4) {
        __m256i const same = _mm256_cmpeq_epi32(line, _mm256_set1_epi32(static_cast<int>(key)));
        return static_cast<unsigned>(_mm256_movemask_ps(_mm256_castsi256_ps(same)));
      } else {
        __m256i const same = _mm256_cmpeq_epi64(line, _mm256_set1_epi64x(static_cast<long long>(key)));
        return static_cast<unsigned>(_mm256_movemask_pd(_mm256_castsi256_pd(same)));
      }
    };
    if constexpr (sizeof(K) == 4 || places == 4) return half(0) & all;
    return (half(0) | half(1) << 4) & all;
#else
    unsigned same = 0;
    for (int i = 0; i < places; ++i) same |= static_cast<unsigned>(keys[i] == key) << i;
    return same;
#endif
  }

  bool full() const { return keys[places - 1] != 0; }
  int used() const { return full() ? places : std::countr_zero(match(0)); }

  /// Whether a search for a key of this hash that is not here goes on in the next bucket.
  bool goes_on(std::uint64_t hash, std::uint64_t seed) const {
    bool const beyond = hash > hash_of(keys[places - 1], seed);  // looked at in any case: no branch
    return (static_cast<int>(full()) & static_cast<int>(beyond)) != 0;
  }

  /// Into the first free place.
  void add(int place, K key, V value, std::uint64_t seed) {
    keys[place] = key;
    values[place] = value;
    if (place == places - 1) largest_last(seed);
  }

  /// Of a full bucket: instead of the last pair, which `key` and `value` become.
  void exchange_last(K& key, V& value, std::uint64_t seed) {
    std::swap(keys[places - 1], key);
    std::swap(values[places - 1], value);
    largest_last(seed);
  }

 private:
  void largest_last(std::uint64_t seed) {
    int at = places - 1;
    std::uint64_t largest = hash_of(keys[at], seed);
    for (int i = 0; i < places - 1; ++i) {
      std::uint64_t const h = hash_of(keys[i], seed);
      at = h > largest ? i : at;
      largest = h > largest ? h : largest;
    }
    std::swap(keys[places - 1], keys[at]);
    std::swap(values[places - 1], values[at]);
  }
};

/// How many buckets there are. The table is linear probing in the order of hashes (Amble and Knuth, "Ordered hash
/// tables", 1974), a bucket at a time: no hash in a bucket is larger than one in the next. So a search for what is not
/// there ends where it would be, as soon on average as one for what is. It is a row of regions, each with buckets at
/// its end that are no key's own: regions are tables of their own, which threads fill side by side.
///   ends   the last bucket of a region is never full, so no search leaves it
struct table_shape {
  static constexpr index_t region_buckets = 4096;  // 256 KiB: its fill is within 1 % of the whole table's
  static constexpr index_t longest_tail =
      64;  // 4 places, load 0.95: a chain of 256 pairs past the end in 10^11

  index_t regions = 1;
  index_t stride = 1;  ///< buckets of a region
  index_t homes = 1;   ///< those that are some key's own

  /// At least so many homes.
  static table_shape of(index_t homes) {
    constexpr index_t of_region = region_buckets - longest_tail;
    if (homes > of_region) return {(homes + of_region - 1) / of_region, region_buckets, of_region};
    return {1, homes + std::min(longest_tail, 4 + homes / 16), homes};
  }
  index_t buckets() const { return regions * stride; }
  bool last_of_region(index_t b) const {
    return (b & (region_buckets - 1)) == region_buckets - 1 || b == buckets() - 1;
  }
};

/// high half of a · b
constexpr std::uint64_t high_product(std::uint64_t a, std::uint64_t b) {
  return static_cast<std::uint64_t>(static_cast<unsigned __int128>(a) * b >> 64);
}

/// What a search needs to know; it owns nothing.
template <class K, class V>
struct table_ref {
  bucket<K, V>* buckets;
  table_shape shape;
  std::uint64_t seed;
  V const* of_zero;  ///< the value of key 0, or null

  std::uint64_t hash(K key) const { return hash_of(key, seed); }
  index_t home(std::uint64_t hash) const {
    auto const of = static_cast<unsigned __int128>(hash) * static_cast<std::uint64_t>(shape.regions);
    return static_cast<index_t>(of >> 64) * shape.stride +
           static_cast<index_t>(
               high_product(static_cast<std::uint64_t>(of), static_cast<std::uint64_t>(shape.homes)));
  }
  index_t region(std::uint64_t hash) const {
    return static_cast<index_t>(high_product(hash, static_cast<std::uint64_t>(shape.regions)));
  }

  /// Where the value of a key lies, or null.
  V const* find(K key) const {
    if (key == 0) return of_zero;
    std::uint64_t const h = hash(key);
    for (auto const* b = buckets + home(h);; ++b) {
      if (unsigned const m = b->match(key)) return &b->values[std::countr_zero(m)];
      if (!b->goes_on(h, seed)) return nullptr;
    }
  }
};

}  // namespace prorata::host::hashing
