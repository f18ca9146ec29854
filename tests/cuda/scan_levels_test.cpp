// The scan's kernels, run on the host: the same templates over host::warp.
#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <kernels/scan_levels.hpp>
#include <prorata/host.hpp>
#include <random>
#include <tests/sanitizers.hpp>
#include <thread>

#include "block_on_host.hpp"

namespace prorata {
namespace {

using lanes = host::warp<32>;

struct halved_before {  // neither commutative nor associative: every operand's place shows
  using value_type = double;
  double operator()(double a, double b) const { return a * 0.5 + b; }
};

template <class T>
struct guarded {  // a load that refuses indices outside its piece
  piece p;
  T operator()(index_t i) const {
    if (i < p.begin || i >= p.end)
      ADD_FAILURE() << "read " << i << " outside [" << p.begin << ", " << p.end << ")";
    auto const mixed = static_cast<std::uint64_t>(i + 1) * 0x9e3779b97f4a7c15u;
    return static_cast<T>(static_cast<double>(static_cast<std::int64_t>(mixed)) * 0x1p-40);
  }
};

/// Where warps meet, without a GPU: one that waits for what nobody has told yet would wait for ever when
/// tiles run one after another.
template <class T>
struct board_in_turn {
  std::vector<T>* totals;
  std::vector<char>* told;
  void tell(index_t place, T const& total) const {
    EXPECT_EQ(told->at(static_cast<std::size_t>(place)), 0) << "told twice: " << place;
    totals->at(static_cast<std::size_t>(place)) = total;
    told->at(static_cast<std::size_t>(place)) = 1;
  }
  T learn(index_t place) const {
    EXPECT_EQ(told->at(static_cast<std::size_t>(place)), 1) << "nobody has told " << place;
    return totals->at(static_cast<std::size_t>(place));
  }
};

/// The same for several threads, as the GPU's own board does it.
template <class T>
struct board_of_threads {
  T* totals;
  std::atomic<unsigned>* told;
  void tell(index_t place, T const& total) const {
    totals[place] = total;
    told[place].store(1, std::memory_order_release);
  }
  T learn(index_t place) const {
    while (told[place].load(std::memory_order_acquire) == 0) std::this_thread::yield();
    return totals[place];
  }
};

/// What the launches of kernels/scan.cuh do: tiles one after another, or by several threads.
template <class Op, class Load, class T = typename Op::value_type>
std::vector<T> scan_by_warps(scan_form<Op> const& form, piece p, Load const& load, running_fold<T>& so_far,
                             int threads = 0) {
  std::vector<T> out(static_cast<std::size_t>(p.end - p.begin) + 1, T{-77});
  auto const plan = cuda::plan_scan(p);
  auto entry = so_far;
  cuda::scan_loose<lanes>(form, load, plan.tile_begin, entry, out.data());
  if (plan.tile_begin == p.end) {
    so_far = entry;
    return out;
  }
  std::vector<T> totals(static_cast<std::size_t>(plan.values));
  auto const scan_tile_at = [&](index_t k, auto const& board, std::vector<T>& room) {
    index_t const number = plan.tile_begin / tile + k;
    cuda::scan_one_tile<lanes>(form, plan, load, number, entry, board, room.data(),
                               out.data() + (number * tile - p.begin), &so_far);
  };
  if (threads == 0) {
    std::vector<T> room(32 * 33);
    std::vector<char> told(totals.size());
    for (index_t k = 0; k <= plan.tiles(); ++k) scan_tile_at(k, board_in_turn<T>{&totals, &told}, room);
    EXPECT_EQ(std::count(told.begin(), told.end(), 1), plan.values) << "totals that nobody told";
    return out;
  }
  std::vector<std::atomic<unsigned>> told(totals.size());
  std::atomic<index_t> next{0};
  std::vector<std::thread> team;
  for (int t = 0; t < threads; ++t)
    team.emplace_back([&] {
      std::vector<T> room(32 * 33);
      for (index_t k; (k = next.fetch_add(1)) <= plan.tiles();)
        scan_tile_at(k, board_of_threads<T>{totals.data(), told.data()}, room);
    });
  for (auto& t : team) t.join();
  return out;
}

template <class Op>
void expect_the_hosts_bits(std::vector<index_t> const& cuts, Op const& op, bool exclusive, bool has_init,
                           int threads = 0) {
  using T = typename Op::value_type;
  host::stream s;
  scan_form<Op> const form{op, T{3}, has_init || exclusive, exclusive};
  running_fold<T> theirs{0, {}}, ours{0, {}};
  for (std::size_t k = 0; k + 1 < cuts.size(); ++k) {
    piece const p{cuts[k], cuts[k + 1], cuts.back()};
    std::vector<T> expected(static_cast<std::size_t>(p.end - p.begin) + 1, T{-77});
    host::scan_piece(s, form, p, guarded<T>{p}, &theirs, expected.data());
    s.sync();
    auto const found = scan_by_warps(form, p, guarded<T>{p}, ours, threads);
    ASSERT_EQ(std::memcmp(found.data(), expected.data(), expected.size() * sizeof(T)), 0)
        << "[" << p.begin << ", " << p.end << ")";
    ASSERT_EQ(ours.end, theirs.end);
    for (int level = 0; level < scan_levels; ++level)
      if (ours.has(level)) {
        ASSERT_EQ(std::memcmp(&ours.at[level], &theirs.at[level], sizeof(T)), 0) << "level " << level;
      }
  }
}

TEST(ScanLevels, ScanAsTheHostDoesForEverySizeAndCut) {
  for (index_t n : {1, 31, 32, 33, 1023, 1024, 1025, 2048, 32767, 32768, 32769, 66000, 1000003}) {
    expect_the_hosts_bits({0, n}, plus<float>{}, false, false);
    expect_the_hosts_bits({0, n}, plus<double>{}, true, true);
    expect_the_hosts_bits({0, n / 3, n / 3, n - n / 5, n}, plus<float>{}, false, true);
    expect_the_hosts_bits({0, n / 3 / 1024 * 1024, n / 2 / 1024 * 1024, n}, plus<double>{}, true, true);
  }
  std::mt19937 random(5);
  for (int trial = 0; trial < tests::rounds(100); ++trial) {
    auto const n = 1 + static_cast<index_t>(random() % (trial % 4 == 0 ? 200000 : 40000));
    std::vector<index_t> cuts{0, n};
    for (unsigned k = random() % 6; k > 0; --k)
      cuts.push_back(static_cast<index_t>(random() % static_cast<unsigned>(n + 1)));
    std::sort(cuts.begin(), cuts.end());
    expect_the_hosts_bits(cuts, plus<float>{}, trial % 2 == 0, trial % 3 == 0);
    expect_the_hosts_bits(cuts, halved_before{}, trial % 2 == 0, trial % 5 == 0);
    expect_the_hosts_bits(cuts, maximum<std::int32_t>{}, trial % 2 == 1, false);
  }
}

TEST(ScanLevels, ScanTheSameWhoeverArrivesFirst) {
  for (int threads : {1, 2, 7})
    for (index_t n : {5 * tile, 40 * tile + 7, 1100 * tile + 999}) {
      expect_the_hosts_bits({0, n}, plus<float>{}, false, false, threads);
      expect_the_hosts_bits({0, n / 3, n / 2 / tile * tile, n}, plus<double>{}, true, true, threads);
    }
}

TEST(ScanLevels, ListTheNodesThatTheHostLists) {
  std::mt19937 random(6);
  for (int trial = 0; trial < tests::rounds(200); ++trial) {
    auto const span = static_cast<index_t>(random() % (trial % 10 == 0 ? 2'200'000 : 70'000));
    auto const begin = trial % 3 == 0 ? 0 : static_cast<index_t>(random() % 100'000);
    piece const p{begin, begin + span, begin + span};
    std::size_t const count = static_cast<std::size_t>(scan_node_count(p.begin, p.end));
    std::vector<float> expected(count), found(count), room(32 * 33);
    host::stream s;
    host::scan_nodes(s, plus<float>{}, p, guarded<float>{p}, expected.data());
    s.sync();
    auto const plan = cuda::plan_nodes(p);
    std::vector<float> scratch(static_cast<std::size_t>(plan.values));
    for (int level = tile_level; level < plan.top; ++level)
      for (index_t k : any_order(plan.levels[level].nodes(), 7)) {
        auto const& at = plan.levels[level];
        if (level == tile_level) {
          cuda::fold_tile<lanes>(plus<float>{}, guarded<float>{p}, (at.first + k) * tile, room.data(),
                                 scratch.data() + at.offset + k);
        } else {
          cuda::fold_group<lanes>(plus<float>{}, plan, level, k, scratch.data());
        }
      }
    cuda::list_nodes<lanes>(plus<float>{}, plan, guarded<float>{p}, scratch.data(), found.data());
    ASSERT_EQ(found, expected) << "[" << p.begin << ", " << p.end << ")";
    if (begin == 0) {
      running_fold<float> a{0, {}}, b{0, {}};
      cuda::append_nodes<lanes>(plus<float>{}, p, found.data(), a);
      scan_by_warps(scan_form<plus<float>>{}, p, guarded<float>{p}, b);
      ASSERT_EQ(a.end, b.end);
      if (a.end > 0) { ASSERT_EQ(a.value(plus<float>{}), b.value(plus<float>{})); }
    }
  }
}

TEST(ScanLevels, PlanTheNodesThatLieInsideAPiece) {
  std::mt19937 random(8);
  for (int trial = 0; trial < tests::rounds(300); ++trial) {
    auto const begin = static_cast<index_t>(random() % 3'000'000),
               end = begin + static_cast<index_t>(random() % 3'000'000);
    auto const plan = cuda::plan_nodes({begin, end, end});
    index_t values = 0;
    for (int level = tile_level; level < plan.top; ++level) {
      index_t const size = scan_node_size(level);
      EXPECT_EQ(plan.levels[level].first, (begin + size - 1) / size)
          << level << " of [" << begin << ", " << end << ")";
      EXPECT_EQ(plan.levels[level].last, end / size);
      EXPECT_EQ(plan.levels[level].offset, values);
      values += plan.levels[level].nodes();
    }
    EXPECT_EQ(plan.values, values);
  }
}

TEST(ScanLevels, ReachFarPlaces) {
  for (index_t begin : {index_t{1} << 31, (index_t{1} << 45) - 1024, (index_t{1} << 50) + 7}) {
    piece const p{begin, begin + 100'000, begin + 100'000};
    running_fold<double> a{begin, {}};
    for (int level = 0; level < scan_levels; ++level) a.at[level] = level + 0.25;
    auto b = a;
    scan_form<plus<double>> const form{{}, 0, false, false};
    std::vector<double> expected(100'001, -77);
    host::stream s;
    host::scan_piece(s, form, p, guarded<double>{p}, &a, expected.data());
    s.sync();
    EXPECT_EQ(scan_by_warps(form, p, guarded<double>{p}, b), expected);
    EXPECT_EQ(a.value(plus<double>{}), b.value(plus<double>{}));
  }
}

}  // namespace
}  // namespace prorata
