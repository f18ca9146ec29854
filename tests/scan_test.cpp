// Scans: the order by its definition, golden values, and the same bits over every split.
#include <gtest/gtest.h>

#include <bit>
#include <cstring>
#include <functional>
#include <numeric>
#include <prorata/host.hpp>
#include <prorata/reduce.hpp>
#include <prorata/scan.hpp>
#include <prorata/transform.hpp>
#include <random>
#include <stdexcept>
#include <string>
#include <tests/element_types.hpp>
#include <tests/splits.hpp>

namespace {

using namespace prorata;
using namespace prorata::tests;

/// The inclusive scan by the definition of the order, digit by digit.
template <class T, class Op>
std::vector<T> by_definition(std::vector<T> const& x, Op op) {
  std::vector<std::vector<T>> totals{x};  // of the complete nodes of each level
  while (totals.back().size() >= 32) {
    std::vector<T> above;
    for (std::size_t j = 0; j + 32 <= totals.back().size(); j += 32) {
      T all = totals.back()[j];
      for (std::size_t k = 1; k < 32; ++k) all = op(all, totals.back()[j + k]);
      above.push_back(all);
    }
    totals.push_back(above);
  }
  std::vector<T> out;
  for (std::size_t i = 0; i < x.size(); ++i) {
    std::size_t const row = i / 32 * 32;
    T v = x[row];
    for (std::size_t k = row + 1; k <= i; ++k) v = op(v, x[k]);
    for (std::size_t level = 1, node = i / 32; node > 0; ++level, node /= 32) {
      std::size_t const first = node / 32 * 32;
      if (node == first) continue;
      T before = totals[level][first];
      for (std::size_t k = first + 1; k < node; ++k) before = op(before, totals[level][k]);
      v = op(before, v);
    }
    out.push_back(v);
  }
  return out;
}

template <class T>
std::string bytes_of(std::vector<T> const& x) {
  return {reinterpret_cast<char const*>(x.data()), x.size() * sizeof(T)};
}

enum class form { inclusive, with_init, exclusive };

template <class T, class Op>
std::vector<T> scanned(host_team const& team, partition const& cuts, std::vector<T> x, Op op,
                       form f = form::inclusive, T init = T{}, bool in_place = false) {
  std::vector<T> to(x.size());
  auto const a = borrow(team, std::span<T>(x), cuts);
  auto b = borrow(team, std::span<T>(in_place ? x : to), cuts);
  if (f == form::inclusive) inclusive_scan(b, op, a);
  if (f == form::with_init) inclusive_scan(b, op, a, init);
  if (f == form::exclusive) exclusive_scan(b, op, a, init);
  team.sync();
  return in_place ? x : to;
}

template <class T, class Op>
std::vector<T> scanned(std::vector<T> const& x, Op op) {
  return scanned(make_team(1, 2), single(static_cast<index_t>(x.size())), x, op);
}

TEST(ScanNodes, CoverWhatTheyCount) {
  std::mt19937_64 random(1);
  for (int trial = 0; trial < tests::rounds(2000); ++trial) {
    index_t const span = index_t{1} << (random() % 30);
    index_t const first = static_cast<index_t>(random() % (std::uint64_t{1} << (1 + random() % 55)));
    index_t const last = first + static_cast<index_t>(random() % static_cast<std::uint64_t>(span));
    if (last - first > 3'000'000 && trial % 50 != 0) continue;
    index_t count = 0;
    for (index_t at = first; at < last; ++count) {
      int const level = scan_node_level(at, last);
      ASSERT_EQ(at % scan_node_size(level), 0);
      at += scan_node_size(level);
      ASSERT_LE(at, last);
    }
    ASSERT_EQ(scan_node_count(first, last), count) << first << " " << last;
    ASSERT_LE(count, 62 * scan_levels);
  }
  EXPECT_EQ(scan_node_count(30, 70), 9);
  EXPECT_EQ(scan_node_count(0, index_t{1} << 60), 1);
  EXPECT_EQ(scan_node_count(5, 5), 0);
}

TEST(RunningFold, ReachesAnyPlaceByAnyNodes) {
  std::mt19937_64 random(2);
  std::vector<double> const x = values<double>(40000, 3);
  auto const expected = by_definition(x, plus<double>{});
  for (int trial = 0; trial < tests::rounds(50); ++trial) {
    running_fold<double> so_far{0, {}};
    index_t const n = static_cast<index_t>(x.size());
    while (so_far.end < n) {  // the largest node that fits, or a smaller one
      int level = scan_node_level(so_far.end, n);
      level = static_cast<int>(random() % static_cast<unsigned>(level + 1));
      running_fold<double> node{0, {}};
      index_t const begin = so_far.end;
      for (index_t i = 0; i < scan_node_size(level); ++i)
        node.append(plus<double>{}, x[static_cast<std::size_t>(begin + i)], 0);
      so_far.append(plus<double>{}, node.value(plus<double>{}), level);
      ASSERT_EQ(so_far.value(plus<double>{}), expected[static_cast<std::size_t>(so_far.end - 1)])
          << so_far.end;
    }
  }
}

template <class T>
class Scan : public testing::Test {};
using element_types = tests::types<float, double, std::int32_t, std::int64_t>;
TYPED_TEST_SUITE(Scan, element_types);

TYPED_TEST(Scan, FollowsItsDefinition) {
  using T = TypeParam;
  for (index_t n : {0, 1, 2, 31, 32, 33, 63, 64, 65, 1023, 1024, 1025, 2047, 32767, 32768, 32769, 99991}) {
    auto const x = values<T>(n, 4);
    ASSERT_EQ(bytes_of(scanned(x, plus<T>{})), bytes_of(by_definition(x, plus<T>{}))) << n;
    ASSERT_EQ(bytes_of(scanned(x, maximum<T>{})), bytes_of(by_definition(x, maximum<T>{}))) << n;
    ASSERT_EQ(bytes_of(scanned(x, multiplies<T>{})), bytes_of(by_definition(x, multiplies<T>{}))) << n;
  }
  auto const x = values<T>(1000003, 5);  // a prime; four levels
  EXPECT_EQ(bytes_of(scanned(x, plus<T>{})), bytes_of(by_definition(x, plus<T>{})));
}

TYPED_TEST(Scan, PutsTheInitialValueLast) {
  using T = TypeParam;
  auto const team = make_team(3, 2);
  T const init = static_cast<T>(12345.678);
  for (index_t n : {1, 32, 33, 1024, 1025, 2048, 70001}) {
    auto const x = values<T>(n, 6);
    auto const cuts = partition_by_cuts({0, n / 5, n - n / 3, n});
    auto const plain = by_definition(x, plus<T>{});
    std::vector<T> inclusive, exclusive{init};
    for (auto const v : plain) inclusive.push_back(plus<T>{}(init, v));
    for (std::size_t i = 0; i + 1 < plain.size(); ++i) exclusive.push_back(inclusive[i]);
    EXPECT_EQ(bytes_of(scanned(team, cuts, x, plus<T>{}, form::with_init, init)), bytes_of(inclusive)) << n;
    EXPECT_EQ(bytes_of(scanned(team, cuts, x, plus<T>{}, form::exclusive, init)), bytes_of(exclusive)) << n;
  }
}

TYPED_TEST(Scan, GivesTheSameBitsForEverySplit) {
  using T = TypeParam;
  for (index_t const n : {index_t{300007}, index_t{4097}, index_t{33}}) {
    auto const x = values<T>(n, 7);
    auto const all = [&](host_team const& team, partition const& cuts) {
      bool const in_place = cuts.ranks() % 2 == 0;
      return bytes_of(scanned(team, cuts, x, plus<T>{}, form::inclusive, T{}, in_place)) +
             bytes_of(scanned(team, cuts, x, plus<T>{}, form::with_init, T{3}, !in_place)) +
             bytes_of(scanned(team, cuts, x, plus<T>{}, form::exclusive, T{3}, in_place)) +
             bytes_of(scanned(team, cuts, x, minimum<T>{}, form::exclusive, T{1}));
    };
    auto const expected = all(make_team(1, 1), single(n));
    int const stride = n > 100000 ? 23 : n > 1000 ? 5 : 1;
    for (int number = 0; number < split_count; number += apart(stride)) {
      auto const s = split_number(number, n);
      auto const team = make_team(s.ranks, s.threads);
      auto const got = [&] {
        hostile_caller const caller(s);
        return all(team, s.cuts);
      }();
      ASSERT_EQ(got, expected) << "split " << number << ", n = " << n << ", " << s;
    }
  }
}

TYPED_TEST(Scan, NeverChangesWhenElementsAreAppended) {
  using T = TypeParam;
  auto const x = values<T>(140000, 8);
  auto const whole = scanned(x, plus<T>{});
  for (std::size_t n = 1; n < x.size(); n += n < 2100 ? 1 : 4093) {
    auto const some =
        scanned(std::vector<T>(x.begin(), x.begin() + static_cast<std::ptrdiff_t>(n)), plus<T>{});
    ASSERT_EQ(std::memcmp(some.data(), whole.data(), n * sizeof(T)), 0) << n;
  }
}

TEST(ScanOrder, IsFrozen) {
  // The generator of P4016R0's golden values; these were computed by another program, from the definition.
  index_t const n = 1'000'000;
  std::vector<double> x;
  std::uint64_t s = 0x243F6A8885A308D3u;
  for (index_t i = 0; i < n; ++i) {
    s = s * 6364136223846793005u + 1442695040888963407u;
    x.push_back((static_cast<double>(s >> 11) - 0x1p52) * 0x1p-52);
  }
  std::vector<float> const y(x.begin(), x.end());
  auto const a = scanned(x, plus<double>{});
  auto const b = scanned(y, plus<float>{});
  struct golden {
    std::size_t at;
    std::uint64_t of_doubles;
    std::uint32_t of_floats;
  };
  for (golden const& g :
       {golden{0, 0x3fd37de3b20e9fdcu, 0x3e9bef1eu}, golden{1, 0x3f83914a73130c00u, 0x3c1c8a60u},
        golden{31, 0xc0139627f1d8f2d9u, 0xc09cb140u}, golden{32, 0xc0113097c2d9b685u, 0xc08984beu},
        golden{33, 0xc01363cb9a190477u, 0xc09b1e5du}, golden{1023, 0xc02690f906b9019cu, 0xc13487c8u},
        golden{1024, 0xc02701a5960a580fu, 0xc1380d2cu}, golden{32767, 0xc05820ab6542c5f0u, 0xc2c1055cu},
        golden{32768, 0xc058234173e14f19u, 0xc2c11a0cu}, golden{500000, 0xc07d0993bbc164cdu, 0xc3e84c9eu},
        golden{999999, 0x40618f71f6379387u, 0x430c7b8cu}}) {
    EXPECT_EQ(std::bit_cast<std::uint64_t>(a[g.at]), g.of_doubles) << g.at;
    EXPECT_EQ(std::bit_cast<std::uint32_t>(b[g.at]), g.of_floats) << g.at;
  }
  std::uint64_t of_all = 0, of_floats = 0;  // every bit of every output
  for (double const v : a) of_all = of_all * 31 + std::bit_cast<std::uint64_t>(v);
  for (float const v : b) of_floats = of_floats * 31 + std::bit_cast<std::uint32_t>(v);
  EXPECT_EQ(of_all, 0xec581628f3a2dcbcu);
  EXPECT_EQ(of_floats, 0xe8bacfdf33d03783u);
}

TEST(ScanOrder, SumsOfNumbersThatAreNotNegativeNeverDecrease) {
  std::mt19937_64 random(9);
  std::vector<float> x(200000);
  for (auto& v : x) v = std::ldexp(static_cast<float>(random() % 1000), -static_cast<int>(random() % 30));
  auto const sums = scanned(x, plus<float>{});
  for (std::size_t i = 1; i < sums.size(); ++i) ASSERT_LE(sums[i - 1], sums[i]) << i;
}

TEST(ScanOfIntegers, IsTheStandardLibrarys) {
  std::vector<std::int64_t> const x = values<std::int64_t>(100003, 10);
  std::vector<std::uint64_t> wide(x.begin(), x.end()), expected(x.size());
  std::inclusive_scan(wide.begin(), wide.end(), expected.begin());
  auto const sums = scanned(x, plus<std::int64_t>{});
  for (std::size_t i = 0; i < x.size(); ++i) ASSERT_EQ(static_cast<std::uint64_t>(sums[i]), expected[i]) << i;

  // narrow elements, wide sums: a conversion on the way in and on the way out
  auto const team = make_team(2, 2);
  std::vector<std::int8_t> bytes(50021);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::int8_t>(x[i]);
  std::vector<std::int32_t> out(bytes.size());
  auto const a = borrow(team, std::span<std::int8_t>(bytes));
  auto b = borrow(team, std::span<std::int32_t>(out), a.partition());
  inclusive_scan(b, plus<std::int64_t>{}, a);
  team.sync();
  std::int32_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) ASSERT_EQ(out[i], sum += bytes[i]) << i;
}

