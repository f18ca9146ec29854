// Order-free and extreme-finding kernels, run on the host: blocks in any order, against the host's own
// states.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <host/warp.hpp>
#include <kernels/unordered_block.hpp>
#include <limits>

#include "block_on_host.hpp"

namespace prorata {
namespace {

template <int Level, class Fold, class Load>
typename Fold::written by_blocks(Fold const& fold, piece p, Load const& load, index_t blocks, unsigned seed) {
  using partial = typename Fold::partial;
  constexpr int warps = 8;
  typename Fold::written out{};
  std::vector<partial> scratch(static_cast<std::size_t>(blocks));
  unsigned counter = 0;
  for (index_t number : any_order(blocks, seed)) {
    block_on_host<partial, 1, warps> block{number};
    cuda::fold_block<Level, warps, host::warp<>>(block, fold, p, load, blocks, scratch.data(), &counter,
                                                 &out);
  }
  EXPECT_EQ(counter, 0u);
  return out;
}

template <class T>
struct checked_load {
  std::vector<T> const& values;
  piece p;
  T operator()(index_t i) const {
    if (i < p.begin || i >= p.end) ADD_FAILURE() << "read " << i << " outside the piece";
    return values[static_cast<std::size_t>(i)];
  }
};

TEST(fold_block, adds_integers_modulo_their_width) {
  std::mt19937_64 random(1);
  std::vector<std::int32_t> x(70000);
  for (auto& v : x) v = static_cast<std::int32_t>(random());
  for (index_t begin : {0, 1, 31, 1000, 40000})
    for (index_t end : {0, 1, 32, 33, 1023, 1024, 1025, 8192, 69999, 70000})
      for (index_t blocks : {1, 2, 7, 40}) {
        if (begin > end) continue;
        piece const p{begin, end, 70000};
        std::uint32_t expected = 0;
        for (index_t i = begin; i < end; ++i)
          expected += static_cast<std::uint32_t>(x[static_cast<std::size_t>(i)]);
        auto const found = by_blocks<5>(cuda::order_free_fold<plus<std::int32_t>>{}, p,
                                        checked_load<std::int32_t>{x, p}, blocks, 3);
        EXPECT_EQ(static_cast<std::uint32_t>(found), expected);
      }
}

template <class T>
void expect_extremes_of_host(std::vector<T> const& x, index_t blocks, unsigned seed) {
  auto const n = static_cast<index_t>(x.size());
  std::mt19937 random(seed);
  for (int trial = 0; trial < 12; ++trial) {
    index_t begin = 0, end = n;
    if (trial > 2) begin = static_cast<index_t>(random()) % n, end = static_cast<index_t>(random()) % n + 1;
    if (begin >= end) continue;
    piece const p{begin, end, n};
    checked_load<T> const load{x, p};
    using R = extrema<T>;
    typename R::template state<host::warp<>> state(R{}, n, begin);
    state.take(load, end);
    typename R::found expected{};
    state.write(reinterpret_cast<std::byte*>(&expected));
    auto const found = by_blocks<cuda::strip_level<T>>(cuda::extrema_fold<T>{}, p, load, blocks, seed);
    EXPECT_EQ(found.least, expected.least);
    EXPECT_EQ(found.greatest, expected.greatest);
    EXPECT_EQ(found.argmin, expected.argmin);
    EXPECT_EQ(found.argmax, expected.argmax);
    EXPECT_EQ(found.nan, expected.nan);
  }
}

template <class T>
void find_extremes_everywhere() {
  std::mt19937_64 random(2);
  for (index_t n : {1, 31, 32, 33, 1023, 1025, 50001})
    for (index_t blocks : {1, 3, 40}) {
      std::vector<T> x(static_cast<std::size_t>(n));
      for (auto& v : x) v = static_cast<T>(static_cast<double>(random() % 2001) - 1000.0);  // many ties
      expect_extremes_of_host(x, blocks, static_cast<unsigned>(n));
      std::fill(x.begin(), x.end(), std::numeric_limits<T>::max());
      expect_extremes_of_host(x, blocks, 5);
      std::fill(x.begin(), x.end(), std::numeric_limits<T>::lowest());
      expect_extremes_of_host(x, blocks, 6);
      if constexpr (std::is_floating_point_v<T>) {
        for (auto& v : x) v = random() % 2 == 0 ? T{0} : -T{0};
        expect_extremes_of_host(x, blocks, 7);
        x[static_cast<std::size_t>(n / 2)] = std::numeric_limits<T>::quiet_NaN();
        x[static_cast<std::size_t>(n - 1)] = -std::numeric_limits<T>::quiet_NaN();
        expect_extremes_of_host(x, blocks, 8);
        std::fill(x.begin(), x.end(), -std::numeric_limits<T>::infinity());
        expect_extremes_of_host(x, blocks, 9);
      }
    }
}

/// The same against a loop over the elements, of one sign and with NaNs in the same lane of many strips.
template <class T>
void find_what_a_loop_finds() {
  std::mt19937_64 random(3);
  for (index_t const n : {1, 40, 30011})
    for (int kind = 0; kind < 4; ++kind)
      for (index_t const blocks : {1, 3}) {
        std::vector<T> x(static_cast<std::size_t>(n));
        for (T& v : x) {
          int const size = 1 + static_cast<int>(random() % 1000);
          v = static_cast<T>(kind == 0 ? size : kind == 1 || random() % 2 == 0 ? -size : size);
        }
        index_t nan = nowhere;
        if (kind == 3 && std::is_floating_point_v<T>)
          for (index_t i = n / 3; i < n; ++i)
            if (i % 256 == 37) {
              x[static_cast<std::size_t>(i)] = random() % 2 == 0 ? std::numeric_limits<T>::quiet_NaN()
                                                                 : -std::numeric_limits<T>::quiet_NaN();
              nan = std::min(nan, i);
            }
        piece const p{0, n, n};
        auto const found =
            by_blocks<cuda::strip_level<T>>(cuda::extrema_fold<T>{}, p, checked_load<T>{x, p}, blocks, 4);
        EXPECT_EQ(found.nan, nan) << kind << " of " << n;
        if (nan != nowhere) continue;
        auto const least = std::min_element(x.begin(), x.end()),
                   greatest = std::max_element(x.begin(), x.end());
        EXPECT_EQ(found.least, order_key(*least)) << kind << " of " << n;
        EXPECT_EQ(found.greatest, order_key(*greatest)) << kind << " of " << n;
        EXPECT_EQ(found.argmin, least - x.begin()) << kind << " of " << n;
        EXPECT_EQ(found.argmax, greatest - x.begin()) << kind << " of " << n;
      }
}

TEST(fold_block, finds_what_a_loop_finds) {
  find_what_a_loop_finds<float>();
  find_what_a_loop_finds<double>();
  find_what_a_loop_finds<std::int32_t>();
}

TEST(fold_block, finds_extremes_of_floats) { find_extremes_everywhere<float>(); }
TEST(fold_block, finds_extremes_of_doubles) { find_extremes_everywhere<double>(); }
TEST(fold_block, finds_extremes_of_integers) { find_extremes_everywhere<std::int32_t>(); }
TEST(fold_block, finds_extremes_of_wide_integers) { find_extremes_everywhere<std::int64_t>(); }

}  // namespace
}  // namespace prorata
