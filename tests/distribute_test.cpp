// Every element to the rank that a rule names, whatever the split it came from.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstring>
#include <map>
#include <numeric>
#include <prorata/distribute.hpp>
#include <prorata/redistribute.hpp>
#include <tests/splits.hpp>

namespace {

using namespace prorata;
using namespace prorata::tests;

template <class T>
std::vector<std::vector<T>> by_rank(distributed_array<T, host::stream> const& x) {
  std::vector<T> all(static_cast<std::size_t>(x.size()));
  copy_out(x, std::span<T>(all));
  std::vector<std::vector<T>> ranks;
  for (int r = 0; r < x.partition().ranks(); ++r)
    ranks.emplace_back(all.begin() + x.partition().begin(r), all.begin() + x.partition().end(r));
  return ranks;
}

TEST(DistributeBy, FollowsTheRuleAndKeepsTheOrder) {
  for (index_t const n : {0, 1, 33, 1025, 20011}) {
    auto x = values<std::int64_t>(n, 9);
    for (int number = 0; number < split_count; number += apart(n > 10000 ? 29 : 5)) {
      auto const s = split_number(number, n);
      auto const team = make_team(s.ranks, s.threads);
      auto const rule = [ranks = s.ranks](std::int64_t v, index_t i) {
        return static_cast<int>((static_cast<std::uint64_t>(v) >> 7) + static_cast<std::uint64_t>(i)) % ranks;
      };
      auto const rank = [&](std::int64_t v, index_t i) {
        int const r = rule(v, i);
        return r < 0 ? r + s.ranks : r;
      };
      std::vector<std::vector<std::int64_t>> expected(static_cast<std::size_t>(s.ranks));
      for (std::size_t i = 0; i < x.size(); ++i)
        expected[static_cast<std::size_t>(rank(x[i], static_cast<index_t>(i)))].push_back(x[i]);
      ASSERT_EQ(by_rank(distribute_by(borrow(team, std::span<std::int64_t>(x), s.cuts), rank)), expected)
          << "split " << number << ", n = " << n << ", " << s;
    }
  }
}

/// All ranks in this process, but every call waits for its own work, as NCCL's does, and is counted.
class waiting_communicator final : public communicator<host::stream> {
 public:
  struct record {
    int calls = 0;
    std::size_t bytes = 0;
  };
  waiting_communicator(int ranks, record& told) : local_(ranks), told_(told) {}
  int ranks() const override { return local_.ranks(); }
  int first_local_rank() const override { return 0; }
  void all_gather(std::span<host::stream> streams, std::span<void const* const> send,
                  std::span<void* const> receive, std::span<std::size_t const> offsets) override {
    local_.all_gather(streams, send, receive, offsets);
    barrier(streams);
  }
  void all_to_all(std::span<host::stream> streams, std::span<void const* const> send,
                  std::span<void* const> receive, std::span<std::size_t const> bytes,
                  std::span<std::size_t const> places) override {
    local_.all_to_all(streams, send, receive, bytes, places);
    barrier(streams);
    ++told_.calls;
    told_.bytes += std::accumulate(bytes.begin(), bytes.end(), std::size_t{0});
  }
  void broadcast(std::span<host::stream> streams, std::span<void* const> data, std::size_t bytes,
                 int root) override {
    local_.broadcast(streams, data, bytes, root);
  }
  void barrier(std::span<host::stream> streams) override { local_.barrier(streams); }

