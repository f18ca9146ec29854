// Seeded numbers, written by all cores; pages are touched in the order a loop will read them.
#include <sys/mman.h>
#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>
#include <unistd.h>

#include <bench/arrays.hpp>
#include <cstring>
#include <prorata/error.hpp>
#include <string>

namespace prorata::bench {
namespace {

template <class F>
void in_parallel(index_t n, F const& f) {
  tbb::parallel_for(tbb::blocked_range<index_t>(0, n, 1 << 17),
                    [&](tbb::blocked_range<index_t> const& range) {
                      for (index_t i = range.begin(); i < range.end(); ++i) f(i);
                    });
}

}  // namespace

arrays::arrays(index_t bytes, std::uint64_t seed, bool spoiled)
    : bytes_(bytes), seed_(seed), spoiled_(spoiled) {
  for (std::size_t k = 0; k < memory_.size(); ++k) {
    descriptors_[k] = memfd_create("prorata-bench", 0);
    void* place = MAP_FAILED;
    if (descriptors_[k] >= 0 && ftruncate(descriptors_[k], bytes_) == 0)
      place = mmap(nullptr, static_cast<std::size_t>(bytes_), PROT_READ | PROT_WRITE, MAP_SHARED,
                   descriptors_[k], 0);
    if (place == MAP_FAILED)
      throw out_of_memory("cannot map an array of " + std::to_string(bytes_) + " bytes; lower --size");
    memory_[k] = static_cast<std::byte*>(place);
  }
}

arrays::~arrays() {
  for (std::size_t k = 0; k < memory_.size(); ++k) {
    munmap(memory_[k], static_cast<std::size_t>(bytes_));
    close(descriptors_[k]);
  }
}

template <class T>
drawn<T> arrays::fill(spread kind) {
  drawn<T> const number{seed_, kind};
  int const wanted = 1 + 4 * static_cast<int>(kind) +
                     (std::is_integral_v<T> ? (sizeof(T) == 4 ? 3 : 2)
                      : sizeof(T) == 4      ? 1
                                            : 0);
  if (filled_ != wanted) {
    for (int which : {x, y}) {
      auto const to = get<T>(which);
      in_parallel(static_cast<index_t>(to.size()),
                  [&](index_t i) { to[static_cast<std::size_t>(i)] = number(which, i); });
    }
    if (spoiled_) {
      auto const middle = get<T>(x).subspan(get<T>(x).size() / 2, 2);
      middle[0] = middle[0] > 0 ? T{-(1 << 19)} : T{1 << 19};  // to the other side of most limits
      middle[1] += T{1 << 20};                                 // the greatest
    }
    filled_ = wanted;
  }
  return number;
}
template drawn<float> arrays::fill(spread);
template drawn<double> arrays::fill(spread);
template drawn<std::int32_t> arrays::fill(spread);
template drawn<std::int64_t> arrays::fill(spread);

void arrays::forget() {
  auto const words = get<std::uint64_t>(out);
  in_parallel(static_cast<index_t>(words.size()),
              [&](index_t i) { words[static_cast<std::size_t>(i)] = 0x7ff7fff77ff7fff7u; });
}

}  // namespace prorata::bench
