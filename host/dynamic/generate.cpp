// Elements by their numbers.
#include <algorithm>
#include <host/dynamic/generate.hpp>
#include <host/parallel.hpp>
#include <span>
#include <type_traits>
#include <vector>

namespace prorata::dynamic {

namespace {

std::uint64_t random_bits(std::uint64_t seed, index_t i) {
  std::uint64_t z = seed + (static_cast<std::uint64_t>(i) + 1) * 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

template <class T>
T element(std::uint64_t bits) {
  if constexpr (std::is_same_v<T, boolean8>) {
    return {static_cast<unsigned char>(bits >> 63)};
  } else if constexpr (std::is_same_v<T, half>) {
    return to_half(static_cast<double>(bits >> 11) * 0x1p-53 - 0.5);
  } else if constexpr (std::is_floating_point_v<T>) {
    return static_cast<T>(static_cast<double>(bits >> 11) * 0x1p-53 - 0.5);
  } else {
    return static_cast<T>(bits >> (64 - 8 * sizeof(T)));
  }
}

}  // namespace

void generate(io::array_sink const& out, io::dtype type, std::uint64_t seed, piece p,
              std::function<void(index_t bytes)> const& done) {
  constexpr index_t grain = 128 * tile;
  host::for_each_block((p.end - p.begin + grain - 1) / grain, [&](index_t k) {
    index_t const begin = p.begin + k * grain, end = std::min(begin + grain, p.end);
    io::visit(type, [&](auto tag) {
      using T = typename decltype(tag)::type;
      std::vector<T> values(static_cast<std::size_t>(end - begin));
      for (index_t i = begin; i < end; ++i)
        values[static_cast<std::size_t>(i - begin)] = element<T>(random_bits(seed, i));
      out.write(begin, std::as_bytes(std::span(values)));
    });
    done((end - begin) * io::size_of(type));
  });
}

}  // namespace prorata::dynamic
