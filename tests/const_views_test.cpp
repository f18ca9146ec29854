// Every verb that only reads takes a view of what must not change, and gives what it gives for an array.
#include <gtest/gtest.h>

#include <prorata/prorata.hpp>
#include <span>
#include <tests/contents.hpp>
#include <tests/splits.hpp>

namespace {

using namespace prorata;
using namespace prorata::tests;

struct ConstViews : testing::Test {
  host_team team = make_team(3, 2);
  std::vector<double> values = [] {
    std::vector<double> v;
    for (int i = 0; i < 5000; ++i) v.push_back((i * 7919) % 613 / 8.0 + 1);
    return v;
  }();
  std::vector<std::int32_t> numbers = [] {
    std::vector<std::int32_t> v;
    for (int i = 0; i < 5000; ++i) v.push_back((i * 7919) % 17);
    return v;
  }();
  distributed_array<double, host::stream> x = borrow(team, std::span(values));
  distributed_array<double const, host::stream> c = borrow(team, std::span<double const>(values));
  distributed_array<std::int32_t, host::stream> k = borrow(team, std::span(numbers));
  distributed_array<std::int32_t const, host::stream> kc =
      borrow(team, std::span<std::int32_t const>(numbers));
};

struct above {
  PRORATA_HD bool operator()(double v) const { return v > 40; }
};

TEST_F(ConstViews, AreReduced) {
  EXPECT_EQ(sum(c), sum(x));
  EXPECT_EQ(product(c), product(x));
  EXPECT_EQ(dot(c, c), dot(x, x));
  EXPECT_EQ(dot(c, x), dot(x, c));
  EXPECT_EQ(norm(c), norm(x));
  EXPECT_EQ(mean(c), mean(x));
  EXPECT_EQ(variance(c), variance(x));
  EXPECT_EQ(deviation(c), deviation(x));
  EXPECT_EQ(weighted_mean(c, c), weighted_mean(x, x));
  EXPECT_EQ(weighted_variance(c, x), weighted_variance(x, c));
  EXPECT_EQ(min(c), min(x));
  EXPECT_EQ(max(c), max(x));
  EXPECT_EQ(argmin(c), argmin(x));
  EXPECT_EQ(argmax(c), argmax(x));
  EXPECT_EQ(statistics(c).m2, statistics(x).m2);
  EXPECT_EQ(exact_sum_of(c), exact_sum_of(x));
  EXPECT_EQ(exact_sum_of(kc), exact_sum_of(k));
  EXPECT_EQ(exact_mean_of(c), exact_mean_of(x));
  EXPECT_EQ(exact_dot_of(c, x), exact_dot_of(x, x));
  EXPECT_EQ(exact_weighted_mean_of(c, x), exact_weighted_mean_of(x, x));
  EXPECT_EQ(count_if(c, above{}), count_if(x, above{}));
  EXPECT_EQ(any_of(c, above{}), any_of(x, above{}));
  EXPECT_EQ(all_of(c, above{}), all_of(x, above{}));
}

TEST_F(ConstViews, AreScannedAndChosenFrom) {
  auto out = make_array<double>(team, c.size()), expected = make_array<double>(team, c.size());
  inclusive_scan(out, plus<double>{}, c);
  inclusive_scan(expected, plus<double>{}, x);
  EXPECT_EQ(everything(out), everything(expected));
  EXPECT_EQ(everything(copy_if(c, above{})), everything(copy_if(x, above{})));
  EXPECT_EQ(everything(partition_copy(c, above{}).rest), everything(partition_copy(x, above{}).rest));
  EXPECT_EQ(everything(indices_where(c, above{})), everything(indices_where(x, above{})));
  EXPECT_EQ(topk(c, 10).values, topk(x, 10).values);
  EXPECT_EQ(quantiles(c, std::vector<double>{0.25, 0.5}), quantiles(x, std::vector<double>{0.25, 0.5}));
}

TEST_F(ConstViews, AreOrderedAndGrouped) {
  EXPECT_EQ(everything(argsort(c)), everything(argsort(x)));
  EXPECT_EQ(is_sorted(c), is_sorted(x));
  EXPECT_EQ(everything(unique(c)), everything(unique(x)));
  EXPECT_EQ(everything(run_lengths(kc).lengths), everything(run_lengths(k).lengths));
  EXPECT_EQ(everything(reduce_by_key(kc, c, plus<double>{}).values),
            everything(reduce_by_key(k, x, plus<double>{}).values));
  EXPECT_EQ(group_by(kc, c, aggregate::sum).size(), group_by(k, x, aggregate::sum).size());
  EXPECT_EQ(histogram(c, even_bins{0, 80, 10}), histogram(x, even_bins{0, 80, 10}));
  EXPECT_EQ(everything(redistribute(c, x.partition())), values);
}

}  // namespace