struct affine {  // x → slope·x + offset: associative, not commutative
  std::uint32_t slope, offset;
  friend bool operator==(affine const&, affine const&) = default;
};
struct after {
  affine operator()(affine a, affine b) const { return {a.slope * b.slope, a.offset * b.slope + b.offset}; }
};
struct wide_affine {  // 12 bytes: neither 4 nor 8
  std::uint32_t slope, offset, padding;
  friend bool operator==(wide_affine const&, wide_affine const&) = default;
};
struct wide_after {
  wide_affine operator()(wide_affine a, wide_affine b) const {
    return {a.slope * b.slope, a.offset * b.slope + b.offset, a.padding ^ b.padding};
  }
};

TEST(ScanOfSequences, KeepsTheOrderOfOperationsThatDoNotCommute) {
  std::mt19937 random(11);
  for (index_t n : {1, 31, 1000, 5003, 70000}) {
    std::vector<affine> x(static_cast<std::size_t>(n)), expected(x.size());
    for (auto& v : x) v = {static_cast<std::uint32_t>(random()) | 1, static_cast<std::uint32_t>(random())};
    std::inclusive_scan(x.begin(), x.end(), expected.begin(), after{});
    std::vector<wide_affine> w, wide_expected;
    for (auto const& v : x) w.push_back({v.slope, v.offset, v.slope});
    wide_expected.resize(w.size());
    std::inclusive_scan(w.begin(), w.end(), wide_expected.begin(), wide_after{});
    for (int ranks : {1, 2, 3, 7}) {
      auto const team = make_team(ranks, 2);
      auto const cuts = partition_by_weights(n, std::vector<double>(static_cast<std::size_t>(ranks), 1.0),
                                             {.granularity = 17, .method = {}, .caps = {}});
      EXPECT_EQ(scanned(team, cuts, x, after{}), expected) << n << " over " << ranks;
      EXPECT_EQ(scanned(team, cuts, x, in_sequence<affine>(after{})), expected) << n << " over " << ranks;
      EXPECT_EQ(scanned(team, cuts, w, wide_after{}), wide_expected) << n << " over " << ranks;
    }
  }
}

