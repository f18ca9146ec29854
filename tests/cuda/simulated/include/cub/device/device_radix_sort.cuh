// cub::DeviceRadixSort with double buffers, as the project calls it: what was current is spoilt, as it may be.
#pragma once

#include <algorithm>
#include <cstring>
#include <cub/stand_in.cuh>
#include <numeric>
#include <type_traits>
#include <vector>

namespace cub {

class DeviceRadixSort {
  template <class K, class V, class N, class Before>
  static cudaError_t sort(void* memory, std::size_t& bytes, DoubleBuffer<K>& keys, DoubleBuffer<V>& values,
                          N n, cudaStream_t stream, Before before) {
    auto const error = detail::in_two_calls(
        memory, bytes, stream,
        [=, from = keys.Current(), to = keys.Alternate(), v_from = values.Current(),
         v_to = values.Alternate()] {
          auto const count = static_cast<std::size_t>(n);
          std::vector<std::size_t> places(count);
          std::iota(places.begin(), places.end(), std::size_t{0});
          std::stable_sort(places.begin(), places.end(),
                           [&](std::size_t a, std::size_t b) { return before(from[a], from[b]); });
          for (std::size_t k = 0; k < count; ++k) to[k] = from[places[k]];
          if constexpr (!std::is_same_v<V, NullType>)
            for (std::size_t k = 0; k < count; ++k) v_to[k] = v_from[places[k]];
          std::memset(static_cast<void*>(from), 0xee, count * sizeof(K));
        });
    if (memory != nullptr) keys.selector ^= 1, values.selector ^= 1;
    return error;
  }

  /// The bits that the caller wants sorted, as unsigned keys.
  template <class K>
  struct by_bits {
    int begin, end;
    bool down;
    K bits(K key) const {
      int const all = static_cast<int>(sizeof(K)) * 8;
      if (begin == 0 && end == all) return key;
      return static_cast<K>(static_cast<K>(key << (all - end)) >> (all - end + begin));
    }
    bool operator()(K a, K b) const { return down ? bits(b) < bits(a) : bits(a) < bits(b); }
  };

 public:
  template <class K, class N>
  static cudaError_t SortKeys(void* memory, std::size_t& bytes, DoubleBuffer<K>& keys, N n, int begin,
                              int end, cudaStream_t stream) {
    DoubleBuffer<NullType> none;
    return sort(memory, bytes, keys, none, n, stream, by_bits<K>{begin, end, false});
  }
  template <class K, class N>
  static cudaError_t SortKeysDescending(void* memory, std::size_t& bytes, DoubleBuffer<K>& keys, N n,
                                        int begin, int end, cudaStream_t stream) {
    DoubleBuffer<NullType> none;
    return sort(memory, bytes, keys, none, n, stream, by_bits<K>{begin, end, true});
  }
  template <class K, class V, class N>
  static cudaError_t SortPairs(void* memory, std::size_t& bytes, DoubleBuffer<K>& keys,
                               DoubleBuffer<V>& values, N n, int begin, int end, cudaStream_t stream) {
    return sort(memory, bytes, keys, values, n, stream, by_bits<K>{begin, end, false});
  }
  template <class K, class V, class N>
  static cudaError_t SortPairsDescending(void* memory, std::size_t& bytes, DoubleBuffer<K>& keys,
                                         DoubleBuffer<V>& values, N n, int begin, int end,
                                         cudaStream_t stream) {
    return sort(memory, bytes, keys, values, n, stream, by_bits<K>{begin, end, true});
  }
};

}  // namespace cub
