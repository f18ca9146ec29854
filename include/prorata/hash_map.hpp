// hash_map: a hash table on the cores of one host, whose operations are of whole batches of keys.
#pragma once

#include <host/hashing/table.hpp>
#include <host/hashing/table_file.hpp>
#include <memory>
#include <prorata/error.hpp>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace prorata {

/// What a hash_map may have as a key: 4 or 8 bytes that are equal where keys are. Floats are not: 0 and −0 are equal.
template <class K>
concept hash_key = std::is_trivially_copyable_v<K> && std::has_unique_object_representations_v<K> &&
    (sizeof(K) == 4 || sizeof(K) == 8);
/// And as a value: any 4 or 8 bytes.
template <class V>
concept hash_value = std::is_trivially_copyable_v<V> &&(sizeof(V) == 4 || sizeof(V) == 8);

struct hash_map_options {
  double max_load = 0.8;   ///< of its places, up to 0.95, are taken before it grows
  std::uint64_t seed = 0;  ///< of the hash: one that nobody knows, where keys come from strangers
  int threads = 0;         ///< 0: every core
};

namespace detail {
template <class T>
using word_of = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
}  // namespace detail

/// A hash_map as something to look into: trivially copied, valid until the map changes.
template <hash_key K, hash_value V>
class hash_map_ref {
 public:
  /// Where the value of a key lies, or null.
  V const* find(K key) const {
    return reinterpret_cast<V const*>(table_.find(std::bit_cast<detail::word_of<K>>(key)));
  }
  bool contains(K key) const { return find(key) != nullptr; }

 private:
  template <hash_key, hash_value>
  friend class hash_map;
  using table = host::hashing::table_ref<detail::word_of<K>, detail::word_of<V>>;
  explicit hash_map_ref(table const& t) : table_(t) {}
  table table_;
};

/// Pairs by key, of which every operation takes a batch.
///   keys      all there are: none is reserved
///   batches   a key may come several times; the operations say which one counts. What a map holds and answers
///             depends on the operations and their input alone, not on the number of threads
///   cost      one line of the cache a key as a rule, at loads up to 0.8; new pairs are first dealt out by where they
///             belong, which takes their room once more, at most 2^24 of them at a time
///   memory    64 bytes for 8 pairs of 4 + 4 bytes, 5 of 12 or 4 of 16, and 1/64 more: at load 0.8, 1.27 times the
///             pairs (1.36 times where they have 12 bytes). While it grows, both tables are there
///   threads   any number of threads may search at a time, or one may change it
///   throws    usage_error (lengths that differ), out_of_memory (what came into the map until then is there)
///   source    ordered linear probing: Amble and Knuth, "Ordered hash tables", 1974, with buckets of one line
///   example   hash_map<std::uint32_t, float> price; price.insert_or_assign(ids, prices); price.find(asked, found);
template <hash_key K, hash_value V>
class hash_map {
 public:
  explicit hash_map(hash_map_options const& o = {})
      : table_(o.max_load, o.seed, std::make_shared<host::thread_limit const>(o.threads)) {}

  index_t size() const { return table_.size(); }
  bool empty() const { return size() == 0; }
  /// Pairs that it holds before it grows.
  index_t capacity() const { return table_.capacity(); }
  index_t bytes() const { return table_.bytes(); }

  /// Brings in pairs whose key is not there; of several in a batch, the one with the lowest index. Returns how many
  /// keys are new: so do the next three.
  index_t insert(std::span<K const> keys, std::span<V const> values) {
    return upsert(keys, values, host::hashing::when_found::keep);
  }
  /// The same, and other keys get the new value; of several in a batch, the one with the highest index counts.
  index_t insert_or_assign(std::span<K const> keys, std::span<V const> values) {
    return upsert(keys, values, host::hashing::when_found::assign);
  }
  /// Brings in what is not there, as insert; values[i] becomes what the map has of key i.
  index_t find_or_insert(std::span<K const> keys, std::span<V> values) {
    require_alike(keys.size(), values.size());
    return table_.upsert(words(keys), words(values), host::hashing::when_found::keep, words(values));
  }
  /// Adds values to those of their keys; what is not there comes in as it is.
  ///   order   integers modulo 2^bits. Floats one after another as they come, so that no split of the input into
  ///           batches shows; group_by adds them exactly
  index_t accumulate(std::span<K const> keys, std::span<V const> values) requires(std::is_arithmetic_v<V>) {
    return upsert(
        keys, values,
        std::is_floating_point_v<V> ? host::hashing::when_found::add_floats : host::hashing::when_found::add);
  }

  /// values[i] = what the map has of key i, or `missing`; found[i] says whether it has it.
  void find(std::span<K const> keys, std::span<V> values, std::span<bool> found, V missing = {}) const {
    require_alike(keys.size(), values.size());
    require_alike(keys.size(), found.size());
    table_.find(words(keys), words(values), found.data(), word(missing));
  }
  void find(std::span<K const> keys, std::span<V> values, V missing = {}) const {
    require_alike(keys.size(), values.size());
    table_.find(words(keys), words(values), nullptr, word(missing));
  }
  void contains(std::span<K const> keys, std::span<bool> found) const {
    require_alike(keys.size(), found.size());
    table_.find(words(keys), nullptr, found.data(), 0);
  }