TEST(TransformScan, MapsOnTheWay) {
  auto const team = make_team(3, 2);
  auto x = values<float>(54321, 12);
  auto const square = [](float v) { return static_cast<double>(v) * v; };
  std::vector<double> squares;
  for (float const v : x) squares.push_back(square(v));
  std::vector<double> out(x.size());
  auto const a = borrow(team, std::span<float>(x));
  auto b = borrow(team, std::span<double>(out), a.partition());
  transform_inclusive_scan(b, square, plus<double>{}, a);
  team.sync();
  auto const expected = by_definition(squares, plus<double>{});
  EXPECT_EQ(bytes_of(out), bytes_of(expected));
  transform_exclusive_scan(
      b, square, [](double p, double q) { return p + q; }, a, 2.5);
  team.sync();
  EXPECT_EQ(out[0], 2.5);
  for (std::size_t i = 1; i < out.size(); ++i) ASSERT_EQ(out[i], 2.5 + expected[i - 1]);
  transform_inclusive_scan(b, square, plus<double>{}, a, 2.5);
  team.sync();
  for (std::size_t i = 0; i < out.size(); ++i) ASSERT_EQ(out[i], 2.5 + expected[i]);
}

TEST(ScanOfSpecials, GivesOneNaNAndKeepsMinusZero) {
  std::vector<double> x(5000, -0.0);
  EXPECT_TRUE(std::signbit(scanned(x, plus<double>{}).back()));
  x[3000] = -std::numeric_limits<double>::quiet_NaN();
  auto const sums = scanned(x, plus<double>{});
  for (std::size_t i = 0; i < x.size(); ++i)
    ASSERT_EQ(std::bit_cast<std::uint64_t>(sums[i]), i < 3000 ? 0x8000000000000000u : 0x7ff8000000000000u);
}

