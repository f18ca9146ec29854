// The exact-sum kernel, run on the host: windows, limbs and blocks in any order, against plain deposits.
#include <gtest/gtest.h>

#include <bit>
#include <cstring>
#include <host/warp.hpp>
#include <kernels/exact_block.hpp>
#include <limits>

#include "block_on_host.hpp"

namespace prorata {
namespace {

template <class Accumulator>
struct exact_block_on_host : block_on_host<unsigned, 1, 1> {
  Accumulator total{};
  explicit exact_block_on_host(index_t k) : block_on_host{k} {}
  template <class F>
  void each_warp(F const& f) {
    for (int w = 0; w < 4; ++w) f(w);
  }
  template <class F>
  void each_thread(F const& f) {
    for (int k = 0; k < 128; ++k) f(k, 128);
  }
  Accumulator& sum() { return total; }
  void add(std::int64_t* limb, std::int64_t v) { *limb += v; }
  void set(std::uint32_t* flags, std::uint32_t v) { *flags |= v; }
};

template <class Accumulator, class Load>
void expect_sum_of_deposits(Load const& load, piece p, index_t blocks) {
  Accumulator expected{};
  for (index_t i = p.begin; i < p.end; ++i) expected.add(cuda::slices_of(expected, load(i)));
  expected.propagate();
  std::vector<Accumulator> scratch(static_cast<std::size_t>(blocks));
  Accumulator found{};
  unsigned counter = 0;
  for (index_t number : any_order(blocks, 3)) {
    exact_block_on_host<Accumulator> block(number);
    cuda::deposit_block<3, 4, host::warp<>>(block, p, load, blocks, scratch.data(), &counter, &found);
  }
  EXPECT_EQ(std::memcmp(&expected, &found, sizeof found), 0) << "[" << p.begin << ", " << p.end << ")";
}

/// Element i is a mixture of sizes: any bit pattern, numbers near one, zeros, and now and then a special one.
template <class T>
struct mixture {
  int kind;
  T operator()(index_t i) const {
    std::uint64_t const h = (static_cast<std::uint64_t>(i) + 7) * 0x9e3779b97f4a7c15u;
    std::uint64_t const bits = h ^ (h >> 29);
    if constexpr (std::is_integral_v<T>) {
      return static_cast<T>(bits);
    } else {
      using pattern = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
      T const any = std::bit_cast<T>(static_cast<pattern>(bits >> (64 - 8 * sizeof(T))));
      T const near = static_cast<T>(static_cast<double>(static_cast<std::int64_t>(bits)) * 0x1p-63);
      T const finite = any - any == T{0} ? any : near;
      switch (kind) {
        case 0:
          return near;
        case 1:
          return finite;
        case 2:
          return bits % 3 == 0 ? T{0} : near;
        case 3:
          return -T{0};
        default:
          return bits % 97 == 0 ? any : bits % 89 == 0 ? std::numeric_limits<T>::infinity() : finite;
      }
    }
  }
};
template <class T>
struct pairs {
  mixture<T> x, y;
  factors<T> operator()(index_t i) const { return {x(i), y(i + 1)}; }
};

template <class T>
void deposit_everywhere() {
  for (int kind = 0; kind < 5; ++kind)
    for (index_t n : {1, 31, 256, 1025, 150000})
      for (index_t blocks : {1, 5}) {
        expect_sum_of_deposits<exact_sum<T>>(mixture<T>{kind}, {0, n, n}, blocks);
        expect_sum_of_deposits<exact_sum<T>>(mixture<T>{kind}, {n / 3, n - n / 5, n}, blocks);
      }
}

TEST(deposit_block, sees_what_is_special_in_any_of_many_blocks) {
  index_t const n = 400'000;
  for (index_t special = 0; special < n; special += 9973) {
    auto const load = [&](index_t i) { return i == special ? std::numeric_limits<double>::infinity() : 1.0; };
    expect_sum_of_deposits<exact_sum<double>>(load, {0, n, n}, 200);
  }
}
TEST(deposit_block, keeps_floats_exactly) { deposit_everywhere<float>(); }
TEST(deposit_block, keeps_doubles_exactly) { deposit_everywhere<double>(); }
TEST(deposit_block, keeps_integers_exactly) {
  deposit_everywhere<std::int64_t>();
  deposit_everywhere<std::uint64_t>();
  deposit_everywhere<std::int32_t>();
}
TEST(deposit_block, keeps_products_exactly) {
  for (int kind = 0; kind < 5; ++kind) {
    expect_sum_of_deposits<exact_dot<double>>(pairs<double>{{kind}, {4 - kind}}, {3, 5000, 5001}, 3);
    expect_sum_of_deposits<exact_dot<float>>(pairs<float>{{kind}, {4 - kind}}, {3, 5000, 5001}, 3);
  }
}

/// All of one sign and of the largest significand, at both ends of a window: nothing cancels, carries fill
/// up.
struct heavy {
  float sign;
  float operator()(index_t i) const { return sign * (i % 3 == 0 ? 0x1.fffffep-34f : 0x1.fffffep+0f); }
};
/// The same with a part that is negative at one end of the window, and positive at the other.
struct opposed {
  float sign;
  float operator()(index_t i) const { return sign * (i % 3 == 0 ? -0x1.fffffep-34f : 0x1.fffffep+0f); }
};

TEST(deposit_block, carries_before_windows_overflow) {
  for (float const sign : {1.0f, -1.0f}) {
    expect_sum_of_deposits<exact_sum<float>>(heavy{sign}, {0, 400000, 400000}, 1);
    expect_sum_of_deposits<exact_sum<float>>(opposed{sign}, {0, 400000, 400000}, 1);
  }
}

}  // namespace
}  // namespace prorata
