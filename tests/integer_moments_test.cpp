// Variances of integers of 16 bits at most against rational arithmetic, over splits, and far beyond 64 bits.
#include <gtest/gtest.h>

#include <memory>
#include <numeric>
#include <prorata/reduce.hpp>
#include <tests/gmp_oracle.hpp>
#include <tests/splits.hpp>

namespace {

using namespace prorata;
using namespace prorata::tests;

template <class T>
mpq_class second_moment(std::vector<T> const& x) {
  mpz_class sum = 0, squares = 0;
  for (T const v : x) sum += static_cast<int>(v), squares += static_cast<long>(v) * static_cast<long>(v);
  mpq_class result(squares * static_cast<unsigned long>(x.size()) - sum * sum,
                   static_cast<unsigned long>(x.size()));
  result.canonicalize();
  return result;
}

template <class T>
class SmallIntegers : public testing::Test {};
using small_types = testing::Types<std::int8_t, std::uint8_t, std::int16_t, std::uint16_t, bool>;
TYPED_TEST_SUITE(SmallIntegers, small_types);

TYPED_TEST(SmallIntegers, HaveASecondMomentThatIsRoundedOnce) {
  using T = TypeParam;
  using limits = std::numeric_limits<T>;
  std::mt19937_64 random(2);
  for (index_t const n : {1, 2, 33, 1025, 40007}) {
    std::unique_ptr<T[]> const x(new T[static_cast<std::size_t>(n)]);
    for (int kind = 0; kind < 5; ++kind) {
      for (index_t i = 0; i < n; ++i) {
        bool const coin = random() % 2 != 0;
        x[static_cast<std::size_t>(i)] = kind == 0   ? static_cast<T>(random())
                                         : kind == 1 ? limits::max()
                                         : kind == 2 ? limits::min()
                                         : kind == 3
                                             ? (coin ? limits::max() : limits::min())
                                             : static_cast<T>(limits::max() - static_cast<T>(i == n / 2));
      }
      std::span<T> const all(x.get(), static_cast<std::size_t>(n));
      std::vector<int> const values(all.begin(), all.end());
      auto const exact = oracle::nearest<double>(second_moment(values));
      for (int number = kind; number < split_count; number += apart(61)) {
        auto const s = split_number(number, n);
        auto const a = borrow(make_team(s.ranks, s.threads), all, s.cuts);
        hostile_caller const caller(s);
        if constexpr (!std::is_same_v<T, bool>) {
          auto const whole = statistics(a);
          ASSERT_EQ(std::bit_cast<std::uint64_t>(whole.m2), std::bit_cast<std::uint64_t>(exact)) << s;
          ASSERT_EQ(whole.sum,
                    static_cast<double>(std::accumulate(values.begin(), values.end(), index_t{0})));
        }
        ASSERT_EQ(variance(a), host::canonically([&] { return exact / static_cast<double>(n); })) << s;
      }
    }
  }
}

/// As many elements as nobody has: the partial result of some, joined over and over.
TEST(IntegerMoments, CarryBeyond64Bits) {
  using R = integer_moments<std::uint16_t>;
  using state = R::state<host::warp<>>;
  struct load_type {
    std::uint16_t operator()(index_t i) const { return static_cast<std::uint16_t>(65535 - (i & 1)); }
  };
  constexpr index_t some = index_t{1} << 16, times = index_t{1} << 20, n = some * times;
  state part(R{}, n, 0), whole(R{}, n, 0);
  part.take(load_type{}, some);
  alignas(integer_moments_state) std::byte bytes[sizeof(integer_moments_state)]{};
  part.write(bytes);
  for (index_t k = 0; k < times; ++k) whole.join(bytes, {k * some, (k + 1) * some, n});
  auto const found = whole.result();
  mpz_class const half = mpz_class(1) << 35;
  mpz_class const squares = half * (65535ul * 65535ul) + half * (65534ul * 65534ul);
  EXPECT_EQ((mpz_class(static_cast<unsigned long>(found.carries)) << 64) +
                mpz_class(static_cast<unsigned long>(found.squares)),
            squares);
  EXPECT_EQ(mpz_class(static_cast<long>(found.sum)), half * 65535 + half * 65534);
  EXPECT_EQ(second_moment_of(found, n), 0.25 * static_cast<double>(n));
}

/// What is added up at a time must fit its words.
TEST(IntegerMoments, TakeLongStretchesOfTheLargest) {
  constexpr index_t n = index_t{1} << 18;
  integer_moments<std::uint16_t>::state<host::warp<>> all(integer_moments<std::uint16_t>{}, n, 0);
  all.take([](index_t) { return std::numeric_limits<std::uint16_t>::max(); }, n);
  EXPECT_EQ(all.result().sum, n * 65535);
  EXPECT_EQ(static_cast<index_t>(all.result().squares), n * 65535 * 65535);
}

TEST(IntegerMoments, RefusesMoreThanItsSumHolds) {
  EXPECT_THROW(detail::second_moment_of(integer_moments_state{0, 0, 0}, most_small_integers), usage_error);
}

}  // namespace
