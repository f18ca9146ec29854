// Exact sums, means, dot products and quotients, bit for bit against rational arithmetic, in every order.
#include <gtest/gtest.h>

#include <algorithm>
#include <cfenv>
#include <cstring>
#include <functional>
#include <host/exact.hpp>
#include <random>
#include <string>
#include <tests/sanitizers.hpp>
#include <vector>
#if defined(__SSE2__)
#include <xmmintrin.h>
#endif

#include "gmp_oracle.hpp"

namespace prorata {
namespace {

constexpr double inf = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

static_assert(std::is_trivially_copyable_v<exact_sum<double>> &&
              std::is_trivially_copyable_v<exact_dot<float>>);
static_assert(sizeof(exact_sum<double>) == 544 && sizeof(exact_sum<float>) == 88);
static_assert(sizeof(exact_sum<std::int64_t>) == 40);
static_assert(sizeof(exact_dot<double>) == 1072 && sizeof(exact_dot<float>) == 160);

template <class T>
auto bits(T x) {
  return std::bit_cast<std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>>(x);
}

// Sets the thread's floating-point mode for a scope: the results must not notice.
class disturbed_arithmetic {
 public:
  explicit disturbed_arithmetic(int kind) : rounding_(std::fegetround()) {
#if defined(__SSE2__)
    control_ = _mm_getcsr();
    if (kind == 1)
      _mm_setcsr(control_ | 0x8040);  // flush subnormal results, treat subnormal operands as zero
#endif
    if (kind == 2) std::fesetround(FE_UPWARD);
    if (kind == 3) std::fesetround(FE_TOWARDZERO);
    if (kind == 4) std::fesetround(FE_DOWNWARD);
  }
  ~disturbed_arithmetic() {
#if defined(__SSE2__)
    _mm_setcsr(control_);
#endif
    std::fesetround(rounding_);
  }
  static constexpr int kinds = 5;

