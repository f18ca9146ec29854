// Keeping elements: what std::copy_if keeps, in its order, for every split.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <prorata/half.hpp>
#include <prorata/select.hpp>
#include <prorata/transform.hpp>
#include <sstream>
#include <tests/contents.hpp>
#include <tests/element_types.hpp>
#include <tests/splits.hpp>

namespace {

using namespace prorata;
using namespace prorata::tests;

/// One in `every` elements, scattered; 0 for none of them.
struct scattered_flags {
  std::uint64_t every;
  template <class I>
  bool operator()(I i) const {
    std::uint64_t h = (static_cast<std::uint64_t>(i) + 1) * 0x9e3779b97f4a7c15u;
    return every != 0 && (h ^ h >> 29) % every == 0;
  }
};

struct less_than_limit {
  double limit;
  template <class T>
  bool operator()(T const& x) const {
    return static_cast<double>(x) < limit;
  }
};

template <class T>
class Select : public testing::Test {};
using element_types = tests::types<std::int8_t, std::uint8_t, std::int16_t, std::uint16_t, std::int32_t,
                                   std::uint32_t, std::int64_t, std::uint64_t, float, double>;
TYPED_TEST_SUITE(Select, element_types);

TYPED_TEST(Select, KeepsWhatStdKeepsForEverySize) {
  using T = TypeParam;
  for (index_t const n : {0, 1, 31, 32, 33, 63, 64, 65, 1023, 1024, 1025, 16383, 16384, 16385, 100003})
    for (int ranks : {1, 2, 3, 7}) {
      auto x = values<T>(n, 7);
      if (std::is_floating_point_v<T> && n > 5) x[5] = std::numeric_limits<T>::quiet_NaN();
      auto const team = make_team(ranks, 2);
      auto const a = borrow(team, std::span<T>(x));
      less_than_limit const keep{std::is_floating_point_v<T> ? 100.0 : 40.0};
      std::vector<T> kept, rest;
      std::vector<index_t> where;
      for (std::size_t i = 0; i < x.size(); ++i) {
        (keep(x[i]) ? kept : rest).push_back(x[i]);
        if (keep(x[i])) where.push_back(static_cast<index_t>(i));
      }
      ASSERT_TRUE(same_bytes(everything(copy_if(a, keep)), kept)) << n << " over " << ranks;
      ASSERT_EQ(everything(indices_where(a, keep)), where) << n << " over " << ranks;
      auto const both = partition_copy(a, keep);
      ASSERT_TRUE(same_bytes(everything(both.kept), kept)) << n << " over " << ranks;
      ASSERT_TRUE(same_bytes(everything(both.rest), rest)) << n << " over " << ranks;
    }
}

TEST(SelectSplits, GiveTheSameElements) {
  for (index_t const n : {33, 4097, 300007}) {
    auto x = values<double>(n, 1);
    auto flags = values<std::int32_t>(n, 2);
    for (auto& f : flags) f = f % 3 == 0 ? f : 0;
    std::vector<double> kept, flagged, rest;
    std::vector<index_t> where;
    auto const keep = [](double v, std::int32_t f) { return v < 3 && f != 0; };
    for (std::size_t i = 0; i < x.size(); ++i) {
      if (keep(x[i], flags[i])) kept.push_back(x[i]);
      (flags[i] != 0 ? flagged : rest).push_back(x[i]);
      if (flags[i] != 0) where.push_back(static_cast<index_t>(i));
    }
    for (int number = 0; number < split_count; number += apart(n > 100000 ? 11 : 1)) {
      auto const s = split_number(number, n);
      auto const team = make_team(s.ranks, s.threads);
      auto const a = borrow(team, std::span<double>(x), s.cuts);
      auto const f = borrow(team, std::span<std::int32_t>(flags), s.cuts);
      hostile_caller const caller(s);
      auto const place = [&] {
        std::ostringstream text;
        text << "split " << number << ", n = " << n << ", " << s;
        return text.str();
      };
      ASSERT_TRUE(same_bytes(everything(copy_if(a, keep, f)), kept)) << place();
      ASSERT_TRUE(same_bytes(everything(copy_flagged(a, f)), flagged)) << place();
      ASSERT_EQ(everything(indices_where(f)), where) << place();
      auto const both = partition_flagged(a, f);
      ASSERT_TRUE(same_bytes(everything(both.kept), flagged)) << place();
      ASSERT_TRUE(same_bytes(everything(both.rest), rest)) << place();
      for (int rank = 0; rank < s.ranks; ++rank)  // every rank keeps its own
        ASSERT_EQ(both.kept.partition().size(rank) + both.rest.partition().size(rank), s.cuts.size(rank));
    }
  }
}

TEST(SelectDensity, FromNoneToAll) {
  index_t const n = 200003;
  auto x = values<float>(n, 3);
  auto const team = make_team(2, 3);
  auto room = make_array<float>(team, n);
  for (std::uint64_t every : {0, 1, 2, 3, 7, 64, 100, 5000, 1000000}) {
    std::vector<std::uint8_t> flags(x.size());
    std::vector<float> expected, others;
    std::vector<index_t> where;
    for (std::size_t i = 0; i < x.size(); ++i) {
      flags[i] = scattered_flags{every}(i) ? static_cast<std::uint8_t>(1 + i % 255) : 0;
      (flags[i] != 0 ? expected : others).push_back(x[i]);
      if (flags[i] != 0) where.push_back(static_cast<index_t>(i));
    }
    auto const a = borrow(team, std::span<float>(x));
    auto const f = borrow(team, std::span<std::uint8_t>(flags));
    EXPECT_EQ(everything(copy_flagged(a, f)), expected) << every;
    EXPECT_EQ(everything(partition_flagged(a, f).rest), others) << every;
    EXPECT_EQ(everything(indices_where(f)), where) << every;
    auto const set = [](float, std::uint8_t v) { return v != 0; };
    EXPECT_EQ(everything(copy_if_into(room, a, set, f)), expected) << every;
  }
}

TEST(SelectElements, OfAnyTrivialType) {
  struct record {
    double a;
    std::int32_t b;
    char c[12];
    explicit record(int k) : a(k), b(k * 3), c{static_cast<char>(k)} {}
    bool operator==(record const&) const = default;
  };
  std::vector<record> x;
  std::vector<half> h;
  for (int k = 0; k < 40001; ++k) {
    x.emplace_back(k);
    h.push_back(to_half(static_cast<float>(k % 2000)));
  }
  auto const team = make_team(3, 2);
  auto const odd = [](record const& r) { return r.b % 2 != 0; };
  std::vector<record> expected;
  std::copy_if(x.begin(), x.end(), std::back_inserter(expected), odd);
  auto const kept = copy_if(borrow(team, std::span<record>(x)), odd);
  ASSERT_EQ(static_cast<std::size_t>(kept.size()), expected.size());
  team.sync();
  std::size_t k = 0;
  for (auto const& p : kept.parts())
    for (index_t i = 0; i < p.size; ++i, ++k) ASSERT_EQ(p.data[i], expected[k]);
  auto const large = copy_if(borrow(team, std::span<half>(h)), [](half v) { return to_float(v) >= 1000; });
  EXPECT_EQ(large.size(), std::count_if(h.begin(), h.end(), [](half v) { return to_float(v) >= 1000; }));
}

TEST(SelectLarge, GoesPastTheCaches) {
  std::size_t const n = 3 * host::streaming_bytes / sizeof(float) + 4711;
  std::vector<float> x(n);
  for (std::size_t i = 0; i < n; ++i) x[i] = static_cast<float>(i % 1000003);
  auto const team = make_team(2, 2);
  auto const keep = [](float v) { return v < 700000.0f; };
  auto const kept = everything(copy_if(borrow(team, std::span<float>(x)), keep));
  std::vector<float> expected;
  std::copy_if(x.begin(), x.end(), std::back_inserter(expected), keep);
  EXPECT_TRUE(kept == expected);
}

TEST(SelectMemory, IsGivenBackWhereLittleWasKept) {
  auto const team = make_team(1, 1);
  auto x = make_array<std::int64_t>(team, 100000);
  generate(x, own_index{});
  auto const kept = copy_if(x, [](std::int64_t v) { return v >= 99990; });
  EXPECT_EQ(everything(kept), (std::vector<std::int64_t>{99990, 99991, 99992, 99993, 99994, 99995, 99996,
                                                         99997, 99998, 99999}));
}

TEST(SelectFailure, IsReportedAndNotWaitedFor) {
  auto const team = make_team(2, 3);
  std::vector<int> x(500000, 1);
  auto const fails = [](int v) -> bool {
    if (v > 0) throw std::runtime_error("a predicate that fails");
    return true;
  };
  EXPECT_THROW(copy_if(borrow(team, std::span<int>(x)), fails), std::runtime_error);
  EXPECT_EQ(copy_if(borrow(team, std::span<int>(x)), [](int) { return true; }).size(), 500000);
}

TEST(SelectArrays, MustBeCutAlike) {
  auto const team = make_team(2, 1);
  std::vector<double> const skewed{1.0, 3.0};
  auto const a = make_array<float>(team, 10000);
  auto const b = make_array<float>(team, 10000, skewed);
  EXPECT_THROW(copy_flagged(a, b), usage_error);
  auto room = make_array<float>(team, 10000, skewed);
  EXPECT_THROW(copy_if_into(room, a, [](float) { return true; }), usage_error);
}

}  // namespace
