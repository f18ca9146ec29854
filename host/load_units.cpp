// The unit of costs: one parallel pass that checks every cost and adds them up exactly.
#include <charconv>
#include <cmath>
#include <host/exact.hpp>
#include <host/load_units.hpp>
#include <host/parallel.hpp>
#include <prorata/error.hpp>

namespace prorata::host {
namespace {

bool refused(double cost) { return !(cost >= 0) || cost > std::numeric_limits<double>::max(); }

struct checked_sum {
  exact_sum<double> sum;
  bool any_refused = false;
};

/// block(first, count, room) is where costs lie; room is for exact_block of them.
template <class Block>
cost_unit unit_of_blocks(index_t n, Block const& block) {
  constexpr index_t parts_at_most = 4096;  // a sum takes half a KiB
  index_t const blocks = (n + exact_block - 1) / exact_block;
  index_t const together = std::max<index_t>(64, (blocks + parts_at_most - 1) / parts_at_most);
  std::vector<checked_sum> parts(static_cast<std::size_t>((blocks + together - 1) / together));
  for_each_block(static_cast<index_t>(parts.size()), [&](index_t k) {
    auto& part = parts[static_cast<std::size_t>(k)];
    double room[exact_block];
    for (index_t b = k * together; b < std::min((k + 1) * together, blocks); ++b) {
      index_t const first = b * exact_block, count = std::min(exact_block, n - first);
      double const* const costs = block(first, count, room);
      bool bad = false;
      for (index_t j = 0; j < count; ++j) bad |= refused(costs[j]);
      part.any_refused |= bad;
      deposit_block(part.sum, costs, count);
    }
  });
  checked_sum total;
  for (auto const& part : parts) {
    total.sum.merge(part.sum);
    total.any_refused |= part.any_refused;
  }
  double room[exact_block];
  for (index_t first = 0; total.any_refused && first < n; first += exact_block) {
    index_t const count = std::min(exact_block, n - first);
    double const* const costs = block(first, count, room);
    for (index_t j = 0; j < count; ++j)
      if (refused(costs[j]))
        refuse("cost " + std::to_string(first + j) + " is " + shortest(costs[j]) +
               "; costs are finite and not negative");
  }
  int const bits = total.sum.finite_part().magnitude.bit_length();
  return cost_unit(bits == 0 ? 0 : bits + exact_sum<double>::unit - 62);
}

}  // namespace

cost_unit unit_of(std::span<double const> costs) {
  return unit_of_blocks(static_cast<index_t>(costs.size()),
                        [&](index_t first, index_t, double*) { return costs.data() + first; });
}

cost_unit unit_of(index_t n, std::function<void(index_t, index_t, double*)> const& read) {
  return unit_of_blocks(n, [&](index_t first, index_t count, double* room) -> double const* {
    read(first, count, room);
    return room;
  });
}

std::vector<dissected> speeds_of(std::span<double const> speeds, bool positive) {
  std::vector<dissected> result;
  bool something = false;
  for (double const speed : speeds) {
    if (!std::isfinite(speed) || speed < 0)
      refuse("speed " + std::to_string(result.size()) + " is " + shortest(speed) +
             "; speeds are finite and not negative");
    result.push_back(dissect(speed));
    something = something || result.back().significand != 0;
  }
  if (positive && !something)
    refuse("all " + std::to_string(speeds.size()) + " speeds are zero; at least one must be positive");
  return result;
}

std::string shortest(double value) {
  char text[32];
  return {text, std::to_chars(text, text + sizeof text, value).ptr};
}

}  // namespace prorata::host
