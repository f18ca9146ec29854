// histogram, weighted_histogram and group_by on any team: NumPy's rule in a loop, and exact sums
// rounded once.
#include <prorata/group_by.hpp>
#include <prorata/weighted_histogram.hpp>
#include <tests/arrays/teams.hpp>

namespace prorata::conformance {
namespace {

void add(answer& a, histogram_counts const& h) {
  a.add("edges", h.edges), a.add("counts", h.counts);
  a.add("elsewhere", std::vector{h.below, h.above, h.nan});
}
template <class Sum>
void add(answer& a, weighted_counts<Sum> const& h) {
  add(a, h.elements);
  a.add("weights", h.weights);
  a.add("weights elsewhere", std::vector{h.below, h.above, h.nan});
}

template <class F>
auto all_histograms(F f) {
  return [=](auto const& team, partition const& cuts) {
    auto const x = made(team, cuts, f);
    std::vector<double> const custom{-2e5, -10, -6.5, 0, 3, 3.5, 1000, 2e5};
    answer a;
    add(a, histogram(x, even_bins{-2e5, 1e5, 100}));
    add(a, histogram(x, even_bins{-8, 8, 70000}));
    add(a, histogram(x, index_t{33}));
    add(a, histogram(x, custom));
    auto const w = made(team, cuts, scattered<double>{});
    add(a, weighted_histogram(x, w, even_bins{-2e5, 1e5, 100}));
    add(a, weighted_histogram(x, w, custom));
    return a;
  };
}

/// Counts, and exact sums of w, between edges that include the last one.
template <class T>
void add_model(answer& a, std::vector<T> const& x, std::vector<double> const& edges,
               std::vector<double> const* w = nullptr) {
  std::vector<index_t> counts(edges.size() + 2);  // of every bin, and below, above, NaN
  std::vector<model::exact> sums(edges.size() + 2);
  for (std::size_t i = 0; i < x.size(); ++i) {
    auto const v = static_cast<double>(x[i]);
    std::size_t const bins = edges.size() - 1;
    std::size_t const k =
        v != v              ? bins + 2
        : v < edges.front() ? bins
        : v > edges.back()  ? bins + 1
        : v == edges.back()
            ? bins - 1
            : static_cast<std::size_t>(std::upper_bound(edges.begin(), edges.end(), v) - edges.begin()) - 1;
    ++counts[k];
    if (w != nullptr) sums[k].take((*w)[i]);
  }
  auto const first = std::vector(counts.begin(), counts.end() - 3),
             rest = std::vector(counts.end() - 3, counts.end());
  a.add("edges", edges), a.add("counts", first), a.add("elsewhere", rest);
  if (w == nullptr) return;
  std::vector<double> rounded;
  for (std::size_t k = 0; k < sums.size(); ++k) rounded.push_back(counts[k] == 0 ? 0.0 : sums[k].over(1));
  a.add("weights", std::vector(rounded.begin(), rounded.end() - 3));
  a.add("weights elsewhere", std::vector(rounded.end() - 3, rounded.end()));
}
template <class T>
std::vector<double> even_edges(double low, double high, index_t bins) {
  std::vector<double> edges;
  double const step = (high - low) / static_cast<double>(bins);
  for (index_t k = 0; k < bins; ++k) edges.push_back(static_cast<double>(k) * step + low);
  edges.push_back(high);
  if (std::is_same_v<T, float>)
    for (double& e : edges) e = static_cast<float>(e);
  return edges;
}
template <class F>
auto modelled_histograms(F f) {
  return [=](index_t n) {
    using T = decltype(f(0));
    auto const x = model::list(f, n);
    auto const w = model::list(scattered<double>{}, n);
    std::vector<double> const custom{-2e5, -10, -6.5, 0, 3, 3.5, 1000, 2e5};
    double low = HUGE_VAL, high = -HUGE_VAL;
    for (auto const v : x)
      if (std::isfinite(static_cast<double>(v)))
        low = std::min<double>(low, v), high = std::max<double>(high, v);
    if (low > high) low = 0, high = 1;
    if (low == high) low -= 0.5, high += 0.5;
    answer a;
    add_model(a, x, even_edges<T>(-2e5, 1e5, 100));
    add_model(a, x, even_edges<T>(-8, 8, 70000));
    add_model(a, x, even_edges<T>(low, high, 33));
    add_model(a, x, custom);
    add_model(a, x, even_edges<T>(-2e5, 1e5, 100), &w);
    add_model(a, x, custom, &w);
    return a;
  };
}
TYPED_TEST(arrays, histogram_floats) {
  this->is_as(modelled_histograms(repeated<float>{40}), all_histograms(repeated<float>{40}));
}
#ifndef PRORATA_TEST_ONE_TYPE
TYPED_TEST(arrays, histogram_integers) {
  this->is_as(modelled_histograms(scattered<std::int32_t>{}), all_histograms(scattered<std::int32_t>{}));
}
#endif

/// Half of the rows have one key, the others one of many.
struct key_at {
  index_t groups;
  PRORATA_HD std::int64_t operator()(index_t i) const {
    return i % 10 < 5 ? 7 : static_cast<std::int64_t>(stirred(i) % static_cast<std::uint64_t>(groups));
  }
};
/// Of many magnitudes, with zeros of both signs.
struct value_at {
  PRORATA_HD double operator()(index_t i) const {
    double const v = scattered<double>{}(i);
    return i % 100 == 3 ? v * 0x1p-200 : i % 1000 == 7 ? -0.0 : v;
  }
};

template <class Keys, class Values>
auto all_groups(Keys keys_at, Values values_at) {
  return [=](auto const& team, partition const& cuts) {
    auto const keys = made(team, cuts, keys_at);
    auto const values = made(team, cuts, values_at);
    auto const g = group_by(keys, values, aggregate::all, 1);
    answer a;
    a.add("keys", g.keys), a.add("counts", g.counts), a.add("sums", g.sums), a.add("means", g.means);
    a.add("variances", g.variances), a.add("minima", g.minima), a.add("maxima", g.maxima);
    return a;
  };
}

/// Rows sorted by key, group by group. Means are sums of 128 bits or more, divided and rounded once; variances are
/// near those of long doubles, in two passes, whatever the mean.
template <class Keys, class Values>
auto modelled_groups(Keys keys_at, Values values_at) {
  return [=](index_t n) {
    using V = decltype(values_at(0));
    auto keys = model::list(keys_at, n);
    for (auto& key : keys) key = model::as_key(key);
    auto const at = model::places(keys, model::in_order<decltype(keys_at(0))>{});
    auto const values = model::picked(model::list(values_at, n), at);
    keys = model::picked(keys, at);
    auto begins = model::run_begins(keys);
    answer a;
    a.add("keys", model::picked(keys, begins));
    begins.push_back(n);
    std::vector<index_t> counts;
    std::vector<double> means, variances;
    std::vector<V> sums, minima, maxima;
    for (std::size_t k = 0; k + 1 < begins.size(); ++k) {
      std::vector<V> const group(values.begin() + begins[k], values.begin() + begins[k + 1]);
      auto const count = static_cast<index_t>(group.size());
      counts.push_back(count);
      if constexpr (std::is_floating_point_v<V>) {
        auto const total = model::exact_sum(group);
        sums.push_back(total.over(1)), means.push_back(total.over(count));
      } else {
        model::exact total;
        for (V const v : group) total.large += v;
        sums.push_back(static_cast<V>(total.large));
        means.push_back(std::ldexp(total.over(count), 45));  // its units are 1
      }
      std::vector<long double> wide(group.begin(), group.end());
      long double const mean = model::fold(wide, model::add) / static_cast<long double>(count);
      for (auto& v : wide) v = (v - mean) * (v - mean);
      variances.push_back(count == 1 ? NAN
                                     : static_cast<double>(model::fold(wide, model::add) /
                                                           static_cast<long double>(count - 1)));
      auto const ordered = model::sorted(group);
      minima.push_back(ordered.front()), maxima.push_back(ordered.back());
    }
    a.add("counts", counts), a.add("sums", sums), a.add("means", means), a.add_near("variances", variances);
    a.add("minima", minima), a.add("maxima", maxima);
    return a;
  };
}
TYPED_TEST(arrays, group_doubles) {
  for (index_t const groups : {10, 5000, 500000})
    this->is_as(modelled_groups(key_at{groups}, value_at{}), all_groups(key_at{groups}, value_at{}),
                {0, 1, 1023, tests::fewer(100003), tests::fewer(1000003)});
}
#ifndef PRORATA_TEST_ONE_TYPE
TYPED_TEST(arrays, group_integers) {
  this->is_as(modelled_groups(repeated<float>{200}, scattered<std::uint64_t>{}),
              all_groups(repeated<float>{200}, scattered<std::uint64_t>{}));
}
#endif

}  // namespace
}  // namespace prorata::conformance
