// join and lookup against nested loops: in memory by row numbers, and of files.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <prorata/error.hpp>
#include <prorata/join.hpp>
#include <random>
#include <tests/array_files.hpp>
#include <tests/sanitizers.hpp>
#include <tests/temporary_directory.hpp>

namespace prorata {
namespace {

constexpr join_kind kinds[] = {join_kind::inner, join_kind::left, join_kind::semi, join_kind::anti};

template <class L, class R>
joined_rows nested_loops(std::vector<L> const& left, std::vector<R> const& right, join_kind kind) {
  joined_rows out;
  for (std::size_t i = 0; i < left.size(); ++i) {
    std::vector<index_t> mine;
    for (std::size_t j = 0; j < right.size(); ++j)
      if (std::cmp_equal(left[i], right[j])) mine.push_back(static_cast<index_t>(j));
    bool const pairs = kind == join_kind::inner || kind == join_kind::left;
    if (!pairs) {
      if (mine.empty() == (kind == join_kind::anti)) out.left.push_back(static_cast<index_t>(i));
      continue;
    }
    if (mine.empty() && kind == join_kind::left) mine.push_back(-1);
    for (index_t const j : mine) {
      out.left.push_back(static_cast<index_t>(i));
      out.right.push_back(j);
    }
  }
  return out;
}

template <class K>
std::vector<K> some_keys(std::mt19937_64& random, std::size_t n, std::uint64_t different) {
  std::vector<K> keys(n);
  for (K& k : keys) k = static_cast<K>(random() % different - different / 2);
  return keys;
}

TEST(join, row_numbers_are_those_of_nested_loops) {
  for (std::uint64_t seed = 1; seed <= tests::rounds(40u); ++seed) {
    std::mt19937_64 random(seed);
    auto const left = some_keys<std::int32_t>(random, random() % 300, 1 + random() % 200);
    auto const right = some_keys<std::int32_t>(random, random() % 200, 1 + random() % 200);
    for (auto const kind : kinds) {
      SCOPED_TRACE("seed " + std::to_string(seed) + ", kind " + std::to_string(static_cast<int>(kind)));
      auto const expected = nested_loops(left, right, kind);
      auto const got = join(left, right, kind, 1 + static_cast<int>(seed % 3));
      EXPECT_EQ(got.left, expected.left);
      EXPECT_EQ(got.right, expected.right);
    }
  }
}

class join_of_files : public testing::Test {
 protected:
  template <class T>
  std::string write(std::string const& name, std::vector<T> const& x) {
    return tests::saved(folder, name + ".npy", x);
  }
  std::string path(std::string const& name) const { return (folder / (name + ".npy")).string(); }
  temporary_directory folder;
};

TEST_F(join_of_files, has_the_rows_of_nested_loops) {
  std::mt19937_64 random(7);
  auto const left = some_keys<std::int64_t>(random, 500, 300);
  auto const right = some_keys<std::uint8_t>(random, 300, 256);
  std::vector<float> x;
  std::vector<std::int16_t> y;
  for (std::size_t i = 0; i < left.size(); ++i) x.push_back(static_cast<float>(i) / 3);
  for (std::size_t j = 0; j < right.size(); ++j) y.push_back(static_cast<std::int16_t>(7 * j));
  join_side const l{write("l", left), {{write("x", x), path("out_x")}}};
  join_side const r{write("r", right), {{write("y", y), path("out_y")}}};
  for (auto const kind : kinds) {
    SCOPED_TRACE(static_cast<int>(kind));
    bool const pairs = kind == join_kind::inner || kind == join_kind::left;
    auto const expected = nested_loops(left, right, kind);
    auto const rows = static_cast<index_t>(expected.left.size());
    EXPECT_EQ(join(l, pairs ? r : join_side{r.keys}, kind,
                   {path("key"), path("left"), pairs ? path("right") : "", pairs ? path("found") : ""}),
              rows);
    EXPECT_EQ(tests::loaded<std::int64_t>(path("left")), expected.left);
    auto const keys = tests::loaded<std::int64_t>(path("key"));
    auto const xs = tests::loaded<float>(path("out_x"));
    ASSERT_EQ(std::ssize(keys), rows);
    ASSERT_EQ(std::ssize(xs), rows);
    for (std::size_t k = 0; k < keys.size(); ++k) {
      auto const i = static_cast<std::size_t>(expected.left[k]);
      EXPECT_EQ(keys[k], left[i]);
      EXPECT_EQ(xs[k], x[i]);
    }
    if (!pairs) continue;
    EXPECT_EQ(tests::loaded<std::int64_t>(path("right")), expected.right);
    auto const ys = tests::loaded<std::int16_t>(path("out_y"));
    ASSERT_EQ(std::ssize(ys), rows);
    for (std::size_t k = 0; k < ys.size(); ++k)
      EXPECT_EQ(ys[k], expected.right[k] < 0 ? 0 : y[static_cast<std::size_t>(expected.right[k])]);
  }
}

TEST_F(join_of_files, lookup_takes_the_last_value_of_a_key) {
  std::vector<std::int32_t> const keys = {5, -1, 5, 0};
  std::vector<double> const values = {1, 2, 3, 4};
  std::vector<std::uint64_t> const queries = {0, 5, ~std::uint64_t{0}, 5, 9};
  auto const k = write("k", keys), v = write("v", values), q = write("q", queries), out = path("out");
  EXPECT_EQ(lookup(out, k, v, q, -7), 2);
  EXPECT_EQ(tests::loaded<double>(out), (std::vector<double>{4, 3, -7, 3, -7}));
  EXPECT_EQ(lookup(out, k, v, q), 2);
  EXPECT_TRUE(std::isnan(tests::loaded<double>(out)[2]));
  EXPECT_EQ(lookup(out, k, k, k), 0);
  EXPECT_EQ(tests::loaded<std::int32_t>(out), keys);
}

TEST_F(join_of_files, refuses_and_leaves_nothing) {
  auto const k = write("k", std::vector<std::int32_t>{1, 2}), v = write("v", std::vector<double>{1, 2, 3});
  auto const f = write("f", std::vector<float>{1, 2}), out = path("out");
  EXPECT_THROW(lookup(out, k, v, k), input_error);
  EXPECT_THROW(lookup(out, f, k, k), input_error);
  EXPECT_THROW(lookup(out, k, k, f), input_error);
  EXPECT_THROW(lookup(out, k, k, k, 0.5), usage_error);
  EXPECT_THROW(lookup(out, k, k, k, 1e10), usage_error);
  EXPECT_THROW(lookup(k, k, k, k), usage_error);
  EXPECT_THROW(lookup(out, k, k, k, 0, {.memory = 1 << 20}), out_of_memory);
  EXPECT_THROW(lookup(out, k, k, k, 0, {.verify = 5}), usage_error);
  EXPECT_THROW(join({k}, {k}, join_kind::inner, {}), usage_error);
  EXPECT_THROW(join({k}, {k, {{f, out}}}, join_kind::semi, {}), usage_error);
  EXPECT_THROW(join({k}, {k, {{v, out}}}, join_kind::inner, {}), input_error);
  EXPECT_FALSE(std::filesystem::exists(out));
}

}  // namespace
}  // namespace prorata
