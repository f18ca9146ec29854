// Weights as fractions of their exact sum, beside those of a sum that is rounded on its way.
#include <algorithm>
#include <bench/crowd.hpp>
#include <bench/settings.hpp>
#include <cmath>
#include <limits>
#include <numeric>
#include <prorata/normalize.hpp>

namespace prorata::bench {
namespace {

contest normalize_contest(hall& h) {
  auto const out = h.memory.get<double>(arrays::out);
  auto const weights = out.first(std::min(out.size(), std::size_t{1} << 20));
  auto const weight = [seed = h.told.seed](std::size_t i) {
    return static_cast<long double>(scattered_bits(seed, static_cast<index_t>(i)) >> 44);
  };
  long double all = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    weights[i] = static_cast<double>(weight(i));
    all += weight(i);
  }
  if (h.told.spoil) weights[weights.size() / 2] += 1 << 20;
  auto const judge = [=](std::vector<double> const& found) {
    constexpr double half_unit = std::numeric_limits<double>::epsilon() / 2;
    double worst = 0;
    for (std::size_t i = 0; i < weights.size(); ++i) {
      long double const off = std::abs(static_cast<long double>(found.at(i)) * all - weight(i));
      if (off > 1.001L * half_unit * weight(i)) return verdict{false};
      if (off > 0) worst = std::max(worst, static_cast<double>(off / weight(i)));
    }
    return verdict{true, worst};
  };
  contest c{2 * static_cast<index_t>(weights.size_bytes()), {}, {}};
  c.contestants.push_back(entry(
      "prorata, exact", role::ours, [=] { return normalize(weights); }, judge));
  c.contestants.push_back(entry(
      "a loop, serial", role::yardstick,
      [=] {
        double const sum = std::accumulate(weights.begin(), weights.end(), 0.0);
        std::vector<double> found(weights.size());
        std::transform(weights.begin(), weights.end(), found.begin(), [=](double w) { return w / sum; });
        return found;
      },
      judge));
  return c;
}

}  // namespace

void add_normalize(hall& h) {
  h.add("normalize/2^20 weights/f64", [&h] { return normalize_contest(h); });
}

}  // namespace prorata::bench
