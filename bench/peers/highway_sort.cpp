// Highway's vectorised quicksort, on one core: it has no parallel form.
#include <hwy/contrib/sort/vqsort.h>

#include <bench/peers/sort_peers.hpp>

namespace prorata::bench {
namespace {
bool const known = join_sorts("Highway vqsort, 1 core", []<class T>(T* x, std::int64_t n) {
  hwy::Sorter()(x, static_cast<std::size_t>(n), hwy::SortAscending{});
});
}
}  // namespace prorata::bench
