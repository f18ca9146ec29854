// The plainest parallel loops over words: every core takes one stretch.
#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>
#include <tbb/parallel_reduce.h>

#include <algorithm>
#include <bench/ceilings.hpp>
#include <functional>
#include <host/streaming.hpp>
#include <span>

namespace prorata::bench {
namespace {

using word = std::uint64_t;
using range = tbb::blocked_range<std::size_t>;

word total(range const& r, word const* x) {
  word sum = 0;
  for (std::size_t i = r.begin(); i < r.end(); ++i) sum += x[i];
  return sum;
}

word read_all(std::span<word> x) {
  return tbb::parallel_reduce(
      range(0, x.size(), 1 << 16), word{0},
      [p = x.data()](range const& r, word sum) { return sum + total(r, p); }, std::plus<>{},
      tbb::static_partitioner{});
}

/// out[i] = f(i), computed into a block in cache and streamed from there.
template <class F>
void write_all(std::span<word> out, F f) {
  constexpr std::size_t block = 128;
  std::size_t const blocks = out.size() / block;
  tbb::parallel_for(
      range(0, blocks, 64),
      [&](range const& r) {
        alignas(64) word staged[block];
        for (std::size_t b = r.begin(); b < r.end(); ++b) {
          for (std::size_t i = 0; i < block; ++i) staged[i] = f(b * block + i);
          host::stream_lines(out.data() + b * block, staged, sizeof staged);
        }
        host::streaming_fence();
      },
      tbb::static_partitioner{});
  for (std::size_t i = blocks * block; i < out.size(); ++i) out[i] = f(i);
}

template <class F>
contestant writing(std::string name, arrays& a, F f) {
  auto const out = a.get<word>(arrays::out);
  return entry(
      std::move(name), role::ceiling, [=] { write_all(out, f); },
      [=] {
        for (std::size_t i = 0; i < out.size(); ++i)
          if (out[i] != f(i)) return verdict{false};
        return verdict{true};
      });
}

}  // namespace

contestant read_ceiling(arrays const& a, int count) {
  word expected = 0;
  for (int k = 0; k < count; ++k)
    for (word const w : a.get<word>(k)) expected += w;
  auto const read = [&a, count] {
    word sum = 0;
    for (int k = 0; k < count; ++k) sum += read_all(a.get<word>(k));
    return sum;
  };
  return entry("read", role::ceiling, read, [=](word sum) { return verdict{sum == expected}; });
}

contestant write_ceiling(arrays& a) {
  return writing("write", a, [](std::size_t i) { return word{i}; });
}

contestant copy_ceiling(arrays& a) {
  return writing("copy", a, [x = a.get<word>(arrays::x).data()](std::size_t i) { return x[i]; });
}

contestant triad_ceiling(arrays& a) {
  return writing("triad", a,
                 [x = a.get<word>(arrays::x).data(), y = a.get<word>(arrays::y).data()](std::size_t i) {
                   return x[i] + 3 * y[i];
                 });
}

}  // namespace prorata::bench
