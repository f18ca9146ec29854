// What every backend must do when it sorts and merges, written once, as conformance.hpp.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <numeric>
#include <prorata/host.hpp>
#include <prorata/total_order.hpp>
#include <random>
#include <tests/sanitizers.hpp>
#include <vector>

namespace prorata::conformance {

template <class Provider>
struct sort_conformance : testing::Test {
  using S = typename Provider::stream_type;
  std::vector<S> streams;

  void SetUp() override {
    streams = Provider::streams(1);
    if (streams.empty()) GTEST_SKIP() << "no such device on this machine";
  }

  template <class T>
  T* placed(std::vector<T> const& x) {
    auto* const memory = static_cast<T*>(streams[0].allocate(x.size() * sizeof(T) + 1));
    streams[0].copy(memory, x.data(), x.size() * sizeof(T));
    streams[0].sync();  // x may be a temporary
    return memory;
  }
  template <class T>
  std::vector<T> taken(T* memory, std::size_t n) {
    std::vector<T> x(n);
    streams[0].copy(x.data(), memory, n * sizeof(T));
    streams[0].deallocate(memory, n * sizeof(T) + 1);
    streams[0].sync();
    return x;
  }
  /// Any bits, many of them twice, and for floats NaNs, infinities and zeros of both signs.
  template <class T>
  static std::vector<T> made(std::size_t n) {
    using K = typename total_order<T>::key_type;
    std::mt19937_64 random(n + sizeof(T));
    std::vector<T> x(n);
    for (auto& v : x) {
      K const bits = static_cast<K>(random() % 4 != 0 ? random() : (random() % 8) << (sizeof(T) * 8 - 3));
      v = std::bit_cast<T>(bits);
    }
    return x;
  }
  template <class T>
  static void expect_bits(std::vector<T> const& found, std::vector<T> const& expected) {
    ASSERT_EQ(found.size(), expected.size());
    ASSERT_TRUE(found.empty() || std::memcmp(found.data(), expected.data(), found.size() * sizeof(T)) == 0)
        << found.size() << " elements";
  }
  static std::vector<std::size_t> sizes() {
    return {0, 1, 2, 31, 33, 1023, 1025, 70001, tests::watched ? 200003u : 1000003u};
  }

  template <class T>
  void sorts_keys() {
    for (auto const n : sizes())
      for (auto const d : {direction::ascending, direction::descending}) {
        total_order<T> const order(d);
        auto x = made<T>(n);
        auto* const memory = placed(x);
        std::sort(x.begin(), x.end(), order);
        sort_keys(streams[0], order, memory, static_cast<index_t>(n));
        expect_bits(taken(memory, n), x);
      }
  }

  template <class T>
  void sorts_stably() {
    for (auto const n : sizes())
      for (auto const d : {direction::ascending, direction::descending}) {
        total_order<T> const order(d);
        auto const x = made<T>(n);
        std::vector<index_t> places(n);
        std::iota(places.begin(), places.end(), index_t{7});
        std::stable_sort(places.begin(), places.end(), [&](index_t a, index_t b) {
          return order(x[static_cast<std::size_t>(a - 7)], x[static_cast<std::size_t>(b - 7)]);
        });
        std::vector<T> sorted;
        for (index_t const i : places) sorted.push_back(x[static_cast<std::size_t>(i - 7)]);
        auto* const memory = placed(x);
        auto* const indices = placed(std::vector<index_t>(n, -1));
        sort_indices(streams[0], order, memory, 7, indices, static_cast<index_t>(n));
        expect_bits(taken(memory, n), sorted);
        auto const found = taken(indices, n);
        expect_bits(found, places);
      }
  }

  template <class T>
  void merges(double part) {
    for (auto const n : sizes())
      for (auto const d : {direction::ascending, direction::descending}) {
        total_order<T> const order(d);
        auto x = made<T>(n);
        auto const middle = x.begin() + static_cast<std::ptrdiff_t>(part * static_cast<double>(n));
        std::sort(x.begin(), middle, order);
        std::sort(middle, x.end(), order);
        auto const left = middle - x.begin(), right = x.end() - middle;
        std::vector<index_t> places(n);
        std::iota(places.begin(), places.end(), index_t{0});
        auto* const from = placed(x);
        auto* const values = placed(places);
        auto* const out = placed(x);
        auto* const out_values = placed(places);
        auto* const keys_alone = placed(x);
        std::stable_sort(places.begin(), places.end(), [&](index_t a, index_t b) {
          return order(x[static_cast<std::size_t>(a)], x[static_cast<std::size_t>(b)]);
        });
        std::inplace_merge(x.begin(), middle, x.end(), order);
        merge_pairs(streams[0], order, from, values, left, from + left, values + left, right, out,
                    out_values);
        merge_keys(streams[0], order, from, left, from + left, right, keys_alone);
        taken(from, n);
        taken(values, n);
        expect_bits(taken(out, n), x);
        expect_bits(taken(keys_alone, n), x);
        expect_bits(taken(out_values, n), places);
      }
  }
};

TYPED_TEST_SUITE_P(sort_conformance);

TYPED_TEST_P(sort_conformance, sorts_integers) { this->template sorts_keys<std::int32_t>(); }
TYPED_TEST_P(sort_conformance, sorts_floats) { this->template sorts_keys<double>(); }
TYPED_TEST_P(sort_conformance, keeps_the_order_of_equals) { this->template sorts_stably<float>(); }
TYPED_TEST_P(sort_conformance, merges_sorted_arrays) {
  this->template merges<float>(0.5);
  this->template merges<float>(0.001);
  this->template merges<float>(1.0);
}

REGISTER_TYPED_TEST_SUITE_P(sort_conformance, sorts_integers, sorts_floats, keeps_the_order_of_equals,
                            merges_sorted_arrays);

}  // namespace prorata::conformance
