// Making edges, and knowing how far a guess about them can be off.
#include <algorithm>
#include <cmath>
#include <host/fp_environment.hpp>
#include <limits>
#include <prorata/bins.hpp>
#include <prorata/error.hpp>

namespace prorata {

namespace {

constexpr index_t most_bins = (index_t{1} << 31) - 8;

/// The edges in double, and how far a guess is off. In units of a bin, with u half a unit in the last place:
/// (x − low)·scale makes at most 4 roundings of itself (two of them in scale), k·step + low at most 3 of
/// k·step and one of the edge. An edge that is then rounded to float moves by u_float·|edge|.
struct evenly {
  std::vector<double> edges;
  double scale, slack, slack_float;
};

evenly divided(double low, double high, index_t count, bool floats) {
  evenly result{std::vector<double>(static_cast<std::size_t>(count) + 1), 0, 1, 1};
  double const width = high - low, n = static_cast<double>(count);
  double const step = width / n;
  for (index_t k = 0; k < count; ++k) {
    double const i = static_cast<double>(k);
    result.edges[static_cast<std::size_t>(k)] = (step == 0 ? i / n * width : i * step) + low;
  }
  result.edges.back() = high;
  if (floats)
    for (double& e : result.edges) e = static_cast<double>(static_cast<float>(e));
  constexpr double u = 0x1p-53, u_float = 0x1p-24;
  double const largest = std::max(std::abs(low), std::abs(high));
  double const moved = (u + (floats ? u_float : 0)) * largest / step;
  bool const normal = step > 0x1p-900 && n / width < 0x1p900;
  double const slack = 8 * u * n + 2 * moved;
  if (normal && slack < 1) {
    result.scale = n / width;
    result.slack = slack;
    if (floats && step > 0x1p-100 && largest < 0x1p100)
      result.slack_float = std::min(1.0, 5 * u_float * n + 2 * moved);
  }
  return result;
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
  auto const result = host::canonically([&] {
    bool const point = wanted.low == wanted.high;
    return divided(point ? wanted.low - 0.5 : wanted.low, point ? wanted.high + 0.5 : wanted.high,
                   wanted.count, floats);
  });
  bin_edges made;
  made.edges_ = result.edges;
  require(std::isfinite(made.edges_.front()) && std::isfinite(made.edges_.back()) &&
              std::isfinite(made.edges_.back() - made.edges_.front()),
          "histogram: the range of even bins is too wide for its floating-point type");
  for (std::size_t k = 0; k + 1 < made.edges_.size(); ++k)
    require(made.edges_[k] < made.edges_[k + 1],
            "histogram: " + std::to_string(wanted.count) + " bins are too many for the range: edges " +
                std::to_string(k) + " and " + std::to_string(k + 1) + " are the same number");
  made.rule_ = {nullptr, wanted.count, result.scale, result.slack, result.slack_float};
  return made;
}

bin_edges bin_edges::custom(std::span<double const> edges) {
  require(edges.size() >= 2, "histogram: bins have at least two edges");
  require(static_cast<index_t>(edges.size()) <= most_bins, "histogram: fewer than 2^31 bins");
  for (std::size_t k = 0; k < edges.size(); ++k) {
    require(!std::isnan(edges[k]), "histogram: edge " + std::to_string(k) + " is not a number");
    require(k == 0 || edges[k - 1] <= edges[k], "histogram: edges do not decrease, but edge " +
                                                    std::to_string(k) + " is less than the one before");
  }
  bin_edges made;
  made.edges_.assign(edges.begin(), edges.end());
  made.rule_.bins = made.bins();
  return made;
}

}  // namespace prorata
