// Two passes, which count and then write: over blocks by oneTBB, and in two loops.
#include <tbb/parallel_for.h>

#include <algorithm>
#include <bench/peers/dealing_peers.hpp>

namespace prorata::bench {
namespace {

/// each(count, f) calls f(b) for every block b of `grain` elements.
template <class Rule, class Each>
std::vector<dealt_part> deal(std::int64_t const* x, std::int64_t n, Rule rule, std::int64_t grain,
                             Each const& each) {
  auto const ranks = static_cast<std::size_t>(rule.ranks);
  std::int64_t const blocks = (n + grain - 1) / grain;
  std::vector<std::int64_t> places(static_cast<std::size_t>(blocks) * ranks);
  auto const places_of = [&](std::int64_t b) { return places.data() + static_cast<std::size_t>(b) * ranks; };
  each(blocks, [&](std::int64_t b) {
    std::vector<std::int64_t> counts(ranks);
    for (std::int64_t i = b * grain; i < std::min(n, (b + 1) * grain); ++i)
      ++counts[static_cast<std::size_t>(rule(x[i], i))];
    std::copy(counts.begin(), counts.end(), places_of(b));
  });
  std::vector<dealt_part> parts(ranks);
  for (std::size_t r = 0; r < ranks; ++r) {
    for (std::int64_t b = 0; b < blocks; ++b) {
      std::int64_t const count = places_of(b)[r];
      places_of(b)[r] = parts[r].size;
      parts[r].size += count;
    }
    parts[r].data = std::make_unique_for_overwrite<std::int64_t[]>(static_cast<std::size_t>(parts[r].size));
  }
  each(blocks, [&](std::int64_t b) {
    std::vector<std::int64_t*> to(ranks);
    for (std::size_t r = 0; r < ranks; ++r) to[r] = parts[r].data.get() + places_of(b)[r];
    for (std::int64_t i = b * grain; i < std::min(n, (b + 1) * grain); ++i)
      *to[static_cast<std::size_t>(rule(x[i], i))]++ = x[i];
  });
  return parts;
}

bool const parallel =
    join_dealing("oneTBB", []<class Rule>(std::int64_t const* x, std::int64_t n, Rule rule) {
      return deal(x, n, rule, 1 << 16,
                  [](std::int64_t count, auto const& f) { tbb::parallel_for(std::int64_t{0}, count, f); });
    });
bool const serial =
    join_dealing("two loops, serial", []<class Rule>(std::int64_t const* x, std::int64_t n, Rule rule) {
      return deal(x, n, rule, std::max<std::int64_t>(n, 1), [](std::int64_t, auto const& f) { f(0); });
    });

}  // namespace
}  // namespace prorata::bench
