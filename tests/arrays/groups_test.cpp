// histogram, weighted_histogram and group_by on any team: the host's bits.
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
TYPED_TEST(arrays, histogram_floats) { this->has_host_bits(all_histograms(repeated<float>{40})); }
TYPED_TEST(arrays, histogram_integers) { this->has_host_bits(all_histograms(scattered<std::int32_t>{})); }

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
TYPED_TEST(arrays, group_doubles) {
  for (index_t const groups : {10, 5000, 500000})
    this->has_host_bits(all_groups(key_at{groups}, value_at{}),
                        {0, 1, 1023, tests::fewer(100003), tests::fewer(1000003)});
}
TYPED_TEST(arrays, group_integers) {
  this->has_host_bits(all_groups(repeated<float>{200}, scattered<std::uint64_t>{}));
}

}  // namespace
}  // namespace prorata::conformance
