// Highway's vectorised quicksort for one instruction set: compiled once for each, chosen at run time.
//
// The build gives PRORATA_VECTOR_SORT, the function's name, the compiler flags of the instruction set, and
// PRORATA_HIGHWAY_TARGET, what Highway calls it.
// Highway is renamed so that this copy, used as headers only, never meets the one another library was built
// with.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#define HWY_COMPILE_ONLY_STATIC
#define PRORATA_JOIN2(a, b) a##b
#define PRORATA_JOIN(a, b) PRORATA_JOIN2(a, b)
#define hwy PRORATA_JOIN(prorata_highway_, PRORATA_VECTOR_SORT)
#include <hwy/contrib/sort/traits-inl.h>
#include <hwy/contrib/sort/vqsort-inl.h>

static_assert(HWY_TARGET == PRORATA_HIGHWAY_TARGET, "the compiler flags give another instruction set");

namespace hwy {
/// Seeds of the pivots' random numbers: what is sorted does not depend on them.
void Sorter::Fill24Bytes(void const*, size_t n, void* bytes) {
  std::uint64_t const seed[3] = {n | 1, 0x9e3779b97f4a7c15u * n, 0xda942042e4dd58b5u};
  std::memcpy(bytes, seed, sizeof seed);
}

/// Where one of Highway's own assertions fails, which it has in debugging builds alone.
void Abort(char const* file, int line, char const* format, ...) {
  std::fprintf(stderr, "%s:%d: %s\n", file, line, format);
  std::abort();
}
}  // namespace hwy

namespace prorata::host::detail {

namespace {
namespace target = ::hwy::HWY_NAMESPACE;

template <class K>
void sort(K* keys, std::size_t n) {
  target::SortTag<K> const lanes;
  target::detail::SharedTraits<target::detail::TraitsLane<target::detail::OrderAscending<K>>> const ascending;
  target::Sort(lanes, ascending, keys, n, static_cast<K*>(nullptr));
}
}  // namespace

void PRORATA_VECTOR_SORT(std::uint32_t* keys, std::size_t n) { sort(keys, n); }
void PRORATA_VECTOR_SORT(std::uint64_t* keys, std::size_t n) { sort(keys, n); }

}  // namespace prorata::host::detail
