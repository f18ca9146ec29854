// Partitions: cuts from weights in whole grains, from sizes, or as given.
#include <algorithm>
#include <host/fp_environment.hpp>
#include <limits>
#include <prorata/error.hpp>
#include <prorata/partition.hpp>
#include <string>

namespace prorata {
namespace {

// Cuts from shares in grains; only the array's end may lie within a grain.
partition from_grains(index_t n, std::vector<index_t> const& grains, index_t granularity) {
  partition result{n, {0}};
  index_t used = 0;
  for (index_t const share : grains) {
    used += share;
    result.cuts.push_back(used > n / granularity ? n : used * granularity);
  }
  return result;
}

// Caps in whole grains. The rank that ends the array holds `tail` elements, less than a grain, as one more;
// if all caps are needed to the last element, it matters which rank that is, and every rank is tried from the
// last.
std::vector<index_t> capped_grains(index_t n, std::span<double const> weights,
                                   partition_options const& options) {
  index_t const granularity = options.granularity;
  index_t const tail = n % granularity;
  index_t const grains = n / granularity + (tail != 0 ? 1 : 0);
  std::vector<index_t> whole = options.caps;
  for (index_t& cap : whole) cap /= granularity;
  try {
    return apportion(grains, weights, whole, options.method);
  } catch (infeasible const&) {
    for (std::size_t last = tail == 0 ? 0 : whole.size(); last-- > 0;) {
      if (options.caps[last] % granularity < tail || weights[last] == 0) continue;
      std::vector<index_t> caps = whole;
      ++caps[last];
      std::fill(caps.begin() + static_cast<std::ptrdiff_t>(last) + 1, caps.end(), 0);
      try {
        return apportion(grains, weights, caps, options.method);
      } catch (infeasible const&) {}
    }
  }
  index_t room = 0;
  for (std::size_t i = 0; i < whole.size(); ++i)
    if (weights[i] > 0) room += std::min(whole[i], grains - room);
  throw infeasible("the caps hold " + std::to_string(room) + " of the " + std::to_string(grains) +
                   " pieces of " + std::to_string(granularity) + " elements that " + std::to_string(n) +
                   " elements are cut into; raise the caps or lower the granularity");
}

}  // namespace

int partition::rank_of(index_t index) const {
  require(index >= 0 && index < n,
          "element " + std::to_string(index) + " is outside an array of " + std::to_string(n));
  return static_cast<int>(std::upper_bound(cuts.begin(), cuts.end(), index) - cuts.begin()) - 1;
}

bool partition::is_aligned(index_t granularity) const {
  return std::all_of(cuts.begin(), cuts.end(),
                     [&](index_t cut) { return cut == n || cut % granularity == 0; });
}

partition partition_by_weights(index_t n, std::span<double const> weights, partition_options const& options) {
  require(n >= 0, "an array cannot have " + std::to_string(n) + " elements");
  require(options.granularity > 0,
          "the granularity is " + std::to_string(options.granularity) + "; it must be at least one element");
  require(!weights.empty(), "a partition needs at least one rank; no weights were given");
  if (!options.caps.empty()) {
    require(options.caps.size() == weights.size(),
            std::to_string(options.caps.size()) + " caps were given for " + std::to_string(weights.size()) +
                " ranks; give one for each");
    for (std::size_t i = 0; i < options.caps.size(); ++i)
      require(options.caps[i] >= 0, "cap " + std::to_string(i) + " is " + std::to_string(options.caps[i]) +
                                        "; it must not be negative");
    auto const grains = host::canonically([&] { return capped_grains(n, weights, options); });
    return from_grains(n, grains, options.granularity);
  }
  index_t const grains = n / options.granularity + (n % options.granularity != 0 ? 1 : 0);
  return from_grains(n, apportion(grains, weights, options.method), options.granularity);
}

partition partition_by_sizes(std::span<index_t const> sizes) {
  require(!sizes.empty(), "a partition needs at least one rank; no sizes were given");
  partition result{0, {0}};
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    require(sizes[i] >= 0, "size " + std::to_string(i) + " is " + std::to_string(sizes[i]) +
                               "; a size must not be negative");
    require(sizes[i] <= std::numeric_limits<index_t>::max() - result.n,
            "the sizes up to rank " + std::to_string(i) + " add up to more than 2^63 - 1 elements");
    result.n += sizes[i];
    result.cuts.push_back(result.n);
  }
  return result;
}

partition partition_by_cuts(std::vector<index_t> cuts) {
  require(cuts.size() >= 2, "a partition needs at least two cuts, 0 and the number of elements");
  require(cuts[0] == 0, "the first cut is " + std::to_string(cuts[0]) + "; it must be 0");
  for (std::size_t i = 1; i < cuts.size(); ++i)
    require(cuts[i - 1] <= cuts[i], "cut " + std::to_string(i) + " is " + std::to_string(cuts[i]) +
                                        ", below the cut before it, " + std::to_string(cuts[i - 1]));
  index_t const n = cuts.back();
  return {n, std::move(cuts)};
}

partition single(index_t n) {
  require(n >= 0, "an array cannot have " + std::to_string(n) + " elements");
  return {n, {0, n}};
}

}  // namespace prorata
