// Sorting and merging on the host: dealt into buckets and sorted in cache, on all threads.
#pragma once

#include <algorithm>
#include <cstring>
#include <host/sorting/sort_bits.hpp>
#include <host/stream.hpp>
#include <memory>
#include <type_traits>

namespace prorata::host {

namespace detail {
template <class T>
auto* bits_at(T* x) {
  return reinterpret_cast<typename total_order<std::remove_const_t<T>>::key_type*>(x);
}

/// Elements of an output that one thread merges at a time.
inline constexpr index_t merge_grain = 1 << 15;

/// How many of the first `place` merged elements come from a; on ties a's come first.
template <class T>
index_t split_of_merge(total_order<T> const& order, T const* a, index_t n, T const* b, index_t m,
                       index_t place) {
  index_t low = std::max<index_t>(0, place - m), high = std::min(place, n);
  while (low < high) {
    index_t const middle = low + (high - low) / 2;
    if (order(b[place - middle - 1], a[middle])) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

/// f(piece of a, its size, piece of b, its size, place in the output), for pieces that may be merged alone.
template <class T, class F>
void in_merge_pieces(stream const& s, total_order<T> const& order, T const* a, index_t n, T const* b,
                     index_t m, F const& f) {
  s.parallel((n + m + merge_grain - 1) / merge_grain, [&](index_t k) {
    index_t const begin = k * merge_grain, end = std::min(begin + merge_grain, n + m);
    index_t const from = split_of_merge(order, a, n, b, m, begin),
                  to = split_of_merge(order, a, n, b, m, end);
    f(from, to, begin - from, end - to, begin);
  });
}
}  // namespace detail

/// Queues the sorting of n elements, in place.
///   cost   two reads and two writes of the data; as much memory again
template <class T>
void sort_keys(stream& s, total_order<T> order, T* data, index_t n) {
  if (n < 2 && total_order<T>::kind != number_kind::boolean) return;
  s.enqueue([&s, order, data, n] { sorting::sort_bits(s, order.bit_map, detail::bits_at(data), n); });
}

/// Queues the sorting of n keys and of their values with them; equal keys keep their order.
///   cost   two reads and two writes of both for values of 4 or 8 bytes; others are gathered afterwards
template <class T, class V>
void sort_pairs(stream& s, total_order<T> order, T* keys, V* values, index_t n) {
  static_assert(std::is_trivially_copyable_v<V>, "values are moved as bytes");
  if (n < 2 && total_order<T>::kind != number_kind::boolean) return;
  s.enqueue([&s, order, keys, values, n] {
    using order_type = total_order<T>;
    if constexpr (sizeof(V) == 4 || sizeof(V) == 8) {
      sorting::sort_bit_pairs<typename order_type::key_type, order_type::kind, sizeof(V)>(
          s, order.bit_map, detail::bits_at(keys), values, n);
    } else {
      auto const places = std::make_unique_for_overwrite<index_t[]>(static_cast<std::size_t>(n));
      sorting::sort_bit_indices(s, order.bit_map, detail::bits_at(keys), 0, places.get(), n);
      auto const moved = std::make_unique_for_overwrite<std::byte[]>(static_cast<std::size_t>(n) * sizeof(V));
      auto const each = [&](auto const& f) {
        s.parallel((n + detail::merge_grain - 1) / detail::merge_grain, [&](index_t k) {
          index_t const begin = k * detail::merge_grain;
          for (index_t i = begin; i < std::min(begin + detail::merge_grain, n); ++i) f(i);
        });
      };
      each([&](index_t i) {
        std::memcpy(moved.get() + static_cast<std::size_t>(i) * sizeof(V), values + places[i], sizeof(V));
      });
      each([&](index_t i) {
        std::memcpy(static_cast<void*>(values + i), moved.get() + static_cast<std::size_t>(i) * sizeof(V),
                    sizeof(V));
      });
    }
  });
}

/// Queues the sorting of n elements in place, and indices[k] = first + where the k-th of them was; equal ones
/// in the order they were in.
template <class T>
void sort_indices(stream& s, total_order<T> order, T* data, index_t first, index_t* indices, index_t n) {
  if (n == 0) return;
  s.enqueue([&s, order, data, first, indices, n] {
    sorting::sort_bit_indices(s, order.bit_map, detail::bits_at(data), first, indices, n);
  });
}

/// Queues the merging of two sorted arrays into `out`; among equal ones a's come first.
///   cost   one read and one write of all
template <class T>
void merge_keys(stream& s, total_order<T> order, T const* a, index_t n, T const* b, index_t m, T* out) {
  if (n + m == 0) return;
  s.enqueue([&s, order, a, n, b, m, out] {
    detail::in_merge_pieces(s, order, a, n, b, m,
                            [&](index_t i, index_t a_end, index_t j, index_t b_end, index_t k) {
                              while (i < a_end && j < b_end) {
                                bool const second = order(b[j], a[i]);
                                out[k++] = second ? b[j] : a[i];
                                j += second;
                                i += !second;
                              }
                              std::copy(b + j, b + b_end, std::copy(a + i, a + a_end, out + k));
                            });
  });
}

/// The same with values.
template <class T, class V>
void merge_pairs(stream& s, total_order<T> order, T const* a, V const* a_values, index_t n, T const* b,
                 V const* b_values, index_t m, T* out, V* out_values) {
  if (n + m == 0) return;
  s.enqueue([=, &s] {
    detail::in_merge_pieces(s, order, a, n, b, m,
                            [&](index_t i, index_t a_end, index_t j, index_t b_end, index_t k) {
                              for (; i < a_end && j < b_end; ++k) {
                                bool const second = order(b[j], a[i]);
                                out[k] = second ? b[j] : a[i];
                                out_values[k] = second ? b_values[j] : a_values[i];
                                j += second;
                                i += !second;
                              }
                              std::copy(b + j, b + b_end, std::copy(a + i, a + a_end, out + k));
                              std::copy(b_values + j, b_values + b_end,
                                        std::copy(a_values + i, a_values + a_end, out_values + k));
                            });
  });
}

}  // namespace prorata::host
