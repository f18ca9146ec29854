// Histograms of numbers in [−1, 1), and of their weights, against other libraries.
#include <algorithm>
#include <bench/ceilings.hpp>
#include <bench/peers/histogram_peers.hpp>
#include <bench/settings.hpp>
#include <cmath>
#include <memory>
#include <optional>
#include <prorata/weighted_histogram.hpp>

namespace prorata::bench {
namespace {

/// Everyone counts these exactly: with a power of two bins over [−1, 1), and with whole edges, a guessed bin
/// has no rounding in it.
auto are_counts(std::shared_ptr<std::vector<index_t> const> expected) {
  return [=](auto const& counts) {
    return std::equal(counts.begin(), counts.end(), expected->begin(), expected->end());
  };
}

/// The bin of a number that lies in one, found among the edges.
template <class T>
auto bin_among_edges(even_bins const& bins) {
  return [edges = bin_edges::even(bins, sizeof(T) == 4).edges()](T x) {
    auto const above = std::upper_bound(edges.begin(), edges.end(), static_cast<double>(x));
    return std::min(static_cast<std::size_t>(above - edges.begin()), edges.size() - 1) - 1;
  };
}

template <class T>
contest histogram_contest(hall& h, index_t bins) {
  auto const x = h.memory.fill<T>();
  auto const a = h.borrowed<T>(arrays::x);
  index_t const n = a->size();
  even_bins const wanted{-1, 1, bins};
  auto expected = std::make_shared<std::vector<index_t>>(static_cast<std::size_t>(bins));
  auto const bin_of = bin_among_edges<T>(wanted);
  for (index_t i = 0; i < n; ++i) ++(*expected)[bin_of(x(arrays::x, i))];
  auto const judge = are_counts(expected);
  contest c{h.memory.bytes(), {}, as_fast_as_any};
  c.contestants.push_back(entry(
      "prorata", role::ours, [=] { return histogram(*a, wanted).counts; }, judge));
  T const* const p = a->parts()[0].data;
  for (auto const& other : histogram_peers<T>())
    c.contestants.push_back(entry(
        other.name, role::peer, [=] { return other.count(p, n, bins, -1, 1); }, judge));
  if (h.python)
    c.contestants.push_back(numpy_entry(h, "histogram" + std::to_string(bins), numpy_type<T>, judge));
  c.contestants.push_back(read_ceiling(h.memory, 1));
  return c;
}

/// Integers between whole edges: every one of them lies on an edge.
contest whole_histogram_contest(hall& h) {
  constexpr index_t bins = 251;
  struct data {
    std::vector<std::int32_t> x;
    std::optional<distributed_array<std::int32_t, host::stream>> array;
  };
  auto const d = std::make_shared<data>();
  auto const expected = std::make_shared<std::vector<index_t>>(bins);
  auto const number = h.memory.fill<std::int32_t>();
  auto const drawn = h.memory.get<std::int32_t>(arrays::x);
  auto const n = static_cast<index_t>(drawn.size());
  for (index_t i = 0; i < n; ++i) {
    auto const bin = [](std::int32_t v) { return static_cast<std::uint32_t>(v) % bins; };
    d->x.push_back(static_cast<std::int32_t>(bin(drawn[static_cast<std::size_t>(i)])));
    ++(*expected)[static_cast<std::size_t>(bin(number(arrays::x, i)))];
  }
  auto const judge = are_counts(expected);
  d->array = borrow(h.cpu, std::span(d->x));
  contest c{h.memory.bytes(), {}, as_fast_as_any};
  c.contestants.push_back(entry(
      "prorata", role::ours,
      [=] {
        return histogram(*d->array, even_bins{0, bins, bins}).counts;
      },
      judge));
  for (auto const& other : histogram_peers<std::int32_t>())
    c.contestants.push_back(entry(
        other.name, role::peer, [=] { return other.count(d->x.data(), n, bins, 0, bins); }, judge));
  return c;
}

/// Sums of the weights in each bin. Drawn numbers are whole multiples of 2^-23 or 2^-52: of floats the sums
/// of doubles are exact as well, of doubles ours alone are rounded once.
template <class T>
contest weighted_contest(hall& h, index_t bins) {
  auto const x = h.memory.fill<T>();
  auto const a = h.borrowed<T>(arrays::x), w = h.borrowed<T>(arrays::y);
  index_t const n = a->size();
  even_bins const wanted{-1, 1, bins};
  struct oracle {
    std::vector<__int128> units;
    std::vector<double> magnitude;
  };
  auto const expected = std::make_shared<oracle>();
  expected->units.resize(static_cast<std::size_t>(bins));
  expected->magnitude.resize(static_cast<std::size_t>(bins));
  constexpr double unit = sizeof(T) == 4 ? 0x1p-23 : 0x1p-52;
  auto const bin_of = bin_among_edges<T>(wanted);
  for (index_t i = 0; i < n; ++i) {
    auto const bin = bin_of(x(arrays::x, i));
    double const weight = static_cast<double>(x(arrays::y, i));
    expected->units[bin] += static_cast<__int128>(weight / unit);
    expected->magnitude[bin] += std::abs(weight);
  }
  auto const judge = [=](std::vector<double> const& sums, double allowed) {
    if (sums.size() != expected->units.size()) return verdict{false};
    double worst = 0;
    for (std::size_t k = 0; k < sums.size(); ++k) {
      double const size = expected->magnitude[k];
      double const off = std::abs(sums[k] - static_cast<double>(expected->units[k]) * unit);
      if (!(off <= allowed * size)) return verdict{false};
      if (size > 0) worst = std::max(worst, off / size);
    }
    return verdict{true, worst};
  };
  contest c{2 * h.memory.bytes(), {}, as_fast_as_any};
  c.contestants.push_back(entry(
      "prorata, exact", role::ours, [=] { return weighted_histogram(*a, *w, wanted).weights; },
      [=](auto const& sums) { return judge(sums, 0); }));
  T const* const p = a->parts()[0].data;
  T const* const weights = w->parts()[0].data;
  for (auto const& other : weighted_histogram_peers<T>())
    c.contestants.push_back(entry(
        other.name, role::peer, [=] { return other.sums(p, weights, n, bins, -1, 1); },
        [=](auto const& sums) { return judge(sums, 1e-12); }));
  if (h.python)  // its sums are of the weights' own type
    c.contestants.push_back(
        numpy_entry(h, "weighted:" + std::to_string(bins), numpy_type<T>,
                    [=](auto const& sums) { return judge(sums, sizeof(T) == 4 ? 1e-6 : 1e-12); }));
  c.contestants.push_back(read_ceiling(h.memory, 2));
  return c;
}

}  // namespace

void add_histograms(hall& h) {
  for (index_t const bins : {256, 65536}) {
    h.add("histogram/" + std::to_string(bins) + "/f32",
          [&h, bins] { return histogram_contest<float>(h, bins); });
    h.add("histogram/" + std::to_string(bins) + "/f64",
          [&h, bins] { return histogram_contest<double>(h, bins); });
  }
  h.add("histogram/whole edges/i32", [&h] { return whole_histogram_contest(h); });
  h.add("weighted histogram/256/f32", [&h] { return weighted_contest<float>(h, 256); });
  h.add("weighted histogram/256/f64", [&h] { return weighted_contest<double>(h, 256); });
}

}  // namespace prorata::bench