 private:
  int rounding_;
  unsigned control_ = 0;
};

// ---- inputs that have broken other implementations -------------------------------------------------------
using generator = std::mt19937_64;

template <class T>
T any_finite(generator& random) {
  T x;
  do {
    auto const pattern = random();
    std::memcpy(&x, &pattern, sizeof x);
  } while (!std::isfinite(x));
  return x;
}

template <class T>
T scaled(generator& random, int low, int high) {
  using limits = std::numeric_limits<T>;
  T const fraction = static_cast<T>(static_cast<std::int64_t>(random()) >> (64 - limits::digits - 1));
  return std::ldexp(
      fraction, low + static_cast<int>(random() % static_cast<unsigned>(high - low + 1)) - limits::digits);
}

template <class T>
struct family {
  char const* name;
  std::function<std::vector<T>(std::size_t, generator&)> make;
};

template <class T>
std::vector<T> cancelling(std::size_t n, generator& random, int low, int high) {
  std::vector<T> x;
  while (x.size() < n / 2 * 2) {
    x.push_back(scaled<T>(random, low, high));
    x.push_back(-x.back());
  }
  if (n % 2 != 0) x.push_back(scaled<T>(random, low - 40, low - 30));
  std::shuffle(x.begin(), x.end(), random);
  return x;
}

template <class T>
std::vector<family<T>> families() {
  using limits = std::numeric_limits<T>;
  auto const each = [](auto one) {
    return [one](std::size_t n, generator& random) {
      std::vector<T> x(n);
      for (T& v : x) v = one(random);
      return x;
    };
  };
  return {
      {"uniform", each([](generator& r) { return scaled<T>(r, 0, 0); })},
      {"small integers",
       each([](generator& r) { return static_cast<T>(static_cast<int>(r() % 2001) - 1000); })},
      {"range of 2^30", each([](generator& r) { return scaled<T>(r, -15, 15); })},
      {"range of 2^90", each([](generator& r) { return scaled<T>(r, -45, 45); })},
      {"range of 2^200", each([](generator& r) { return scaled<T>(r, -100, 100); })},
      {"any bits", each(any_finite<T>)},
      {"subnormal",
       each([](generator& r) { return std::ldexp(scaled<T>(r, 0, 0), limits::min_exponent - 1); })},
      {"near the least normal",
       each([](generator& r) { return scaled<T>(r, limits::min_exponent - 5, limits::min_exponent + 5); })},
      {"largest", each([](generator& r) { return r() % 2 != 0 ? limits::max() : -limits::max(); })},
      {"largest, one sign", each([](generator&) { return limits::max(); })},
      {"near the largest",
       each([](generator& r) { return scaled<T>(r, limits::max_exponent - 12, limits::max_exponent); })},
      {"powers of two", each([](generator& r) {
         return std::ldexp(r() % 2 != 0 ? T{1} : T{-1}, static_cast<int>(r() % 120) - 60);
       })},
      {"ties", each([](generator& r) {
         T const ulp = limits::epsilon();
         T const choices[] = {T{1}, ulp / 2, -ulp / 2, ulp * ulp / 4, -ulp * ulp / 4, ulp, T{0}, T{-0.0}};
         return choices[r() % 8];
       })},
      {"mostly zeros", each([](generator& r) { return r() % 64 != 0 ? T{0} : scaled<T>(r, -5, 5); })},
      {"all zero", each([](generator&) { return T{0}; })},
      {"one giant",
       [](std::size_t n, generator& r) {
         std::vector<T> x(n);
         for (T& v : x) v = scaled<T>(r, 0, 0);
         if (n > 0) x[r() % n] = std::ldexp(T{1}, limits::max_exponent - 1);
         return x;
       }},
      {"cancelling", [](std::size_t n, generator& r) { return cancelling<T>(n, r, -10, 10); }},
      {"cancelling, overflow in the middle",
       [](std::size_t n, generator& r) {
         return cancelling<T>(n, r, limits::max_exponent - 3, limits::max_exponent);
       }},
      {"textbook",
       [](std::size_t n, generator&) {
         std::vector<T> x(n);
         T const period[] = {T{1e16}, T{1}, T{-1e16}, T{1}};
         for (std::size_t i = 0; i < n; ++i) x[i] = period[i % 4];
         return x;
       }},
  };
}

// Adds one element after another, or all at once.
template <class T>
exact_sum<T> one_by_one(std::vector<T> const& x) {
  exact_sum<T> sum;
  for (T v : x) sum.deposit(v);
  return sum;
}
template <class T>
exact_sum<T> by_block(std::vector<T> const& x) {
  exact_sum<T> sum;
  host::deposit_block(sum, x.data(), static_cast<index_t>(x.size()));
  return sum;
}

template <class State>
void expect_same_state(State a, State b) {
  a.propagate();
  b.propagate();
  EXPECT_EQ(std::memcmp(&a, &b, sizeof a), 0);
}

template <class T>
class exact : public testing::Test {};
using real_types = testing::Types<float, double>;
TYPED_TEST_SUITE(exact, real_types);

TYPED_TEST(exact, sums_and_means_equal_the_oracle_in_every_order) {
  using T = TypeParam;
  for (auto const& [name, make] : families<T>())
    for (std::size_t n : {1, 2, 3, 7, 31, 32, 33, 100, 1023, 1024, 1025, 2048, 5000}) {
      std::uint64_t const seed = 1000003 * n + 17;
      SCOPED_TRACE(std::string(name) + ", n = " + std::to_string(n) + ", seed " + std::to_string(seed));
      generator random(seed);
      std::vector<T> x = make(n, random);
      mpq_class total;
      for (T v : x) total += oracle::value_of(v);
      exact_sum<T> const sum = one_by_one(x);
      bool const minus_zero = std::all_of(x.begin(), x.end(), [](T v) { return bits(v) == bits(T{-0.0}); });
      T const expected = minus_zero ? T{-0.0} : oracle::nearest<T>(total);
      EXPECT_EQ(bits(sum.round()), bits(expected));
      if (!minus_zero) {
        EXPECT_EQ(bits(sum.template round_to<double>()), bits(oracle::nearest<double>(total)));
      }
      for (index_t count : {index_t{1}, index_t{2}, index_t{3}, static_cast<index_t>(n), index_t{1000000007},
                            std::numeric_limits<index_t>::max()})
        if (!minus_zero) {
          EXPECT_EQ(bits(sum.mean(count)),
                    bits(oracle::nearest<T>(total / mpq_class(mpz_class(std::to_string(count))))));
        }
      // Other orders, other splits, blocks: the same state.
      expect_same_state(sum, by_block(x));
      for (std::size_t cut : {std::size_t{0}, n / 3, n / 2, n - 1}) {
        exact_sum<T> left = by_block(std::vector<T>(x.begin(), x.begin() + static_cast<std::ptrdiff_t>(cut)));
        left.merge(one_by_one(std::vector<T>(x.begin() + static_cast<std::ptrdiff_t>(cut), x.end())));
        expect_same_state(sum, left);
      }
      std::reverse(x.begin(), x.end());
      expect_same_state(sum, one_by_one(x));
      expect_same_state(sum, by_block(x));
      std::shuffle(x.begin(), x.end(), random);
      expect_same_state(sum, one_by_one(x));
      expect_same_state(sum, by_block(x));
    }
}

TYPED_TEST(exact, dot_products_equal_the_oracle) {
  using T = TypeParam;
  auto const all = families<T>();
  for (auto const& [name, make] : all)
    for (auto const& [other, make_other] : all)
      for (std::size_t n : {1, 33, 1024, 2100}) {
        std::uint64_t const seed = 7919 * n + 3;
        SCOPED_TRACE(std::string(name) + " · " + other + ", n = " + std::to_string(n) + ", seed " +
                     std::to_string(seed));
        generator random(seed);
        std::vector<T> const x = make(n, random), y = make_other(n, random);
        mpq_class total;
        exact_dot<T> dot, blocks;
        bool minus_zero = true;
        for (std::size_t i = 0; i < n; ++i) {
          total += oracle::value_of(x[i]) * oracle::value_of(y[i]);
          dot.deposit_product(x[i], y[i]);
          minus_zero = minus_zero && (x[i] == 0 || y[i] == 0) && std::signbit(x[i]) != std::signbit(y[i]);
        }
        host::deposit_block(blocks, x.data(), y.data(), static_cast<index_t>(n));
        expect_same_state(dot, blocks);
        EXPECT_EQ(bits(dot.round()), bits(minus_zero ? T{-0.0} : oracle::nearest<T>(total)));
        // The weighted mean of y by the magnitudes of x.
        exact_sum<T> weight;
        mpq_class below;
        for (T v : x) {
          weight.deposit(std::abs(v));
          below += oracle::value_of(std::abs(v));
        }
        if (below != 0 && total != 0) {
          EXPECT_EQ(bits(quotient<double>(dot, weight)), bits(oracle::nearest<double>(total / below)));
        }
      }
}

TYPED_TEST(exact, keeps_what_underflows_and_overflows) {
  using T = TypeParam;
  using limits = std::numeric_limits<T>;
  exact_dot<T> dot;
  dot.deposit_product(limits::max(), limits::max());
  dot.deposit_product(limits::denorm_min(), limits::denorm_min());
  dot.deposit_product(-limits::max(), limits::max());
  EXPECT_EQ(dot.round(), 0);  // 2^-2148 rounds to zero …
  exact_dot<T> denominator;
  denominator.deposit_product(limits::denorm_min(), limits::denorm_min());
  EXPECT_EQ(quotient<double>(dot, denominator), 1);  // … but is still there
  // A block in which nothing but vanishing products hides among ordinary ones.
  std::vector<T> x(1024, T{1}), y(1024, T{1});
  x[5] = y[5] = limits::min();
  exact_dot<T> blocks, each;
  host::deposit_block(blocks, x.data(), y.data(), 1024);
  for (int i = 0; i < 1024; ++i)
    each.deposit_product(x[static_cast<std::size_t>(i)], y[static_cast<std::size_t>(i)]);
  expect_same_state(blocks, each);
}

TYPED_TEST(exact, special_values_are_free_of_order) {
  using T = TypeParam;
  T const infinite = std::numeric_limits<T>::infinity(), none = std::numeric_limits<T>::quiet_NaN();
  struct sample {
    std::vector<T> x;
    T sum;
  };
  T const zero = 0, minus = T{-0.0};
  std::vector<sample> const samples = {
      {{}, zero},
      {{zero}, zero},
      {{minus}, minus},
      {{minus, minus, minus}, minus},
      {{minus, zero, minus}, zero},
      {{minus, 1, -1}, zero},
      {{infinite, 1, 2}, infinite},
      {{infinite, infinite}, infinite},
      {{-infinite, 5, std::numeric_limits<T>::max()}, -infinite},
      {{infinite, -infinite}, none},
      {{infinite, -none, 1}, none},
      {{std::numeric_limits<T>::max(), std::numeric_limits<T>::max()}, infinite},
      {{-std::numeric_limits<T>::max(), -std::numeric_limits<T>::max()}, -infinite},
  };
  for (auto const& [values, expected] : samples)
    for (std::size_t padded : {std::size_t{0}, std::size_t{1024}, std::size_t{3000}}) {
      std::vector<T> x = values;
      if (!x.empty()) x.resize(std::max(x.size(), padded), minus);
      SCOPED_TRACE(testing::PrintToString(values) + " of " + std::to_string(x.size()));
      do {
        EXPECT_EQ(bits(one_by_one(x).round()), bits(expected));
        expect_same_state(one_by_one(x), by_block(x));
      } while (padded == 0 &&
               std::next_permutation(x.begin(), x.end(), [](T a, T b) { return bits(a) < bits(b); }));
      if (!x.empty() && std::isinf(expected) &&
          std::any_of(x.begin(), x.end(), [](T v) { return std::isinf(v); })) {
        EXPECT_EQ(bits(one_by_one(x).mean(3)), bits(expected));
      }
    }
  exact_sum<T> nothing;
  EXPECT_EQ(bits(nothing.mean(0)), bits(none));
  EXPECT_EQ(bits(nothing.mean(5)), bits(zero));
  exact_dot<T> dot;
  dot.deposit_product(infinite, zero);
  EXPECT_EQ(bits(dot.round()), bits(none));
  exact_dot<T> signs;
  signs.deposit_product(-infinite, 2);
  EXPECT_EQ(bits(signs.round()), bits(-infinite));
}

TYPED_TEST(exact, quotients_of_special_sums_follow_ieee) {
  using T = TypeParam;
  T const infinite = std::numeric_limits<T>::infinity(), none = std::numeric_limits<T>::quiet_NaN();
  T const choices[] = {none, infinite, -infinite, T{0}, T{-0.0}, T{3}, T{-7}};
  for (T a : choices)
    for (T b : choices) {
      T const result = quotient<T>(one_by_one<T>({a}), one_by_one<T>({b}));
      T const expected = a / b;
      EXPECT_EQ(bits(result), bits(std::isnan(expected) ? none : expected)) << a << " / " << b;
    }
}

TYPED_TEST(exact, bits_survive_every_floating_point_mode) {
  using T = TypeParam;
  for (auto const& [name, make] : families<T>()) {
    generator random(99);
    std::vector<T> const x = make(3000, random), y = make(3000, random);
    auto const run = [&] {
      exact_dot<T> dot;
      host::deposit_block(dot, x.data(), y.data(), static_cast<index_t>(x.size()));
      exact_sum<T> const sum = by_block(x);
      return std::vector{bits(sum.round()), bits(sum.mean(7)), bits(dot.round()), bits(quotient<T>(dot, sum)),
                         bits(one_by_one(x).round())};
    };
    auto const expected = run();
    for (int kind = 1; kind < disturbed_arithmetic::kinds; ++kind) {
      std::vector<decltype(bits(T{}))> found;
      {
        disturbed_arithmetic const mode(kind);
        found = run();
      }
      EXPECT_EQ(found, expected) << name << ", mode " << kind;
    }
  }
}

TYPED_TEST(exact, doubling_by_merging_itself_never_overflows_a_limb) {
  using T = TypeParam;
  for (T x : {T{1.7}, T{-1.7}, std::numeric_limits<T>::max(), -std::numeric_limits<T>::denorm_min()}) {
    exact_sum<T> sum = one_by_one<T>({x});
    mpq_class expected = oracle::value_of(x);
    for (int doubling = 1; doubling <= 62; ++doubling) {
      sum.merge(exact_sum<T>(sum));
      expected *= 2;
      ASSERT_EQ(bits(sum.mean(index_t{1} << doubling)), bits(x)) << doubling;
    }
    EXPECT_EQ(bits(sum.round()), bits(oracle::nearest<T>(expected)));
  }
}

TEST(exact_headroom, limbs_filled_to_the_brim_still_carry) {
  using sum = exact_sum<double>;
  for (std::int64_t sign : {1, -1}) {
    sum full;  // every limb as if 2^31 − 1 deposits had each brought 2^32 − 1
    for (int i = 0; i < sum::limbs - 1; ++i) full.limb[i] = sign * 0x7fffffff * 0xffffffffll;
    full.note(sum::headroom);
    full.flags = exact_flag::something;
    mpz_class value;
    for (int i = sum::limbs - 2; i >= 0; --i)
      value = (value << 32) + mpz_class(sign * 0x7fffffff) * mpz_class(0xffffffffu);
    sum doubled = full;
    doubled.merge(full);
    doubled.deposit(-0.0);
    auto const part = doubled.finite_part();
    mpz_class found;
    mpz_import(found.get_mpz_t(), part.magnitude.words, -1, 4, 0, 0, part.magnitude.word);
    EXPECT_EQ(part.negative ? mpz_class(-found) : found, mpz_class(2 * value));
  }
}

TEST(exact_headroom, more_deposits_than_headroom) {
  exact_sum<float> sum;
  sum.note(exact_sum<float>::headroom - 3);
  for (int i = 0; i < 10; ++i) sum.deposit(3e38f);
  EXPECT_EQ(sum.mean(10), 3e38f);
  EXPECT_LT(sum.pending, 10u);
}

TEST(exact_integers, sums_beyond_64_bits_and_means) {
  generator random(5);
  for (std::size_t n : {1u, 2u, 1000u, 4097u}) {
    std::vector<std::int64_t> x(n);
    std::vector<std::uint64_t> u(n);
    for (auto& v : x)
      v = random() % 4 == 0 ? std::numeric_limits<std::int64_t>::min() : static_cast<std::int64_t>(random());
    for (auto& v : u) v = random() % 4 == 0 ? ~std::uint64_t{0} : random();
    exact_sum<std::int64_t> sum, block;
    exact_sum<std::uint64_t> usum, ublock;
    mpz_class total, utotal;
    for (std::size_t i = 0; i < n; ++i) {
      sum.deposit(x[i]);
      usum.deposit(u[i]);
      total += mpz_class(std::to_string(x[i]));
      utotal += mpz_class(std::to_string(u[i]));
    }
    host::deposit_block(block, x.data(), static_cast<index_t>(n));
    host::deposit_block(ublock, u.data(), static_cast<index_t>(n));
    expect_same_state(sum, block);
    expect_same_state(usum, ublock);
    EXPECT_EQ(bits(sum.round()), bits(oracle::nearest<double>(total)));
    EXPECT_EQ(bits(usum.round()), bits(oracle::nearest<double>(utotal)));
    mpz_class const count(static_cast<unsigned long>(n));
    EXPECT_EQ(bits(sum.mean(static_cast<index_t>(n))),
              bits(oracle::nearest<double>(mpq_class(total) / count)));
    EXPECT_EQ(bits(usum.mean(static_cast<index_t>(n))),
              bits(oracle::nearest<double>(mpq_class(utotal) / count)));
  }
  exact_sum<int> small;
  for (int v : {std::numeric_limits<int>::min(), -1, 3}) small.deposit(v);
  EXPECT_EQ(small.round(), -2147483646.0);
}

TEST(exact_known, what_binned_sums_get_wrong) {
  EXPECT_EQ(bits(one_by_one<double>(std::vector<double>(8, 0.0)).round()), bits(0.0));
  EXPECT_EQ(one_by_one<double>({1e300, 1e300}).round(), 2e300);
  EXPECT_EQ(one_by_one<double>(std::vector<double>(200000, std::ldexp(1.1, 900))).round(),
            200000 * std::ldexp(1.1, 900));
  EXPECT_EQ(one_by_one<double>(std::vector<double>(4, 1e-300)).round(), 4e-300);
  EXPECT_EQ(one_by_one<double>({5e-324, 5e-324, 5e-324}).round(), 1.5e-323);
  EXPECT_EQ(one_by_one<double>({1, 0x1p-53, 0x1p-106}).round(), 1 + 0x1p-52);
  EXPECT_EQ(one_by_one<double>({1e30, .1, -1e30}).round(), .1);
  EXPECT_EQ(bits(one_by_one<double>({inf, nan}).round()), std::uint64_t{0x7ff8000000000000});
}

TEST(exact_known, a_division_that_ends_in_a_tie_looks_further_down) {
  auto const sum = one_by_one<double>({1, 0x1p-53, 0x1p-200});
  EXPECT_EQ(sum.mean(1), 1 + 0x1p-52);
  EXPECT_EQ(quotient<double>(sum, one_by_one<double>({1})), 1 + 0x1p-52);
  EXPECT_EQ(one_by_one<double>({1, 0x1p-53}).mean(1), 1);
}

TEST(exact_known, usable_at_compile_time) {
  constexpr double mean = [] {
    exact_sum<double> sum;
    for (double v : {1.7e308, 1.7e308, 1.7e308}) sum.deposit(v);
    return sum.mean(3);
  }();
  static_assert(mean == 1.7e308);
}

TEST(exact_each, stages_what_a_loader_yields) {
  for (index_t n : {0, 1, 1023, 1024, 1025, 10000}) {
    exact_sum<double> staged, each;
    auto const load = [](index_t i) {
      return std::ldexp(static_cast<double>(i * 7919 % 1000), static_cast<int>(i % 50));
    };
    host::deposit_each(staged, 5, 5 + n, load);
    for (index_t i = 5; i < 5 + n; ++i) each.deposit(load(i));
    expect_same_state(staged, each);
    EXPECT_EQ(bits(staged.round()), bits(each.round()));
  }
}

// Values of one sign fill the slices; the second block is twice as large and still served by the first one's
// plan.
TYPED_TEST(exact, full_slices_of_one_sign) {
  using T = TypeParam;
  generator random(77);
  for (int scale : {0, 40, sizeof(T) == 4 ? 110 : 1000, sizeof(T) == 4 ? 115 : 1012})
    for (T sign : {T{1}, T{-1}}) {
      std::vector<T> x(3 * 1024);
      for (std::size_t i = 0; i < x.size(); ++i) {
        T const fraction = static_cast<T>(random() >> (64 - std::numeric_limits<T>::digits)) *
                           std::numeric_limits<T>::epsilon() / 2;
        x[i] = sign * std::ldexp(2 - fraction / 8, scale + static_cast<int>(i / 1024));
      }
      expect_same_state(one_by_one(x), by_block(x));
      for (std::size_t i = 0; i < x.size(); ++i)  // all of them round up to a power of two
        x[i] = sign * std::nextafter(std::ldexp(T{1}, scale + 1 + static_cast<int>(i / 1024)), T{0});
      expect_same_state(one_by_one(x), by_block(x));
    }
}

// Floats whose exponents differ by up to 19 are added as doubles; 20 and more would round.
TEST(exact_blocks, floats_at_the_limit_of_adding_directly) {
  generator random(78);
  for (int round = 0; round < tests::rounds(240); ++round) {
    int const range = 15 + round % 15;
    std::vector<float> x(1024);
    for (float& v : x) v = 2 - static_cast<float>(random() >> 40) * 0x1p-26f;
    for (int k = 0; k < 9; ++k)
      x[random() % 1024] = std::ldexp(1 + static_cast<float>(random() >> 41) * 0x1p-23f, -range);
    x[5] = std::ldexp(1 + 0x1p-23f, -range);
    expect_same_state(one_by_one(x), by_block(x));
  }
}

TEST(exact_blocks, unaligned_and_changing_scales) {
  generator random(31);
  std::vector<double> x(300 * 1024 + 77);
  for (std::size_t i = 0; i < x.size(); ++i) {
    int const scale = static_cast<int>(i / 1024 * 37 % 2000) - 1000;
    x[i] = scaled<double>(random, scale, scale + static_cast<int>(i / 1024 % 9) * 11);
  }
  x[70000] = inf;
  x[90001] = 0x1p1023;
  for (std::size_t offset : {0u, 1u, 3u, 7u}) {
    std::vector<double> const part(x.begin() + static_cast<std::ptrdiff_t>(offset), x.end());
    exact_sum<double> sum;
    host::deposit_block(sum, x.data() + offset, static_cast<index_t>(x.size() - offset));
    expect_same_state(sum, one_by_one(part));
  }
}

}  // namespace
}  // namespace prorata