  /// Takes keys out; returns how many were there. Their places are free at once: there are no tombstones.
  index_t erase(std::span<K const> keys) { return table_.erase(words(keys)); }

  /// Takes out the pairs for which predicate(key, value) holds; asks it once of each, on several threads.
  template <class P>
  index_t erase_if(P predicate) {
    auto const left = [&](word_key* keys, word_value* values, index_t n) {
      index_t kept = 0;
      for (index_t i = 0; i < n; ++i)
        if (!predicate(std::bit_cast<K>(keys[i]), std::bit_cast<V>(values[i]))) {
          keys[kept] = keys[i];
          values[kept++] = values[i];
        }
      return kept;
    };
    return table_.keep({[](void const* context, word_key* keys, word_value* values, index_t n) {
                          return (*static_cast<decltype(left) const*>(context))(keys, values, n);
                        },
                        &left});
  }

  /// f(key, value) for every pair, in no particular order, on several threads; it may change the value.
  template <class F>
  void for_each(F f) {
    auto const visit = [&](word_key const* keys, word_value* values, index_t n) {
      for (index_t i = 0; i < n; ++i) {
        V value = std::bit_cast<V>(values[i]);
        f(std::bit_cast<K>(keys[i]), value);
        values[i] = word(value);
      }
    };
    table_.each({[](void const* context, word_key const* keys, word_value* values, index_t n) {
                   (*static_cast<decltype(visit) const*>(context))(keys, values, n);
                 },
                 &visit});
  }

  /// All pairs, in an order that depends on the operations alone.
  struct pairs {
    std::vector<K> keys;
    std::vector<V> values;
  };
  pairs extract() const {
    auto const n = static_cast<std::size_t>(size());
    pairs all{std::vector<K>(n), std::vector<V>(n)};
    table_.extract(words(std::span(all.keys)), words(std::span(all.values)));
    return all;
  }

  /// Makes room for so many pairs, at least or exactly; never for fewer than there are.
  void reserve(index_t count) { table_.reserve(count); }
  void rehash(index_t count) { table_.rehash(count); }
  /// Takes everything out and gives its memory back.
  void clear() { table_.clear(); }

  /// Writes all pairs to a file, which appears whole or not at all.
  ///   memory  the pairs once more
  ///   throws  usage_error, out_of_memory (the disk is full, too), device_error
  void save(std::string const& path) const {
    auto const all = extract();
    host::hashing::write_table(path, facts(), all.keys.data(), all.values.data());
  }
  /// The map of a file, with its seed and its load.
  ///   throws  input_error: no file of save(), one of other types, one that is damaged or cut short
  static hash_map load(std::string const& path, int threads = 0) {
    host::hashing::table_reader const file(path);
    auto const said = file.facts();
    hash_map map({said.max_load > 0 && said.max_load <= 1 ? said.max_load : 0.8, said.seed, threads});
    auto const mine = map.facts();
    if (said.key_bytes != mine.key_bytes || said.key_kind != mine.key_kind ||
        said.value_bytes != mine.value_bytes || said.value_kind != mine.value_kind)
      throw input_error(path + ": is a hash map with keys " + said.key_kind + std::to_string(said.key_bytes) +
                        " and values " + said.value_kind + std::to_string(said.value_bytes) +
                        ", and others were asked for");
    map.reserve(static_cast<index_t>(said.pairs));
    file.read({[](void* to, void const* keys, void const* values, index_t n) {
                 auto const size = static_cast<std::size_t>(n);
                 static_cast<hash_map*>(to)->table_.upsert({static_cast<word_key const*>(keys), size},
                                                           static_cast<word_value const*>(values),
                                                           host::hashing::when_found::keep);
               },
               &map});
    return map;
  }

  hash_map_ref<K, V> ref() const { return hash_map_ref<K, V>(table_.ref()); }

 private:
  using word_key = detail::word_of<K>;
  using word_value = detail::word_of<V>;

  host::hashing::table_facts facts() const {
    return {sizeof(K),
            sizeof(V),
            host::hashing::kind_of<K>(),
            host::hashing::kind_of<V>(),
            static_cast<std::uint64_t>(size()),
            table_.seed(),
            table_.max_load()};
  }
  static std::span<word_key const> words(std::span<K const> keys) {
    return {reinterpret_cast<word_key const*>(keys.data()), keys.size()};
  }
  static word_key* words(std::span<K> keys) requires(!std::is_same_v<K, V>) {
    return reinterpret_cast<word_key*>(keys.data());
  }
  static word_value* words(std::span<V> values) { return reinterpret_cast<word_value*>(values.data()); }
  static word_value word(V value) { return std::bit_cast<word_value>(value); }
  static void require_alike(std::size_t keys, std::size_t others) {
    require(keys == others, "hash_map: there are " + std::to_string(keys) + " keys, but " +
                                std::to_string(others) + " of what belongs to them");
  }
  index_t upsert(std::span<K const> keys, std::span<V const> values, host::hashing::when_found what) {
    require_alike(keys.size(), values.size());
    return table_.upsert(words(keys), reinterpret_cast<word_value const*>(values.data()), what);
  }

  host::hashing::word_table<word_key, word_value> table_;
};

}  // namespace prorata