TEST(ScanOfLargeArrays, GoesPastTheCaches) {
  std::size_t const n = host::streaming_bytes / sizeof(float) + 5003;
  for (std::size_t const offset : {0, 1, 15}) {  // elements from an aligned place
    if (!is_tried(offset == 1 ? 0 : 1)) continue;
    std::vector<float> memory(n + offset), large(n + offset + 1, -1.0f), small(n + offset);
    auto const one = make_team(1, 3), many = make_team(5, 2);  // whose shares stay in the caches
    auto const x = borrow(one, std::span<float>(memory).subspan(offset, n));
    auto y = borrow(one, std::span<float>(large).subspan(offset, n));
    auto const v = borrow(many, std::span<float>(memory).subspan(offset, n));
    auto w = borrow(many, std::span<float>(small).subspan(offset, n));
    for (std::size_t i = 0; i < memory.size(); ++i) memory[i] = static_cast<float>(i % 1000) * 0.01f;
    for (bool const exclusive : {false, true}) {
      if (exclusive) {
        exclusive_scan(y, plus<float>{}, x, 1.0f);
        exclusive_scan(w, plus<float>{}, v, 1.0f);
      } else {
        inclusive_scan(y, plus<float>{}, x);
        inclusive_scan(w, plus<float>{}, v);
      }
      one.sync();
      many.sync();
      EXPECT_EQ(std::memcmp(large.data() + offset, small.data() + offset, n * sizeof(float)), 0) << offset;
      EXPECT_EQ(large[offset + n], -1.0f);
    }
  }
}

