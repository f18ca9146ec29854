// word_table: a hash table of words on the threads of one host; all its operations are of whole batches.
#pragma once

#include <cstdlib>
#include <cstring>
#include <host/hashing/buckets.hpp>
#include <host/pages.hpp>
#include <host/parallel.hpp>
#include <memory>
#include <prorata/error.hpp>
#include <span>
#include <string>

namespace prorata::host::hashing {

/// Zeroed memory for buckets: large pages where there is much.
class bucket_memory {
 public:
  bucket_memory() = default;
  explicit bucket_memory(std::size_t bytes) {
    if (bytes >= large) {
      large_ = pages(bytes);
      return;
    }
    small_.reset(std::aligned_alloc(64, bytes));
    if (!small_) throw out_of_memory("hash_map: cannot allocate " + std::to_string(bytes) + " bytes");
    std::memset(small_.get(), 0, bytes);
  }
  void* data() const { return small_ ? small_.get() : large_.data(); }

 private:
  static constexpr std::size_t large = std::size_t{1} << 20;
  struct release {
    void operator()(void* memory) const noexcept { std::free(memory); }
  };
  std::unique_ptr<void, release> small_;
  pages large_;
};

/// What becomes of a key that is there already, or was earlier in the batch.
enum class when_found : std::uint8_t {
  keep,       ///< its value stays
  assign,     ///< the given value replaces it
  add,        ///< the given value is added, modulo 2^bits
  add_floats  ///< the same of floats and doubles: one after another, in the order of the batch
};

/// Keys and values of 4 or 8 bytes. The table looks the same whatever the number of threads: a region's keys are
/// brought in in the order of the batch, by one thread.
template <class K, class V>
class word_table {
 public:
  using bucket_type = bucket<K, V>;

  word_table(double max_load, std::uint64_t seed, std::shared_ptr<thread_limit const> threads);

  thread_limit const& threads() const { return *threads_; }
  index_t size() const { return in_buckets_ + (has_zero_ ? 1 : 0); }
  /// Pairs that the buckets have places for, beside those for what is displaced past a region's end.
  index_t places() const { return shape_.regions * shape_.homes * bucket_type::places; }
  index_t bytes() const { return shape_.buckets() * 64; }
  double max_load() const { return max_load_; }
  std::uint64_t seed() const { return seed_; }
  /// Pairs that it holds before it grows.
  index_t capacity() const { return limit() + (has_zero_ ? 1 : 0); }

  table_ref<K, V> ref() const { return {buckets(), shape_, seed_, has_zero_ ? &zero_ : nullptr}; }

  /// Brings pairs in; returns how many keys are new.
  ///   after   where it is not null, of each key its value when its turn is over; it may be `values`
  ///   throws  out_of_memory; what was brought in until then is there
  index_t upsert(std::span<K const> keys, V const* values, when_found what, V* after = nullptr);

  /// values[i] = what key i has, or missing; found[i] says which. Either may be null.
  void find(std::span<K const> keys, V* values, bool* found, V missing) const;

  /// Takes keys out; returns how many were there.
  index_t erase(std::span<K const> keys);

  /// Room for so many pairs within the load, and for those that are there: reserve() at least, rehash() exactly.
  void reserve(index_t pairs);
  void rehash(index_t pairs);
  void clear();

  /// Changes the pairs of a region: f(keys, values, n) returns how many it has left at the front, in order.
  /// Called on several threads; returns how many pairs are gone.
  struct filter {
    index_t (*call)(void const* context, K* keys, V* values, index_t n);
    void const* context;
  };
  index_t keep(filter f);

  /// f(keys, values, n) for the pairs of every bucket, on several threads; values may be changed.
  struct visitor {
    void (*call)(void const* context, K const* keys, V* values, index_t n);
    void const* context;
  };
  void each(visitor f);

  /// All pairs, in the order of the buckets; the key 0 comes first.
  void extract(K* keys, V* values) const;

 private:
  bucket_type* buckets() const { return static_cast<bucket_type*>(memory_.data()); }
  index_t limit() const;  // of the pairs in buckets
  void make(index_t homes);
  void make_place();
  void rebuild(index_t homes, std::uint64_t seed);
  template <when_found What>
  index_t upsert_as(std::span<K const> keys, V const* values, V* after);
  template <when_found What>
  void upsert_in_order(K const* keys, V const* values, V* after, index_t n);
  template <when_found What>
  void upsert_in_parts(K const* keys, V const* values, V* after, index_t n);

  double max_load_;
  std::uint64_t seed_;
  std::shared_ptr<thread_limit const> threads_;
  table_shape shape_;
  bucket_memory memory_;
  index_t in_buckets_ = 0;
  bool has_zero_ = false;
  V zero_{};
};

extern template class word_table<std::uint32_t, std::uint32_t>;
extern template class word_table<std::uint32_t, std::uint64_t>;
extern template class word_table<std::uint64_t, std::uint32_t>;
extern template class word_table<std::uint64_t, std::uint64_t>;

}  // namespace prorata::host::hashing
