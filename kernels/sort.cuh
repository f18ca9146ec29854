// Sorting and merging on the GPU: CUB's radix sort and merge behind our verbs.
#pragma once

#include <cub/device/device_merge.cuh>
#include <cub/device/device_radix_sort.cuh>
#include <kernels/temporary.cuh>
#include <kernels/transform.cuh>
#include <prorata/total_order.hpp>
#include <type_traits>

namespace prorata::cuda {

namespace detail {

/// load(i) of keys to be sorted as unsigned integers, and of the elements they stand for.
template <class T>
struct key_load {
  total_order<T> order;
  T const* data;
  PRORATA_HD auto operator()(index_t i) const { return order.key(data[i]); }
};
template <class T>
struct value_load {
  total_order<T> order;
  typename total_order<T>::key_type const* keys;
  PRORATA_HD T operator()(index_t i) const { return order.value(keys[i]); }
};
struct place_load {
  index_t first;
  PRORATA_HD index_t operator()(index_t i) const { return first + i; }
};

/// Memory of a stream for as long as the scope lasts.
template <class T>
class scoped {
 public:
  scoped(stream& s, index_t n)
      : stream_(s),
        bytes_(static_cast<std::size_t>(n) * sizeof(T)),
        data_(static_cast<T*>(s.allocate(bytes_))) {}
  ~scoped() { stream_.deallocate(data_, bytes_); }
  scoped(scoped const&) = delete;
  T* data() const { return data_; }

 private:
  stream& stream_;
  std::size_t bytes_;
  T* data_;
};

/// Sorts what keys.Current() holds, with or without values.
template <class K, class V>
void radix_sort(stream& s, cub::DoubleBuffer<K>& keys, cub::DoubleBuffer<V>& values, index_t n) {
  with_temporary(s, [&](void* memory, std::size_t& bytes) {
    if constexpr (std::is_same_v<V, cub::NullType>) {
      return cub::DeviceRadixSort::SortKeys(memory, bytes, keys, n, 0, static_cast<int>(sizeof(K)) * 8,
                                            s.native());
    } else {
      return cub::DeviceRadixSort::SortPairs(memory, bytes, keys, values, n, 0,
                                             static_cast<int>(sizeof(K)) * 8, s.native());
    }
  });
}
template <class K, class V>
void radix_sort_down(stream& s, cub::DoubleBuffer<K>& keys, cub::DoubleBuffer<V>& values, index_t n) {
  with_temporary(s, [&](void* memory, std::size_t& bytes) {
    if constexpr (std::is_same_v<V, cub::NullType>) {
      return cub::DeviceRadixSort::SortKeysDescending(memory, bytes, keys, n, 0,
                                                      static_cast<int>(sizeof(K)) * 8, s.native());
    } else {
      return cub::DeviceRadixSort::SortPairsDescending(memory, bytes, keys, values, n, 0,
                                                       static_cast<int>(sizeof(K)) * 8, s.native());
    }
  });
}

/// Keys in place, with the values of a double buffer. CUB orders integers as we do; floats and truth are
/// sorted as the keys of their order, made on the way to the second buffer and unmade on the way back.
template <class T, class V>
void sort_with(stream& s, total_order<T> order, T* data, cub::DoubleBuffer<V>& values, index_t n) {
  using K = typename total_order<T>::key_type;
  if constexpr (total_order<T>::kind == number_kind::integer) {
    scoped<T> const spare(s, n);
    cub::DoubleBuffer<T> keys(data, spare.data());
    if (order.key(T{1}) < order.key(T{0})) {
      radix_sort_down(s, keys, values, n);
    } else {
      radix_sort(s, keys, values, n);
    }
    if (keys.Current() != data) s.copy(data, keys.Current(), static_cast<std::size_t>(n) * sizeof(T));
  } else {
    scoped<K> const spare(s, n);
    cub::DoubleBuffer<K> keys(spare.data(), reinterpret_cast<K*>(data));
    transform_index(s, 0, n, key_load<T>{order, data}, spare.data());
    radix_sort(s, keys, values, n);
    transform_index(s, 0, n, value_load<T>{order, keys.Current()}, data);
  }
}
}  // namespace detail

/// Queues the sorting of n elements, in place.
///   cost    CUB's onesweep: a sweep for each 8 bits and one before; floats two more; as much memory again
///   source  Adinets, Merrill: Onesweep (2022)
template <class T>
void sort_keys(stream& s, total_order<T> order, T* data, index_t n) {
  if (n < 2 && total_order<T>::kind != number_kind::boolean) return;
  if (n == 0) return;
  cub::DoubleBuffer<cub::NullType> none;
  detail::sort_with(s, order, data, none, n);
}

/// Queues the sorting of n keys and of their values with them; equal keys keep their order.
template <class T, class V>
void sort_pairs(stream& s, total_order<T> order, T* keys, V* values, index_t n) {
  static_assert(std::is_trivially_copyable_v<V>, "values are moved as bytes");
  if (n == 0) return;
  detail::scoped<V> const spare(s, n);
  cub::DoubleBuffer<V> both(values, spare.data());
  detail::sort_with(s, order, keys, both, n);
  if (both.Current() != values) s.copy(values, both.Current(), static_cast<std::size_t>(n) * sizeof(V));
}

/// Queues the sorting of n elements in place, and indices[k] = first + where the k-th of them was; equal ones
/// in the order they were in.
template <class T>
void sort_indices(stream& s, total_order<T> order, T* data, index_t first, index_t* indices, index_t n) {
  transform_index(s, 0, n, detail::place_load{first}, indices);
  sort_pairs(s, order, data, indices, n);
}

/// Queues the merging of two sorted arrays into `out`; among equal ones a's come first.
///   cost    one read and one write of all
///   source  Green, McColl, Bader: GPU merge path (2012), in CUB
template <class T>
void merge_keys(stream& s, total_order<T> order, T const* a, index_t n, T const* b, index_t m, T* out) {
  if (n + m == 0) return;
  with_temporary(s, [&](void* memory, std::size_t& bytes) {
    return cub::DeviceMerge::MergeKeys(memory, bytes, a, n, b, m, out, order, s.native());
  });
}

/// The same with values.
template <class T, class V>
void merge_pairs(stream& s, total_order<T> order, T const* a, V const* a_values, index_t n, T const* b,
                 V const* b_values, index_t m, T* out, V* out_values) {
  if (n + m == 0) return;
  with_temporary(s, [&](void* memory, std::size_t& bytes) {
    return cub::DeviceMerge::MergePairs(memory, bytes, a, a_values, n, b, b_values, m, out, out_values, order,
                                        s.native());
  });
}

}  // namespace prorata::cuda
