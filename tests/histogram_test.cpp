// Histograms against a search that nobody could get wrong, on numbers that sit on the edges.
#include <gtest/gtest.h>

#include <kernels/histogram_plan.hpp>
#include <map>
#include <prorata/histogram.hpp>
#include <tests/element_types.hpp>
#include <tests/splits.hpp>

namespace {

using namespace prorata;
using namespace prorata::tests;

/// NumPy's rule, word by word.
template <class T>
histogram_counts brute_force(std::span<T const> x, std::vector<double> const& edges) {
  histogram_counts h{edges, std::vector<index_t>(edges.size() - 1)};
  for (T const element : x) {
    double const v = static_cast<double>(numeric(element));
    if (v != v) {
      ++h.nan;
    } else if (v < edges.front()) {
      ++h.below;
    } else if (v > edges.back()) {
      ++h.above;
    } else if (v == edges.back()) {
      ++h.counts.back();
    } else {
      ++h.counts[static_cast<std::size_t>(std::upper_bound(edges.begin(), edges.end(), v) - edges.begin() -
                                          1)];
    }
  }
  return h;
}

template <class T>
T converted(double v) {
  if constexpr (std::is_same_v<T, half>) {
    return to_half(v);
  } else if constexpr (std::is_integral_v<T>) {
    double const low = static_cast<double>(std::numeric_limits<T>::min());
    double const high = static_cast<double>(std::numeric_limits<T>::max());
    return !(v > low)  ? std::numeric_limits<T>::min()
           : v >= high ? std::numeric_limits<T>::max()
                       : static_cast<T>(v);
  } else {
    return static_cast<T>(v);
  }
}

/// Every edge and its neighbours on either side, numbers all over and outside, and what is no number.
template <class T>
std::vector<T> hostile_numbers(std::vector<double> const& edges, index_t n, unsigned seed) {
  std::mt19937_64 random(seed);
  std::vector<T> x;
  double const low = edges.front(), high = edges.back();
  while (static_cast<index_t>(x.size()) < n) {
    double v = edges[random() % edges.size()];
    switch (random() % 8) {
      case 0:
        v = std::nextafter(v, -INFINITY);
        break;
      case 1:
        v = std::nextafter(v, INFINITY);
        break;
      case 2:
        v = static_cast<double>(std::nextafter(static_cast<float>(v), -INFINITY));
        break;
      case 3:
        v = static_cast<double>(std::nextafter(static_cast<float>(v), INFINITY));
        break;
      case 4:
        v = low + (high - low) * (static_cast<double>(random() % 4096) / 2048 - 0.5);
        break;
      case 5:
        v = random() % 64 == 0 ? NAN : random() % 64 == 0 ? INFINITY : random() % 64 == 0 ? -INFINITY : -0.0;
        break;
    }
    if (std::is_integral_v<T> && v != v) v = 0;
    x.push_back(converted<T>(v));
  }
  return x;
}

struct range {
  double low, high;
};
constexpr range ranges[] = {{0, 1},          {-1, 1},  {0.1, 0.7},     {-1000.1, -999.9}, {1e6, 1e6 + 1},
                            {-3e-5, 7e3},    {0, 255}, {0, 256},       {-128, 127},       {1e-310, 9e-309},
                            {-1e300, 1e300}, {5, 5},   {0, 0x1p-1040}, {1e15, 1e15 + 64}, {-0x1p62, 0x1p62}};

template <class T>
class Histogram : public testing::Test {};
using element_types = tests::types<std::int8_t, std::uint8_t, std::int16_t, std::uint16_t, std::int32_t,
                                   std::uint32_t, std::int64_t, std::uint64_t, half, float, double>;
TYPED_TEST_SUITE(Histogram, element_types);

TYPED_TEST(Histogram, OfEvenBinsFollowsTheEdges) {
  using T = TypeParam;
  auto const team = make_team(2, 2);
  int done = 0;
  for (auto const& r : ranges)
    for (index_t const bins : {1, 2, 3, 10, 256, 1000, 5003, 65536}) {
      bin_edges edges;
      try {
        edges = bin_edges::even({r.low, r.high, bins}, float_edges<T>);
      } catch (usage_error const&) {
        continue;  // edges coincide, or the range is none of this type's
      }
      auto x = hostile_numbers<T>(edges.edges(), 9001, static_cast<unsigned>(bins));
      auto const a = borrow(team, std::span<T>(x));
      auto const found = histogram(a, even_bins{r.low, r.high, bins});
      ASSERT_EQ(found, brute_force<T>(x, edges.edges()))
          << bins << " bins of [" << r.low << ", " << r.high << "]";
      ++done;
    }
  EXPECT_GT(done, 30);
}

TYPED_TEST(Histogram, OfCustomEdgesFollowsThem) {
  using T = TypeParam;
  auto const team = make_team(3, 1);
  for (unsigned seed = 1; seed <= 40; ++seed) {
    std::mt19937_64 random(seed);
    std::vector<double> edges;
    for (std::size_t k = 0; k < 2 + random() % (seed % 5 == 0 ? 3000 : 20); ++k)
      edges.push_back(
          std::ldexp(static_cast<double>(random() % 200) - 100, static_cast<int>(random() % 12) - 6));
    if (seed % 7 == 0) edges.push_back(INFINITY), edges.push_back(-INFINITY);
    std::sort(edges.begin(), edges.end());  // repeated edges happen
    auto x = hostile_numbers<T>(edges, 3001, seed);
    auto const a = borrow(team, std::span<T>(x));
    ASSERT_EQ(histogram(a, std::span<double const>(edges)), brute_force<T>(x, edges)) << "seed " << seed;
  }
}

/// Edges so close to even ones that a guess is worth its while, until it is a whole bin off.
TYPED_TEST(Histogram, OfNearlyEvenEdgesFollowsThem) {
  using T = TypeParam;
  auto const team = make_team(2, 1);
  int guessed = 0;
  for (unsigned seed = 1; seed <= 60; ++seed) {
    std::mt19937_64 random(seed);
    double const moved = static_cast<double>(seed % 10) / 10, low = static_cast<double>(random() % 100) - 50;
    std::vector<double> edges;
    for (std::size_t k = 0; k < 2 + seed * 5; ++k) {
      double const u = static_cast<double>(random() % 1000) / 1000 - 0.5;
      edges.push_back(low + (static_cast<double>(k) + 2 * moved * u) / 3);
      if (seed % 2 == 0) edges.back() = static_cast<double>(static_cast<float>(edges.back()));
    }
    std::sort(edges.begin(), edges.end());
    guessed += bin_edges::custom(edges).rule().scale > 0;
    auto x = hostile_numbers<T>(edges, 4001, seed);
    auto const a = borrow(team, std::span<T>(x));
    ASSERT_EQ(histogram(a, std::span<double const>(edges)), brute_force<T>(x, edges)) << "seed " << seed;
  }
  EXPECT_GT(guessed, 20);
  EXPECT_LT(guessed, 55);
}

TYPED_TEST(Histogram, SpansWhatIsFinite) {
  using T = TypeParam;
  auto const team = make_team(3, 1);
  std::vector<double> const sample{3, 7, 100, 64};
  auto x = hostile_numbers<T>(sample, 4001, 5);
  double low = INFINITY, high = -INFINITY;
  for (T const v : x) {
    double const d = static_cast<double>(numeric(v));
    if (std::isfinite(d)) low = std::min(low, d), high = std::max(high, d);
  }
  auto const h = histogram(borrow(team, std::span<T>(x)), index_t{17});
  EXPECT_EQ(h.edges.front(), low);
  EXPECT_EQ(h.edges.back(), high);
  EXPECT_EQ(h, brute_force<T>(x, h.edges));
}

TEST(BinRule, DoesNotReadEdgesThatAreFarFromANumber) {
  for (bool const floats : {false, true}) {
    auto const edges = bin_edges::even({-3, 7, 1000}, floats);
    bin_rule const blind = edges.rule(nullptr), seeing = edges.rule();
    for (index_t k = 0; k < 1000; ++k) {
      auto const at = static_cast<std::size_t>(k);
      for (double const part : {0.02, 0.5, 0.98}) {
        double const x = edges.edges()[at] + part * (edges.edges()[at + 1] - edges.edges()[at]);
        if (!floats) ASSERT_EQ(blind.place(x), k + 1);
        if (floats) ASSERT_EQ(blind.place(static_cast<float>(x)), k + 1);
      }
    }
    EXPECT_EQ(blind.place(1e300), 1001);
    EXPECT_EQ(blind.place(-std::numeric_limits<double>::infinity()), 0);
    EXPECT_EQ(blind.place(std::numeric_limits<double>::quiet_NaN()), 1002);
    if (floats) {
      EXPECT_EQ(blind.place(-1e30f), 0);
      EXPECT_EQ(blind.place(std::numeric_limits<float>::infinity()), 1001);
    }
    EXPECT_EQ(seeing.place(edges.edges().back()), 1000);
  }
}
TEST(BinRule, IsOneRuleWhereverItIsApplied) {
  for (auto const& r : ranges)
    for (bool const floats : {false, true})
      for (index_t const bins : {1, 7, 4096}) {
        bin_edges edges;
        try {
          edges = bin_edges::even({r.low, r.high, bins}, floats);
        } catch (usage_error const&) { continue; }
        auto const x = hostile_numbers<double>(edges.edges(), 4096, 3);
        auto const rule = edges.rule();
        int crowded = 0;
        for (index_t first = 0; first < 4096; first += host::bin_block) {
          std::uint32_t place[host::bin_block];
          host::find_places(rule, x.data() + first, host::bin_block, place, crowded);
          for (index_t i = 0; i < host::bin_block; ++i)
            ASSERT_EQ(place[i], rule.place(x[static_cast<std::size_t>(first + i)]));
        }
      }
}

TEST(BinRule, HoldsWhereBlocksOnEdgesAndBlocksBesideThemTakeTurns) {
  auto const edges = bin_edges::even({0, 1000, 1000}, false);
  auto const rule = edges.rule();
  std::mt19937_64 random(9);
  int crowded = 0, blocks_on_edges = 0;
  for (int block = 0; block < 2000; ++block) {
    bool const on_edges = block / 100 % 2 == 1;
    auto const n = static_cast<index_t>(block % 7 == 0 ? random() % host::bin_block : host::bin_block);
    double x[host::bin_block];
    for (double& v : x)
      v = static_cast<double>(random() % 1'100'000) / (on_edges ? 1 : 1000.0) - (on_edges ? 0 : 50);
    if (on_edges)
      for (double& v : x) v = std::fmod(v, 1100) - 50;
    std::uint32_t place[host::bin_block];
    host::find_places(rule, x, n, place, crowded);
    blocks_on_edges += crowded > 0;
    for (index_t i = 0; i < n; ++i)
      ASSERT_EQ(place[i], rule.place(x[i])) << "block " << block << ", " << x[i];
  }
  EXPECT_GT(blocks_on_edges, 900);
  EXPECT_LT(blocks_on_edges, 1900);
}

TEST(BinEdges, AreThoseOfLinspace) {
  auto const e = bin_edges::even({0.1, 0.7, 3}, false).edges();
  EXPECT_EQ(e, (std::vector<double>{0.1, 0.1 + 1 * ((0.7 - 0.1) / 3), 0.1 + 2 * ((0.7 - 0.1) / 3), 0.7}));
  hostile_caller const caller(split{1, 1, {}, true, true});
  EXPECT_EQ(bin_edges::even({0.1, 0.7, 3}, false).edges(), e);
}

TEST(BinEdges, EndExactlyWhereTheyWereToldTo) {
  int beside = 0;  // how often count·step + low is another number
  for (auto const& r : ranges)
    for (index_t bins = 1; bins <= 300; ++bins)
      for (bool const floats : {false, true}) {
        bin_edges made;
        try {
          made = bin_edges::even({r.low, r.high, bins}, floats);
        } catch (usage_error const&) { continue; }
        bool const point = r.low == r.high;
        auto const wanted = [&](double end, double more) {
          return floats  ? static_cast<double>(static_cast<float>(point ? end + more : end))
                 : point ? end + more
                         : end;
        };
        ASSERT_EQ(made.edges().front(), wanted(r.low, -0.5)) << bins;
        ASSERT_EQ(made.edges().back(), wanted(r.high, 0.5)) << bins;
        double const step = (r.high - r.low) / static_cast<double>(bins);
        beside += static_cast<double>(bins) * step + r.low != r.high;
      }
  EXPECT_GT(beside, 100);
}

TEST(BinEdges, RefuseWhatIsNoRange) {
  EXPECT_THROW(bin_edges::even({0, 1, 0}, false), usage_error);
  EXPECT_THROW(bin_edges::even({1, 0, 3}, false), usage_error);
  EXPECT_THROW(bin_edges::even({0, NAN, 3}, false), usage_error);
  EXPECT_THROW(bin_edges::even({-1.7e308, 1.7e308, 3}, false), usage_error);
  EXPECT_THROW(bin_edges::even({1, 1 + 0x1p-50, 100}, false), usage_error);
  EXPECT_THROW(bin_edges::even({1000, 1001, 65536}, true), usage_error);
  EXPECT_NO_THROW(bin_edges::even({1000, 1001, 65536}, false));
  EXPECT_THROW(bin_edges::custom(std::vector<double>{1}), usage_error);
  EXPECT_THROW(bin_edges::custom(std::vector<double>{1, 3, 2}), usage_error);
  EXPECT_THROW(bin_edges::custom(std::vector<double>{1, NAN}), usage_error);
}

TEST(Histogram, IsTheSameForEverySplit) {
  for (index_t const n : {index_t{0}, index_t{1}, index_t{1025}, index_t{300007}}) {
    auto x = values<float>(n, 7);
    for (index_t const bins : {10, 3000}) {
      even_bins const wanted{-1e6, 3e6, bins};
      auto const expected = brute_force<float>(x, bin_edges::even(wanted, true).edges());
      for (int number = 0; number < split_count; number += apart(n > 100000 ? 23 : 7)) {
        auto const s = split_number(number, n);
        auto const team = make_team(s.ranks, s.threads);
        hostile_caller const caller(s);
        ASSERT_EQ(histogram(borrow(team, std::span<float>(x), s.cuts), wanted), expected)
            << "split " << number << ", " << s;
      }
    }
  }
}

TEST(Histogram, CountsOneBinAndVeryManyBins) {
  auto const team = make_team(2, 2);
  std::vector<double> same(1000003, 0.25);
  auto const a = borrow(team, std::span<double>(same));
  EXPECT_EQ(histogram(a, even_bins{0, 1, 256}).counts[64], 1000003);
  EXPECT_EQ(histogram(a, even_bins{0, 1, 10000}).counts[2500], 1000003);
  EXPECT_EQ(histogram(a, even_bins{0, 1, 5000000}).counts[1250000], 1000003);  // more than any cache holds
}

TEST(HistogramPlan, PutsCountersWhereTheyFit) {
  using cuda::plan_histogram;
  cuda::histogram_room const h200{132, 227 << 10, 228 << 10};
  auto const few = plan_histogram(index_t{1} << 28, 259, h200);
  EXPECT_EQ(few.copies, 8);
  EXPECT_EQ(few.shape.threads, 256u);
  EXPECT_EQ(few.shape.blocks, 4u * 132);
  auto const most = plan_histogram(index_t{1} << 28, 57000, h200);
  EXPECT_EQ(most.copies, 1);
  EXPECT_EQ(most.shape.threads, 1024u);
  EXPECT_EQ(most.shape.shared_bytes, 57000u * 4);
  EXPECT_EQ(plan_histogram(index_t{1} << 28, 65539, h200).copies, 0);
  for (index_t slots = 4; slots < 100000; slots = slots * 5 / 4 + 1) {
    auto const p = plan_histogram(1 << 20, slots, h200);
    EXPECT_EQ(p.copies == 0, slots * 4 > h200.block_bytes);
    auto const per_sm = static_cast<index_t>(p.shape.threads == 256 ? 4 : p.shape.threads == 512 ? 2 : 1);
    if (p.copies == 0) continue;
    EXPECT_LE(per_sm * (static_cast<index_t>(p.shape.shared_bytes) + 1024), h200.sm_bytes) << slots;
    EXPECT_GE(p.shape.blocks, 1u);
  }
}

TEST(SlotRun, AddsEveryElementOnce) {
  std::map<index_t, index_t> counts;
  auto const add = [&](index_t slot, unsigned run) { counts[slot] += run; };
  cuda::slot_run run(add);
  for (index_t slot : {3, 3, 3, 1, 3, 0, 0}) run.take(slot);
  run.flush();
  run.flush();
  EXPECT_EQ(counts, (std::map<index_t, index_t>{{0, 2}, {1, 1}, {3, 4}}));
}

}  // namespace