 private:
  local_communicator<host::stream> local_;
  record& told_;
};

struct sixteen_bytes {
  std::uint64_t a, b;
  friend bool operator==(sixteen_bytes const&, sixteen_bytes const&) = default;
};

/// A number below `ranks`, from an element's first byte and its index.
struct some_rank {
  int ranks;
  bool mostly_last;
  template <class T>
  int operator()(T const& x, index_t i) const {
    auto const first = reinterpret_cast<unsigned char const&>(x);
    if (mostly_last && i % 7 != 0) return ranks - 1;
    return static_cast<int>((static_cast<std::uint64_t>(i) * 0x9e3779b97f4a7c15u >> 40) + first) % ranks;
  }
};

/// Elements without a pattern travel in chunks of a few, against a loop.
template <class T>
void expect_dealt_in_chunks(int seeds) {
  for (int seed = 0; seed < seeds; ++seed) {
    std::mt19937_64 random(static_cast<unsigned>(seed));
    index_t const chunk = std::array<index_t, 4>{1, 7, 64, 1000}[random() % 4];
    index_t const n = std::array<index_t, 6>{0, 3, chunk, 2 * chunk, 4 * chunk + 1, 9 * chunk}[random() % 6];
    auto const s = split_number(static_cast<int>(random() % split_count), n);
    std::vector<T> x(static_cast<std::size_t>(n));
    for (T& v : x) {
      std::uint64_t const bits[2] = {random(), random()};
      std::memcpy(&v, bits, sizeof v);
    }
    some_rank const rule{s.ranks, random() % 2 == 0};
    std::vector<T> expected;
    std::vector<index_t> sizes;
    for (int r = 0; r < s.ranks; ++r) {
      auto const before = static_cast<index_t>(expected.size());
      for (index_t i = 0; i < n; ++i)
        if (rule(x[static_cast<std::size_t>(i)], i) == r) expected.push_back(x[static_cast<std::size_t>(i)]);
      sizes.push_back(static_cast<index_t>(expected.size()) - before);
    }
    waiting_communicator::record told;
    auto made = [&] {
      std::vector<host::stream> streams;
      for (int r = 0; r < s.ranks; ++r)
        streams.emplace_back(host::stream_options{s.threads, 1.0 + 3.0 * static_cast<double>(random() % 2)});
      if (random() % 2 == 0) return host_team(std::move(streams));
      return host_team(std::move(streams), std::make_unique<waiting_communicator>(s.ranks, told));
    }();
    auto const dealt = detail::scatter_to_ranks(
        borrow(made, std::span<T const>(x), s.cuts), [&](std::size_t) { return rule; }, chunk);
    std::vector<T> got(x.size());
    copy_out(dealt, std::span<T>(got));
    ASSERT_EQ(dealt.partition().cuts, partition_by_sizes(sizes).cuts) << "seed " << seed;
    ASSERT_TRUE(got.empty() || std::memcmp(got.data(), expected.data(), got.size() * sizeof(T)) == 0)
        << "seed " << seed << ", n = " << n << ", chunks of " << chunk << ", " << s;
    if (told.calls > 0) {
      index_t longest = 1;
      for (int r = 0; r < s.ranks; ++r) longest = std::max(longest, s.cuts.size(r));
      ASSERT_EQ(told.calls, (longest + chunk - 1) / chunk);
      ASSERT_EQ(told.bytes, x.size() * sizeof(T));
    }
  }
}

TEST(DealToRanks, TravelsInChunks) {
  int const seeds = rounds(150);
  expect_dealt_in_chunks<std::uint8_t>(seeds);
  expect_dealt_in_chunks<std::int16_t>(seeds);
  expect_dealt_in_chunks<float>(seeds);
  expect_dealt_in_chunks<double>(seeds);
  expect_dealt_in_chunks<sixteen_bytes>(seeds);
}

TEST(DealToRanks, FindsThePlacesOfLargeChunks) {
  index_t const n = 700001;
  auto x = values<std::uint32_t>(n, 8);
  for (index_t const chunk : {0, 150000, 400000}) {  // of several grains, on 2 ranks
    auto const team = make_team(2, 2);
    some_rank const rule{2, false};
    auto const ranks = by_rank(detail::scatter_to_ranks(
        borrow(team, std::span<std::uint32_t>(x)), [&](std::size_t) { return rule; }, chunk));
    std::vector<std::vector<std::uint32_t>> expected(2);
    for (std::size_t i = 0; i < x.size(); ++i)
      expected[static_cast<std::size_t>(rule(x[i], static_cast<index_t>(i)))].push_back(x[i]);
    ASSERT_TRUE(ranks == expected) << "chunks of " << chunk;
  }
}

TEST(DealToRanks, ReportsARuleThatThrows) {
  auto x = values<std::int64_t>(5000, 2);
  auto const team = make_team(3, 1);
  for (index_t const chunk : {0, 100})
    for (int const good_answers : {0, 1}) {  // fails while counting, or while dealing
      std::atomic<int> asked = 0;
      auto const rule = [&](std::int64_t, index_t i) -> int {
        if (i == 4321 && asked++ == good_answers) throw std::runtime_error("no rank for this one");
        return static_cast<int>(i % 3);
      };
      auto const deal = [&] {
        auto const dealt = detail::scatter_to_ranks(
            borrow(team, std::span<std::int64_t>(x)), [&](std::size_t) { return rule; }, chunk);
        team.sync();
      };
      EXPECT_THROW(deal(), std::runtime_error) << chunk << ", " << good_answers;
      auto const next = by_rank(distribute_by(borrow(team, std::span<std::int64_t>(x)), rule));
      EXPECT_EQ(next[1][0], x[1]) << "once it has been reported, the team goes on";
    }
}

TEST(TravellingChunk, KeepsLinksBusy) {
  EXPECT_EQ(detail::travelling_chunk(1, 1), 64 << 20);
  EXPECT_EQ(detail::travelling_chunk(8, 64), 8 << 20);
  EXPECT_EQ(detail::travelling_chunk(8, 128), 16 << 20);
  EXPECT_EQ(detail::travelling_chunk(12, 2) % tile, 0);
  EXPECT_EQ(detail::travelling_chunk(std::size_t{1} << 30, 2), tile);
}

TEST(DealPlan, PlacesSendersInOrder) {
  detail::deal_plan const plan(2, 2, {3, 0, 1, 2, 0, 5, 4, 0});
  EXPECT_EQ(plan.after().cuts, (std::vector<index_t>{0, 8, 15}));
  std::vector<index_t> places;
  for (int r : {0, 1})
    for (index_t c : {0, 1})
      for (int q : {0, 1}) places.push_back(plan.place(c, r, q));
  EXPECT_EQ(places, (std::vector<index_t>{0, 0, 3, 0, 4, 2, 4, 7}));
}

TEST(DistributeByHash, BringsEqualElementsTogetherByWeight) {
  index_t const n = 200003;
  auto x = values<float>(n, 4);
  for (std::size_t i = 0; i < x.size(); i += 3) x[i] = static_cast<float>(i % 1000);
  std::vector<double> const weights{4, 0, 1, 3};
  slot_table const slots(weights, 99);
  std::vector<std::vector<float>> first;
  for (int number = 3; number < split_count; number += 8 * 11) {  // teams of four
    auto const s = split_number(number, n);
    auto const dealt =
        distribute_by_hash(borrow(make_team(4, s.threads), std::span<float>(x), s.cuts), slots);
    auto const ranks = by_rank(dealt);
    if (first.empty()) first = ranks;
    ASSERT_EQ(ranks, first) << s;
  }
  std::map<float, std::size_t> home;
  for (std::size_t r = 0; r < 4; ++r)
    for (float const v : first[r]) ASSERT_EQ(home.emplace(v, r).first->second, r);
  EXPECT_TRUE(first[1].empty());
  for (std::size_t const r : {0, 2, 3})
    EXPECT_NEAR(static_cast<double>(first[r].size()), weights[r] / 8 * n, 0.03 * n) << r;
  EXPECT_THROW(distribute_by_hash(make_array<float>(make_team(2, 1), 10), slots), usage_error);
}

TEST(DistributeByRange, CutsAtItsSplitters) {
  float const nan = std::numeric_limits<float>::quiet_NaN();
  std::vector<float> x{3, -0.0f, nan, 0.0f, -5, 7, 3, 2, -1};
  auto const team = make_team(3, 1);
  auto const dealt = distribute_by_range(borrow(team, std::span<float>(x)), {0.0f, 3.0f});
  auto const ranks = by_rank(dealt);
  EXPECT_EQ(ranks[0], (std::vector<float>{-0.0f, -5, -1}));
  EXPECT_EQ(ranks[1], (std::vector<float>{0.0f, 2}));
  ASSERT_EQ(ranks[2].size(), 4u);  // 3 NaN 7 3
  EXPECT_TRUE(std::isnan(ranks[2][1]));
  EXPECT_THROW(distribute_by_range(borrow(team, std::span<float>(x)), {0.0f}), usage_error);
  EXPECT_THROW(distribute_by_range(borrow(team, std::span<float>(x)), {1.0f, 0.0f}), usage_error);
}

TEST(BySplitter, CountsTheSplittersNotAbove) {
  std::mt19937_64 random(1);
  for (int count = 0; count < 40; ++count) {
    std::vector<int> splitters;
    for (int k = 0; k < count; ++k) splitters.push_back(static_cast<int>(random() % 30) - 10);
    std::sort(splitters.begin(), splitters.end());
    detail::by_splitter<int> const rule{splitters.data(), count};
    for (int x = -12; x < 22; ++x)
      ASSERT_EQ(rule(x, 0), std::upper_bound(splitters.begin(), splitters.end(), x) - splitters.begin())
          << x << " among " << count;
  }
}

TEST(RangeSplitters, FollowTheWeightsAndIgnoreTheSplit) {
  index_t const n = 300007;
  auto x = values<double>(n, 6);
  std::vector<double> const weights{1, 5, 0, 2};
  key_ranges<double> first;
  for (int number = 3; number < split_count; number += apart(8 * 7)) {
    auto const s = split_number(number, n);
    auto const a = borrow(make_team(4, s.threads), std::span<double>(x), s.cuts);
    auto const ranges = range_splitters(a, weights, 5000);
    if (first.splitters.empty()) first = ranges;
    ASSERT_EQ(ranges.splitters, first.splitters) << s;
    ASSERT_EQ(ranges.owners, (std::vector<int>{0, 1, 3})) << s;
  }
  auto const dealt = distribute_by_range(borrow(make_team(4, 2), std::span<double>(x)), first);
  for (int r = 0; r < 4; ++r)
    EXPECT_NEAR(static_cast<double>(dealt.partition().size(r)), weights[static_cast<std::size_t>(r)] / 8 * n,
                0.05 * n)
        << r;
  std::vector<double> none;
  EXPECT_EQ(range_splitters(borrow(make_team(4, 1), std::span<double>(none)), weights).splitters.size(), 2u);
}

TEST(RangeSplitters, OfEveryElementAreExactQuantiles) {
  std::vector<int> x(1000);
  std::iota(x.begin(), x.end(), 0);
  std::shuffle(x.begin(), x.end(), std::mt19937(4));
  std::vector<double> const weights{1, 5, 0, 2};  // 125, 625, 0 and 250 of them
  EXPECT_EQ(range_splitters(borrow(make_team(4, 1), std::span<int>(x)), weights).splitters,
            (std::vector<int>{125, 750}));
}

/// Keys that are hard to part: none, few, all equal, the first and last of their type, many of one.
template <class T>
std::vector<std::vector<T>> keys_of_every_kind() {
  using limits = std::numeric_limits<T>;
  T const last = limits::has_quiet_NaN ? limits::quiet_NaN() : limits::max();
  T const first = limits::has_infinity ? -limits::infinity() : limits::lowest();
  std::vector<std::vector<T>> all{{}, {last}, {first}, {last, first}};
  for (T const one : {T{7}, first, last}) all.emplace_back(3000, one);
  auto mixed = values<T>(7001, 8);
  for (std::size_t i = 1; i < 20; i += 3) mixed[i] = last, mixed[i + 1] = first;  // not in a sample
  all.push_back(mixed);
  for (std::size_t i = 0; i < mixed.size(); i += 3) mixed[i] = last;
  all.push_back(std::move(mixed));
  return all;
}

template <class T>
class RangesOf : public testing::Test {};
using range_types = testing::Types<std::int8_t, std::uint16_t, std::int64_t, std::uint64_t, float, double>;
TYPED_TEST_SUITE(RangesOf, range_types);

TYPED_TEST(RangesOf, RanksWithoutWeightAreEmptyWhereverTheyStand) {
  using T = TypeParam;
  total_order<T> const order;
  for (std::vector<double> const& weights : std::vector<std::vector<double>>{{1},
                                                                             {1, 0},
                                                                             {0, 1},
                                                                             {0, 0, 1},
                                                                             {1, 0, 0},
                                                                             {0, 1, 0},
                                                                             {2, 0, 1},
                                                                             {1, 0, 0, 5},
                                                                             {0, 3, 0, 1, 2, 0},
                                                                             {1, 1, 1},
                                                                             {5e-324, 0, 0},
                                                                             {1e300, 0, 1e-300},
                                                                             {0, 0, 0, 0, 0, 0, 3, 0}}) {
    int const ranks = static_cast<int>(weights.size());
    for (auto& x : keys_of_every_kind<T>()) {
      for (index_t const sample : {7, 500, 1 << 16}) {
        auto const keys = borrow(make_team(ranks, 2), std::span<T>(x));
        auto const ranges = range_splitters(keys, weights, sample);
        auto const parts = by_rank(distribute_by_range(keys, ranges));
        std::vector<typename total_order<T>::key_type> found, all;
        for (std::size_t r = 0; r < weights.size(); ++r) {
          EXPECT_TRUE(weights[r] > 0 || parts[r].empty()) << r << " of " << ranks << " ranks, " << x.size();
          auto const before = found.size();
          for (T const& key : parts[r]) found.push_back(order.key(key));
          if (before > 0 && before < found.size()) {  // nothing but greater keys than on the ranks before
            EXPECT_LT(*std::max_element(found.begin(), found.begin() + static_cast<index_t>(before)),
                      *std::min_element(found.begin() + static_cast<index_t>(before), found.end()));
          }
        }
        for (T const& key : x) all.push_back(order.key(key));
        std::sort(found.begin(), found.end()), std::sort(all.begin(), all.end());
        ASSERT_EQ(found, all);
      }
    }
  }
}

TEST(RangeSplitters, SubnormalWeightsAreWeightsToCallersThatFlush) {
  std::vector<int> x(1000, 3);
  std::vector<double> const weights{0, 5e-324, 0};
  auto const keys = borrow(make_team(3, 1), std::span<int>(x));
  hostile_caller const caller(true, false);
  EXPECT_EQ(range_splitters(keys, weights).owners, (std::vector<int>{1}));
}

TEST(RangeSplitters, RefuseWhatCannotBeShared) {
  std::vector<int> x(10, 1), none;
  auto const keys = borrow(make_team(2, 1), std::span<int>(x));
  EXPECT_THROW(range_splitters(keys, std::vector<double>{0, 0}), usage_error);
  EXPECT_THROW(range_splitters(borrow(make_team(2, 1), std::span<int>(none)), std::vector<double>{0, 0}),
               usage_error);
  EXPECT_THROW(range_splitters(keys, std::vector<double>{1, -1}), usage_error);
  using ranges = key_ranges<int>;
  for (ranges const& bad : {ranges{{}, {}}, ranges{{1}, {0}}, ranges{{1}, {1, 0}}, ranges{{1}, {0, 0}},
                            ranges{{1}, {0, 2}}, ranges{{1}, {-1, 0}}, ranges{{2, 1}, {0, 1, 1}}})
    EXPECT_THROW(distribute_by_range(keys, bad), usage_error);
  auto const three = borrow(make_team(3, 1), std::span<int>(x));
  EXPECT_THROW(distribute_by_range(three, ranges{{2, 1}, {0, 1, 2}}), usage_error);
  EXPECT_EQ(by_rank(distribute_by_range(three, ranges{{2}, {0, 2}}))[0].size(), 10u);
}

TEST(Deal, TakesTurnsAndCollectIsItsInverse) {
  for (index_t const n : {0, 1, 10, 1025, 10007}) {
    std::vector<index_t> x(static_cast<std::size_t>(n));
    std::iota(x.begin(), x.end(), 0);
    for (int number = 0; number < split_count; number += apart(n > 5000 ? 37 : 7))
      for (index_t const block : {1, 3, 1000}) {
        auto const s = split_number(number, n);
        auto const team = make_team(s.ranks, s.threads);
        block_cyclic const turns(n, s.ranks, block);
        auto const dealt = deal(borrow(team, std::span<index_t>(x), s.cuts), turns);
        auto const ranks = by_rank(dealt);
        for (int r = 0; r < s.ranks; ++r) {
          auto const& mine = ranks[static_cast<std::size_t>(r)];
          ASSERT_EQ(static_cast<index_t>(mine.size()), turns.size(r));
          for (std::size_t j = 0; j < mine.size(); ++j)
            ASSERT_EQ(mine[j], turns.global_index(r, static_cast<index_t>(j)));
        }
        std::vector<index_t> back(x.size());
        auto const to = split_number((number + 8 * 5) % split_count, n).cuts;
        copy_out(collect(dealt, turns, to), std::span<index_t>(back));
        ASSERT_EQ(back, x) << "split " << number << ", n = " << n << ", block " << block;
      }
  }
  auto const team = make_team(2, 1);
  auto const x = make_array<int>(team, 10);
  EXPECT_THROW(deal(x, block_cyclic(9, 2)), usage_error);
  EXPECT_THROW(collect(x, block_cyclic(10, 2, 4), single(10)), usage_error);
}

}  // namespace
