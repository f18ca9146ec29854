// The unit of costs: one parallel pass that checks every cost and adds them up exactly.
#include <charconv>
#include <cmath>
#include <host/exact.hpp>
#include <host/load_units.hpp>
#include <host/parallel.hpp>
#include <prorata/error.hpp>

namespace prorata::host {
namespace {

constexpr index_t grain = 64 * exact_block;

bool refused(double cost) { return !(cost >= 0) || cost > std::numeric_limits<double>::max(); }

struct checked_sum {
  exact_sum<double> sum;
  bool any_refused = false;
};

void add(checked_sum& to, double const* costs, index_t n) {
  for (index_t i = 0; i < n; i += exact_block) {
    index_t const count = std::min(exact_block, n - i);
    bool bad = false;
    for (index_t j = 0; j < count; ++j) bad |= refused(costs[i + j]);
    to.any_refused |= bad;
    deposit_block(to.sum, costs + i, count);
  }
}

}  // namespace

cost_unit unit_of(std::span<double const> costs) {
  auto const n = static_cast<index_t>(costs.size());
  std::vector<checked_sum> parts(static_cast<std::size_t>((n + grain - 1) / grain));
  for_each_block(static_cast<index_t>(parts.size()), [&](index_t k) {
    add(parts[static_cast<std::size_t>(k)], costs.data() + k * grain, std::min(grain, n - k * grain));
  });
  checked_sum total;
  for (auto const& part : parts) {
    total.sum.merge(part.sum);
    total.any_refused |= part.any_refused;
  }
  for (std::size_t i = 0; total.any_refused && i < costs.size(); ++i)
    if (refused(costs[i]))
      refuse("cost " + std::to_string(i) + " is " + shortest(costs[i]) +
             "; costs are finite and not negative");
  int const bits = total.sum.finite_part().magnitude.bit_length();
  return cost_unit(bits == 0 ? 0 : bits + exact_sum<double>::unit - 62);
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
