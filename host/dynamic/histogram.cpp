// Where the bins are, and counting.
#include <cmath>
#include <host/algorithms/binning.hpp>
#include <host/dynamic/histogram.hpp>
#include <host/io/decoded.hpp>
#include <host/io/file_window.hpp>
#include <host/io/printable.hpp>
#include <host/run/encoded_column.hpp>
#include <limits>
#include <prorata/error.hpp>
#include <span>
#include <string>
#include <type_traits>

namespace prorata::dynamic {

namespace {

/// high − low, of floats as a float.
double distance(double low, double high, bool floats) {
  return floats ? static_cast<double>(static_cast<float>(high) - static_cast<float>(low)) : high - low;
}

constexpr char const* name_of(bin_count rule) {
  return rule == bin_count::sqrt ? "sqrt" : rule == bin_count::sturges ? "sturges" : "rice";
}

template <class X>
bin_edges edges_for(host::chunked_run& run, io::file_column const& column, bins_wanted const& wanted,
                    std::function<void(index_t)> const& allowed) {
  if (wanted.edges) return *wanted.edges;
  bool const floats = std::is_same_v<X, float>, by_rule = wanted.rule != bin_count::said;
  index_t bins = by_rule ? 1 : wanted.bins;
  allowed(bins);
  double low = std::numeric_limits<double>::lowest(), high = std::numeric_limits<double>::max();
  if (wanted.range) {
    std::tie(low, high) = *wanted.range;
    if (!by_rule) return bin_edges::even({low, high, bins}, floats);
    auto const one_bin = bin_edges::even({low, high, 1}, floats).edges();  // refuses what is no range
    low = one_bin.front(), high = one_bin.back();
  }
  host::element_span s{};
  if (column.count() > 0) s = host::span_within<X>(run, column, low, high);
  if (!wanted.range) {
    low = s.count > 0 ? s.low : 0;
    high = s.count > 0 ? s.high : 1;
  }
  if (by_rule) {
    double const range = distance(low, high, floats && !wanted.range);
    bins = bins_by_rule(wanted.rule, s.count, s.low, s.high, range, !io::is_floating(column.array().type),
                        floats);
    allowed(bins);
  }
  return bin_edges::even({low, high, bins}, floats);
}

template <class X>
file_histogram counted(host::chunked_run& run, io::file_column const& column, io::file_column const* weights,
                       bin_edges edges) {
  if (weights == nullptr) {
    auto counts = host::counts_in_bins<X>(run, column, edges.rule());
    return {std::move(edges), std::move(counts)};
  }
  auto both = host::weights_in_bins<X>(run, column, edges.rule(), *weights);
  return {std::move(edges), std::move(both.counts), std::move(both.sums), host::addend_in(*weights)};
}

}  // namespace

index_t bins_by_rule(bin_count rule, index_t count, double low, double high, double range, bool integers,
                     bool floats) {
  double const n = static_cast<double>(count);
  double const divisor = rule == bin_count::sqrt      ? std::sqrt(n)
                         : rule == bin_count::sturges ? std::log2(n) + 1
                                                      : 2 * std::pow(n, 1.0 / 3);
  double width = count > 0 ? distance(low, high, floats) / divisor : 0;
  if (!(width > 0)) return 1;
  if (integers && width < 1) width = 1;
  double const bins = std::ceil(range / width);
  require(bins < 1e15, std::string("--bins ") + name_of(rule) +
                           ": the elements are too close together for the range; name a number of bins");
  return static_cast<index_t>(bins);
}

number file_histogram::weight(std::size_t slot) const {
  if (kind == addend::real) return std::bit_cast<double>(weights[slot]);
  if (kind == addend::signed_integer) return static_cast<std::int64_t>(weights[slot]);
  return weights[slot];
}

file_histogram histogram(host::chunked_run& run, io::file_column const& column,
                         io::file_column const* weights, bins_wanted const& wanted,
                         std::function<void(index_t)> const& bins) {
  io::dtype const type = column.array().type;
  if (type == io::dtype::f32 || type == io::dtype::f16)
    return counted<float>(run, column, weights, edges_for<float>(run, column, wanted, bins));
  return counted<double>(run, column, weights, edges_for<double>(run, column, wanted, bins));
}

bin_edges edges_in(io::file_column const& column) {
  std::vector<double> edges(static_cast<std::size_t>(column.count()));
  io::decoded<double> const numbers(column.array());
  io::each_window(column, 0, column.count(), [&](std::byte const* stored, index_t first, index_t n) {
    numbers.decode(stored, n, edges.data() + first);
  });
  column.file().check_unchanged();
  try {
    return bin_edges::custom(edges);
  } catch (usage_error const& e) {  // it is the file that is wrong
    throw input_error(io::printable(column.array().path) + ": " + e.what());
  }
}

}  // namespace prorata::dynamic
