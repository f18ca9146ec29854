// Sorting and merging on the host: dealt into buckets and sorted in cache, on all threads.
#pragma once

#include <algorithm>
#include <array>
#include <cstring>
#include <host/sorting/sort_bits.hpp>
#include <host/stream.hpp>
#include <memory>
#include <type_traits>

namespace prorata::host {

namespace detail {
template <class T>
using bits_of = typename total_order<T>::key_type;

template <class T>
auto* bits_at(T* x) {
  using bits = bits_of<std::remove_const_t<T>>;
  return reinterpret_cast<std::conditional_t<std::is_const_v<T>, bits const, bits>*>(x);
}

/// Elements of an output that one thread merges at a time.
inline constexpr index_t merge_grain = 1 << 15;

/// How many of the first `place` merged elements come from a; on ties a's come first.
template <class T, class Order>
index_t split_of_merge(Order const& order, T const* a, index_t n, T const* b, index_t m, index_t place) {
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

/// Part of a merge: a[i, a_end) and b[j, b_end).
struct merging {
  index_t i, a_end, j, b_end;

  index_t size() const { return a_end - i + b_end - j; }
  /// So many steps need not look for an end.
  index_t sure() const { return std::min(a_end - i, b_end - j); }
};

/// The order of elements by their bits, in a direction that the compiler knows.
template <class T, direction D>
struct order_of_bits {
  bool operator()(bits_of<T> x, bits_of<T> y) const {
    constexpr auto map = total_order<T>{D}.bit_map;
    return map.key(x) < map.key(y);
  }
};

/// Merges a and b on the threads of a stream, piece by piece: put(whether b[j] is next, a[i], b[j], i,
/// j, place). A step waits for the one before it, so a thread takes those of four parts of its piece in
/// turns; and it has no branch, for nobody could predict it.
template <class T, class Order, class Put>
void merge_towards(stream const& s, Order const& order, T const* a, index_t n, T const* b, index_t m,
                   Put const& put) {
  s.parallel((n + m + merge_grain - 1) / merge_grain, [&](index_t piece) {
    index_t const begin = piece * merge_grain, end = std::min(begin + merge_grain, n + m);
    index_t const size = (end - begin + 3) / 4;
    auto const part = [&](index_t q) {
      index_t const first = std::min(begin + q * size, end), last = std::min(first + size, end),
                    from = split_of_merge(order, a, n, b, m, first),
                    to = split_of_merge(order, a, n, b, m, last);
      return merging{from, to, first - from, last - to};
    };
    auto const step = [order, a, b, put](index_t& i, index_t& j, index_t k) {
      auto const x = a[i], y = b[j];
      bool const second = order(y, x);
      put(second, x, y, i, j, k);
      j += second;
      i += !second;
    };
    std::array<merging, 4> parts{part(0), part(1), part(2), part(3)};
    auto& [p, q, r, t] = parts;
    index_t k = begin;
    for (index_t sure; (sure = std::min({p.sure(), q.sure(), r.sure(), t.sure()})) > 0;) {
      index_t pi = p.i, pj = p.j, qi = q.i, qj = q.j, ri = r.i, rj = r.j, ti = t.i, tj = t.j;
      for (; sure > 0; --sure, ++k) {
        step(pi, pj, k);
        step(qi, qj, k + size);
        step(ri, rj, k + 2 * size);
        step(ti, tj, k + 3 * size);
      }
      p.i = pi, p.j = pj, q.i = qi, q.j = qj, r.i = ri, r.j = rj, t.i = ti, t.j = tj;
    }
    for (auto& rest : parts) {
      index_t to = std::min(begin + (&rest - parts.data() + 1) * size, end) - rest.size();
      for (index_t sure; (sure = rest.sure()) > 0;)
        for (; sure > 0; --sure, ++to) step(rest.i, rest.j, to);
      for (; rest.i < rest.a_end; ++rest.i, ++to) put(false, a[rest.i], a[rest.i], rest.i, 0, to);
      for (; rest.j < rest.b_end; ++rest.j, ++to) put(true, b[rest.j], b[rest.j], 0, rest.j, to);
    }
  });
}

template <class T, class Put>
void merge_in_pieces(stream const& s, total_order<T> const& order, T const* a, index_t n, T const* b,
                     index_t m, Put const& put) {
  auto const *const from_a = bits_at(a), *const from_b = bits_at(b);
  if (order(T{0}, T{1})) {
    merge_towards(s, order_of_bits<T, direction::ascending>{}, from_a, n, from_b, m, put);
  } else {
    merge_towards(s, order_of_bits<T, direction::descending>{}, from_a, n, from_b, m, put);
  }
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
  s.enqueue([&s, order, a, n, b, m, to = detail::bits_at(out)] {
    using bits = detail::bits_of<T>;
    detail::merge_in_pieces(
        s, order, a, n, b, m,
        [to](bool second, bits x, bits y, index_t, index_t, index_t place) { to[place] = second ? y : x; });
  });
}

/// The same with values.
template <class T, class V>
void merge_pairs(stream& s, total_order<T> order, T const* a, V const* a_values, index_t n, T const* b,
                 V const* b_values, index_t m, T* out, V* out_values) {
  if (n + m == 0) return;
  s.enqueue([=, &s, to = detail::bits_at(out)] {
    using bits = detail::bits_of<T>;
    detail::merge_in_pieces(s, order, a, n, b, m,
                            [=](bool second, bits x, bits y, index_t i, index_t j, index_t place) {
                              to[place] = second ? y : x;
                              out_values[place] = *(second ? b_values + j : a_values + i);
                            });
  });
}

}  // namespace prorata::host
