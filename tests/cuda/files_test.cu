// Verbs over arrays in files as nvcc compiles them in a CUDA application: what they answer is what g++'s answer, which
// file_verbs_test.cpp knows better.
#include <gtest/gtest.h>

#include <algorithm>
#include <prorata/cuda.cuh>
#include <prorata/file_verbs.hpp>
#include <prorata/prorata.hpp>
#include <tests/array_files.hpp>
#include <tests/splits.hpp>

namespace {

using namespace prorata;
using tests::loaded;

struct doubled {
  PRORATA_HD double operator()(double v) const { return 2 * v; }
};
struct positive {
  PRORATA_HD bool operator()(double v) const { return v > 0; }
};

TEST(files_in_cuda, every_verb) {
  temporary_directory const folder;
  auto const numbers = tests::numbers<std::int16_t>(5003, 1);
  auto const values = tests::converted<double>(numbers);
  auto const x = open<double>(tests::saved(folder, "x.npy", numbers, true), tests::make_team(2, 1));
  auto const out = (folder / "out.npy").string();
  auto sorted = values;
  std::sort(sorted.begin(), sorted.end());

  double total = 0;
  std::vector<double> doubles, sums, kept;
  std::vector<std::int64_t> places;
  for (std::size_t i = 0; i < values.size(); ++i) {
    doubles.push_back(2 * values[i]);
    sums.push_back(total += values[i]);
    if (values[i] > 0) kept.push_back(values[i]), places.push_back(static_cast<std::int64_t>(i));
  }
  EXPECT_EQ(sum(x), total);
  EXPECT_EQ(median(x), sorted[2501]);
  EXPECT_EQ(topk(x, 3).values, (std::vector<double>{sorted[5002], sorted[5001], sorted[5000]}));
  EXPECT_EQ(histogram(x, even_bins{sorted.front(), sorted.back(), 1}).counts, std::vector<index_t>{5003});
  transform(out, doubled{}, x);
  EXPECT_EQ(loaded<double>(out), doubles);
  inclusive_scan(out, plus<double>{}, x);
  EXPECT_EQ(loaded<double>(out), sums);
  EXPECT_EQ(copy_if(out, x, positive{}), std::ssize(kept));
  EXPECT_EQ(loaded<double>(out), kept);
  EXPECT_EQ(indices_where(out, x, positive{}), std::ssize(kept));
  EXPECT_EQ(loaded<std::int64_t>(out), places);
  sort(out, x);
  EXPECT_EQ(loaded<double>(out), sorted);
  argsort(out, x);
  EXPECT_EQ(values[static_cast<std::size_t>(loaded<std::int64_t>(out).front())], sorted.front());
  auto distinct = sorted;
  distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
  EXPECT_EQ(unique(out, x), std::ssize(distinct));
  EXPECT_EQ(loaded<double>(out), distinct);
  EXPECT_EQ(group_by(x, x, aggregate::count).size(), std::ssize(distinct));
}

}  // namespace
