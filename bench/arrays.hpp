// arrays: the memory that every contestant of every contest works on, and the seeded numbers in it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <prorata/config.hpp>
#include <span>
#include <type_traits>
#include <vector>

namespace prorata::bench {

/// How numbers are drawn.
///   uniform   floats in [−1, 1); integers of 18 bits, so that no sum of products overflows
///   wide      floats whose exponents differ by up to 40
enum class spread { uniform, wide };

/// The element at a place, known without memory: what the oracles compute with.
template <class T>
struct drawn {
  std::uint64_t seed;
  spread kind;

  T operator()(int array, index_t i) const {
    std::uint64_t h = seed + static_cast<std::uint64_t>(array) * 0xd1342543de82ef95u +
                      (static_cast<std::uint64_t>(i) + 1) * 0x9e3779b97f4a7c15u;  // splitmix64
    h = (h ^ (h >> 30)) * 0xbf58476d1ce4e5b9u;
    h = (h ^ (h >> 27)) * 0x94d049bb133111ebu;
    h ^= h >> 31;
    if constexpr (std::is_integral_v<T>) {
      return static_cast<T>(static_cast<std::int64_t>(h) >> 46);
    } else {
      constexpr int bits = sizeof(T) == 4 ? 24 : 53;
      T const x = static_cast<T>(static_cast<std::int64_t>(h) >> (64 - bits)) *
                  (T{2} / static_cast<T>(std::uint64_t{1} << bits));
      return kind == spread::uniform ? x : x * scale(static_cast<int>(h % 41));
    }
  }

 private:
  static T scale(int k) { return static_cast<T>(std::uint64_t{1} << k) / static_cast<T>(1 << 20); }
};

/// The first n elements of an array, as they were drawn.
template <class T>
std::vector<T> drawn_values(drawn<T> const& number, int array, index_t n) {
  std::vector<T> values(static_cast<std::size_t>(n));
  for (index_t i = 0; i < n; ++i) values[static_cast<std::size_t>(i)] = number(array, i);
  return values;
}

/// Three blocks of one size: two that are read and one that is written. They are files without a name, so
/// that another process can map the very same pages: where pages lie in memory decides how fast they are.
class arrays {
 public:
  static constexpr int x = 0, y = 1, out = 2;

  /// `spoiled` changes two elements of x behind the oracles' backs: every check must then refuse.
  arrays(index_t bytes, std::uint64_t seed, bool spoiled);
  ~arrays();
  arrays(arrays const&) = delete;
  arrays& operator=(arrays const&) = delete;

  index_t bytes() const { return bytes_; }
  int descriptor(int which) const { return descriptors_[static_cast<std::size_t>(which)]; }

  template <class T>
  std::span<T> get(int which) const {
    return {reinterpret_cast<T*>(memory_[static_cast<std::size_t>(which)]),
            static_cast<std::size_t>(bytes_) / sizeof(T)};
  }

  /// Fills x and y, unless they hold these numbers already. T: float, double, std::int32_t, std::int64_t.
  template <class T>
  drawn<T> fill(spread kind = spread::uniform);

  /// Fills `out` with bytes that are no right answer.
  void forget();

 private:
  index_t bytes_;
  std::uint64_t seed_;
  bool spoiled_;
  int filled_ = 0;
  std::array<std::byte*, 3> memory_{};
  std::array<int, 3> descriptors_{};
};

}  // namespace prorata::bench
