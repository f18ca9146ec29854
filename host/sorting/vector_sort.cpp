// Choosing the instruction set of the vectorised sort, once.
#include <algorithm>
#include <host/sorting/stable_radix.hpp>
#include <host/sorting/vector_sort.hpp>
#include <memory>

namespace prorata::host {

namespace detail {
#ifdef PRORATA_VECTOR_SORTS
void vector_sort_avx2(std::uint32_t*, std::size_t);
void vector_sort_avx2(std::uint64_t*, std::size_t);
void vector_sort_avx512(std::uint32_t*, std::size_t);
void vector_sort_avx512(std::uint64_t*, std::size_t);
#endif
}  // namespace detail

namespace {

template <class K>
struct choice {
  void (*sort)(K*, std::size_t);
  char const* instructions;
};

template <class K>
void radix_sort(K* keys, std::size_t n) {
  constexpr std::size_t most = std::size_t{1} << 31;
  if (n < 2) return;
  if (n > most) return std::sort(keys, keys + n);
  auto const [least, greatest] = std::minmax_element(keys, keys + n);
  K const low = *least, high = *greatest;
  auto const room = std::make_unique_for_overwrite<K[]>(n);
  stable_radix_sort(keys, room.get(), n, low, high);
}

template <class K>
choice<K> choose() {
#ifdef PRORATA_VECTOR_SORTS
  __builtin_cpu_init();
  // Compressing 32-bit keys to memory is microcoded in Zen 4: eight times slower than AVX2.
  bool const slow_compress = sizeof(K) == 4 && __builtin_cpu_is("amd");
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512cd") && !slow_compress)
    return {[](K* keys, std::size_t n) { detail::vector_sort_avx512(keys, n); }, "AVX-512"};
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("fma"))
    return {[](K* keys, std::size_t n) { detail::vector_sort_avx2(keys, n); }, "AVX2"};
#endif
  return {radix_sort<K>, "none"};
}

template <class K>
choice<K> const& chosen() {
  static choice<K> const once = choose<K>();
  return once;
}

}  // namespace

void vector_sort(std::uint32_t* keys, std::size_t n) { chosen<std::uint32_t>().sort(keys, n); }
void vector_sort(std::uint64_t* keys, std::size_t n) { chosen<std::uint64_t>().sort(keys, n); }

char const* vector_sort_instructions(int key_bytes) {
  return key_bytes == 4 ? chosen<std::uint32_t>().instructions : chosen<std::uint64_t>().instructions;
}

}  // namespace prorata::host
