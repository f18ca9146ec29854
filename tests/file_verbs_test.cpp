// Verbs over arrays in files: what they answer is what the standard library makes of the elements, whatever the chunks, the
// memory, the ranks, the stored type and byte order.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <numeric>
#include <prorata/file_verbs.hpp>
#include <prorata/quantile.hpp>
#include <tests/array_files.hpp>
#include <tests/splits.hpp>

namespace {

using namespace prorata;
using tests::converted;
using tests::fewer;
using tests::loaded;
using tests::make_team;
using tests::numbers;
using tests::said;
using tests::saved;

std::vector<index_t> const sizes{1, 33, 1025, 40007, fewer(300007)};

/// check(x) for the file as T over one to three ranks, with chunks and memory of several sizes.
template <class T, class Check>
void on_every_split(std::string const& path, index_t n, Check const& check) {
  for (int ranks = 1; ranks <= 3; ++ranks)
    for (auto const& [memory, chunk] :
         {std::pair<index_t, index_t>{1 << 30, 0}, {1 << 30, 1}, {65536, 8192}, {4096, 0}}) {
      std::vector<double> const weights{3.0, 0.0, 1.5};
      auto const cuts = partition_by_weights(n, std::span(weights).first(static_cast<std::size_t>(ranks)));
      SCOPED_TRACE(std::to_string(n) + " elements, " + std::to_string(ranks) + " ranks, memory " +
                   std::to_string(memory) + ", chunks " + std::to_string(chunk));
      check(open<T>(path, make_team(ranks, 2), cuts, run_options{.memory = memory, .chunk = chunk}));
    }
}

/// The indices of x in order: least first, or greatest, equal ones by index; NaNs last.
template <class T>
std::vector<index_t> order_of(std::vector<T> const& x, bool descending) {
  std::vector<index_t> order(x.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](index_t i, index_t j) {
    T const a = x[static_cast<std::size_t>(i)], b = x[static_cast<std::size_t>(j)];
    if (a != a || b != b) return a == a && b != b;
    return descending ? b < a : a < b;
  });
  return order;
}

template <class T, class Stored>
void expect_the_order_of_the_standard_library(bool swapped) {
  temporary_directory const folder;
  for (index_t const n : sizes) {
    auto elements = numbers<Stored>(n, 1);
    if constexpr (std::is_floating_point_v<Stored>)
      for (std::size_t i = 5; i < elements.size(); i += 1000)
        elements[i] = std::numeric_limits<Stored>::quiet_NaN();
    auto const x = converted<T>(elements);
    auto const path = saved(folder, "x.npy", elements, swapped);
    for (bool const descending : {false, true}) {
      auto const way = descending ? direction::descending : direction::ascending;
      auto const order = order_of(x, descending);
      std::vector<index_t> const places{0, n / 3, n / 2, n - 1};
      on_every_split<T>(path, n, [&](file_array<T> const& file) {
        auto const found = nth_elements(file, places, way);
        for (std::size_t k = 0; k < places.size(); ++k) {
          T const expected = x[static_cast<std::size_t>(order[static_cast<std::size_t>(places[k])])];
          EXPECT_TRUE(found[k] == expected || (found[k] != found[k] && expected != expected)) << places[k];
        }
        index_t const count = std::min<index_t>(n, 200);
        auto const top = topk(file, count, way);
        EXPECT_EQ(top.indices, std::vector<index_t>(order.begin(), order.begin() + count));
        for (std::size_t k = 0; k < top.indices.size(); ++k) {
          T const there = x[static_cast<std::size_t>(top.indices[k])];
          EXPECT_TRUE(top.values[k] == there || (top.values[k] != top.values[k] && there != there));
        }
      });
    }
  }
}

TEST(file_verbs, selection_is_that_of_a_sorted_array) {
  expect_the_order_of_the_standard_library<double, double>(false);
  expect_the_order_of_the_standard_library<float, float>(true);
  expect_the_order_of_the_standard_library<double, std::int16_t>(true);
  expect_the_order_of_the_standard_library<std::int32_t, std::int32_t>(false);
  expect_the_order_of_the_standard_library<std::uint8_t, std::uint8_t>(false);
}

TEST(file_verbs, quantiles_lie_between_neighbours) {
  temporary_directory const folder;
  std::vector<double> x(100001);
  for (std::size_t i = 0; i < x.size(); ++i)
    x[i] = static_cast<double>((i * 7919) % x.size());  // 0 … 100000, stirred
  on_every_split<double>(saved(folder, "x.npy", x), std::ssize(x), [](file_array<double> const& file) {
    EXPECT_EQ(quantiles(file, {0, 0.25, 0.123456, 1}), (std::vector<double>{0, 25000, 12345.6, 100000}));
    EXPECT_EQ(median(file), 50000);
    EXPECT_EQ(quantile(file, 0.123456, quantile_method::lower), 12345);
  });
}

TEST(file_verbs, what_cannot_be_answered_is_refused) {
  temporary_directory const folder;
  auto const path = saved(folder, "x.npy", numbers<double>(2000, 1));
  auto const x = open<double>(path);
  EXPECT_THROW(nth_elements(x, {2000}), usage_error);
  EXPECT_THROW(nth_elements(x, {-1}), usage_error);
  EXPECT_THROW(topk(x, -1), usage_error);
  EXPECT_TRUE(topk(x, 0).values.empty());
  EXPECT_EQ(std::ssize(topk(x, 3000).values), 2000);
  EXPECT_THROW(quantiles(x, {1.5}), usage_error);
  auto const empty = open<double>(saved(folder, "e.npy", std::vector<double>{}));
  EXPECT_THROW(median(empty), usage_error);
  EXPECT_TRUE(topk(empty, 5).values.empty());
  auto const checked = open<double>(path, make_team(2, 1), run_options{.verify = 10});
  EXPECT_NE(said<usage_error>([&] { topk(checked, 1); }).find("verification"), std::string::npos);
  EXPECT_THROW(median(checked), usage_error);
}

}  // namespace