TEST(ScanOfNothing, WritesNothing) {
  for (int ranks : {1, 3}) {
    auto const team = make_team(ranks, 2);
    auto const none = make_array<double>(team, 0);
    auto out = make_array<double>(team, 0);
    inclusive_scan(out, plus<double>{}, none);
    exclusive_scan(out, plus<double>{}, none, 1.0);
    team.sync();
  }
  auto const team = make_team(3, 1);
  EXPECT_EQ(scanned(team, partition_by_cuts({0, 0, 1, 1}), std::vector<double>{7}, plus<double>{})[0], 7);
}

TEST(ScanThatFails, EndsAndSaysSo) {
  auto const team = make_team(1, 4);
  std::vector<double> x(2'000'000, 1.0);
  auto a = borrow(team, std::span<double>(x));
  auto const fails = [](double v) {
    if (v == 2.0) throw std::runtime_error("element 2");
    return v;
  };
  for (std::size_t const at : {0, 777'777, 1'999'999}) {
    x[at] = 2.0;
    EXPECT_THROW(transform_inclusive_scan(a, fails, plus<double>{}, a), std::runtime_error);
    std::fill(x.begin(), x.end(), 1.0);
  }
}

TEST(ScanOfArrays, RefusesThoseThatAreCutUnalike) {
  auto const team = make_team(2, 1);
  std::vector<double> const skewed{1.0, 3.0};
  auto const a = make_array<float>(team, 10000);
  auto b = make_array<float>(team, 10000, skewed);
  EXPECT_THROW(inclusive_scan(b, plus<float>{}, a), usage_error);
}

}  // namespace
