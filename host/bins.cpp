// Making edges, and knowing how far a guess about them can be off.
#include <algorithm>
#include <cmath>
#include <functional>
#include <host/fp_environment.hpp>
#include <prorata/bins.hpp>
#include <prorata/error.hpp>

namespace prorata {

namespace {

constexpr index_t most_bins = (index_t{1} << 31) - 8;

/// k·((high − low)/count) + low for every k, and high.
std::vector<double> divided(double low, double high, index_t count, bool floats) {
  std::vector<double> edges(static_cast<std::size_t>(count) + 1);
  double const width = high - low, n = static_cast<double>(count);
  double const step = width / n;
  for (index_t k = 0; k < count; ++k) {
    double const i = static_cast<double>(k);
    edges[static_cast<std::size_t>(k)] = (step == 0 ? i / n * width : i * step) + low;
  }
  edges.back() = high;
  if (floats)
    for (double& e : edges) e = static_cast<double>(static_cast<float>(e));
  return edges;
}

/// How far a guess in X is off at the worst of the edges; 1 where it is no use.
template <class X>
double worst_guess(std::vector<double> const& edges, X origin, X scale) {
  if (sizeof(X) == 4 && edges.size() > std::size_t{1} << 21) return 1;  // it needs room for the half of a bin
  double worst = 0;
  for (std::size_t k = 0; k < edges.size(); ++k) {
    X const e = static_cast<X>(edges[k]), guess = (e - origin) * scale;
    double const off = std::abs(static_cast<double>(guess) - (static_cast<double>(k) + 0.5));
    if (!(off < 0.75) || static_cast<double>(e) != edges[k]) return 1;
    worst = std::max(worst, off);
  }
  return worst;
}

/// The rule of some edges, with the best guess there is.
bin_rule rule_of(std::vector<double> const& edges) {
  bin_rule rule{nullptr, static_cast<index_t>(edges.size()) - 1};
  double const width = edges.back() - edges.front(), n = static_cast<double>(rule.bins);
  double const origin = edges.front() - width / n / 2, scale = n / width;
  double const worst = scale > 0 ? worst_guess(edges, origin, scale) : 1;
  if (worst == 1) return rule;
  rule.origin = origin;
  rule.scale = scale;
  rule.slack = worst;
  rule.slack_float = worst_guess(edges, static_cast<float>(origin), static_cast<float>(scale));
  return rule;
}

}  // namespace

bin_edges bin_edges::even(even_bins const& wanted, bool floats) {
  require(wanted.count >= 1 && wanted.count <= most_bins,
          "histogram: the number of bins is at least 1 and below 2^31, not " + std::to_string(wanted.count));
  require(std::isfinite(wanted.low) && std::isfinite(wanted.high),
          "histogram: the range of even bins is finite");
  require(wanted.low <= wanted.high,
          "histogram: the range of the bins runs backwards: its first number is "
          "the greater one");
  bool const point = wanted.low == wanted.high;
  bin_edges made;
  made.edges_ = host::canonically([&] {
    return divided(point ? wanted.low - 0.5 : wanted.low, point ? wanted.high + 0.5 : wanted.high,
                   wanted.count, floats);
  });
  require(std::isfinite(made.edges_.front()) && std::isfinite(made.edges_.back()) &&
              std::isfinite(made.edges_.back() - made.edges_.front()),
          "histogram: the range of even bins is too wide for its floating-point type");
  auto const same = std::adjacent_find(made.edges_.begin(), made.edges_.end(), std::greater_equal<>{});
  if (same != made.edges_.end()) {
    auto const k = same - made.edges_.begin();
    throw usage_error("histogram: " + std::to_string(wanted.count) +
                      " bins are too many for the range: edges " + std::to_string(k) + " and " +
                      std::to_string(k + 1) + " are the same number");
  }
  made.rule_ = host::canonically([&] { return rule_of(made.edges_); });
  return made;
}

bin_edges bin_edges::custom(std::span<double const> edges) {
  require(edges.size() >= 2, "histogram: bins have at least two edges");
  require(static_cast<index_t>(edges.size()) <= most_bins, "histogram: fewer than 2^31 bins");
  for (std::size_t k = 0; k < edges.size(); ++k) {
    if (std::isnan(edges[k])) throw usage_error("histogram: edge " + std::to_string(k) + " is not a number");
    if (k > 0 && edges[k] < edges[k - 1])
      throw usage_error("histogram: edges do not decrease, but edge " + std::to_string(k) +
                        " is less than the one before");
  }
  bin_edges made;
  made.edges_.assign(edges.begin(), edges.end());
  made.rule_ = host::canonically([&] { return rule_of(made.edges_); });
  return made;
}

}  // namespace prorata
