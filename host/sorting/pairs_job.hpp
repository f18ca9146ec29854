// Keys with values, stably: dealt into buckets, and sorted there by digits.
#pragma once

#include <host/sorting/buckets.hpp>
#include <host/sorting/sort_bits.hpp>

namespace prorata::host::sorting {

/// What is dealt out: a key of 32 or 64 bits and a value, together a power of two bytes.
template <class U, class V>
struct alignas(sizeof(U) + sizeof(V) <= 8 ? 8 : 16) keyed {
  std::conditional_t<sizeof(U) <= 4, std::uint32_t, std::uint64_t> key;
  V value;
};

/// Memory of one thread for the bucket it is at.
template <class E>
class workbench {
 public:
  E* room(index_t n) {
    if (n > capacity_) {
      memory_.reset();
      memory_.reset(new (std::nothrow) std::byte[static_cast<std::size_t>(n) * sizeof(E)]);
      capacity_ = memory_ ? n : 0;
      if (!memory_) throw out_of_memory("host memory: none is left to sort a bucket in");
    }
    return reinterpret_cast<E*>(memory_.get());
  }
  /// Keeps what the next bucket will want, not what only this one did.
  void tidy() {
    if (capacity_ * static_cast<index_t>(sizeof(E)) > 8 * bucket_bytes) memory_.reset(), capacity_ = 0;
  }

 private:
  std::unique_ptr<std::byte[]> memory_;
  index_t capacity_ = 0;
};

template <class U, number_kind Kind, class V>
struct pairs_job {
  using element = keyed<U, V>;
  using key = decltype(element::key);
  static constexpr bool bits_stay = Kind != number_kind::boolean, key_is_all = false;
  bit_order<U, Kind> order;
  U* keys;
  V* values;

  static workbench<element>& bench() {
    static thread_local workbench<element> mine;
    return mine;
  }
  element load(index_t i) const { return {order.key(keys[i]), values[i]}; }
  element* room(index_t, index_t n) const { return bench().room(2 * n); }
  void finish(element* e, index_t n, index_t place, key_range<key> range) const {
    auto const count = static_cast<std::size_t>(n);
    if (range.least != range.greatest) {
      if (count < std::size_t{1} << 32) {
        stable_radix_sort(e, e + n, count, range.least, range.greatest);
      } else {
        std::stable_sort(e, e + n, [](element const& a, element const& b) { return a.key < b.key; });
      }
    }
    return_to(e, n, place);
    bench().tidy();
  }
  void return_to(element const* e, index_t n, index_t place) const {
    U* const to = keys + place;
    V* const with = values + place;
    for (index_t i = 0; i < n; ++i) to[i] = order.bits(static_cast<U>(e[i].key));
    for (index_t i = 0; i < n; ++i) with[i] = e[i].value;
  }
  pairs_job part(index_t place) const { return {order, keys + place, values + place}; }
};

template <class U, number_kind Kind, int Bytes>
void sort_bit_pairs(stream const& s, bit_order<U, Kind> order, U* keys, void* values, index_t n) {
  using value = prorata::detail::unsigned_of<Bytes>;
  sort_in_buckets(s, pairs_job<U, Kind, value>{order, keys, static_cast<value*>(values)}, n);
}

}  // namespace prorata::host::sorting
