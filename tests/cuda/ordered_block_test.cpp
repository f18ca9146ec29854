// The canonical reduction's kernel, run on the host: the same templates over host::warp, blocks in any order.
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <host/warp.hpp>
#include <kernels/ordered_block.hpp>
#include <kernels/ordered_join.hpp>
#include <prorata/ordered.hpp>
#include <prorata/reductions.hpp>
#include <tests/sanitizers.hpp>
#include <utility>

#include "block_on_host.hpp"

namespace prorata {
namespace {

TEST(nodes_between, counts_as_node_count_does) {
  for (index_t first = 0; first <= 130; ++first)
    for (index_t last = first; last <= 130; ++last)
      ASSERT_EQ(cuda::nodes_between(first, last), node_count(first, last)) << first << " " << last;
  index_t const big = (index_t{1} << 32) + 1;
  for (index_t first : {index_t{0}, index_t{1}, big - 3, (index_t{1} << 31) - 1})
    for (index_t last : {big, big + 12345, (index_t{1} << 40) - 1, (index_t{1} << 57) + 3})
      ASSERT_EQ(cuda::nodes_between(first, last), node_count(first, last)) << first << " " << last;
}

/// Values whose sum depends on every pairing, and a load that refuses indices outside the piece.
template <class T>
struct guarded {
  piece p;
  T operator()(index_t i) const {
    if (i < p.begin || i >= p.end)
      ADD_FAILURE() << "read " << i << " outside [" << p.begin << ", " << p.end << ")";
    auto const mixed = static_cast<std::uint64_t>(i + 1) * 0x9e3779b97f4a7c15u;
    return static_cast<T>(static_cast<double>(static_cast<std::int64_t>(mixed)) * 0x1p-40);
  }
};

/// Bytes of a piece's partial result: written ones and, in `known`, which ones those are.
template <class T>
struct partial {
  std::vector<T> values;
  bool operator==(partial const& other) const {
    return values.size() == other.values.size() &&
           (values.empty() ||
            std::memcmp(values.data(), other.values.data(), values.size() * sizeof(T)) == 0);
  }
};

template <class T>
partial<T> blank(index_t slots, index_t L) {
  partial<T> p;
  p.values.resize(static_cast<std::size_t>(slots * L));
  if (!p.values.empty()) std::memset(static_cast<void*>(p.values.data()), 0x5a, p.values.size() * sizeof(T));
  return p;
}

template <index_t L, class Op, class Load>
partial<typename Op::value_type> by_forest(piece p, Load const& load) {
  forest<host::warp<L>, Op> f(Op{}, p.n, p.begin);
  auto const lifted_load = [&](index_t i) { return lifted<Op>(load(i)); };
  f.take(lifted_load, p.end);
  auto out = blank<typename Op::value_type>(forest<host::warp<L>, Op>::slots(p), L);
  f.write(out.values.data());
  return out;
}

/// Runs the grid; `multiprocessors` changes how the piece is dealt out and must not change a bit.
template <index_t L, class Op, class Tuning, class Load>
partial<typename Op::value_type> by_blocks(piece p, Load const& load, int multiprocessors, unsigned seed) {
  using T = typename Op::value_type;
  auto out = blank<T>(forest<host::warp<L>, Op>::slots(p), L);
  auto const plan = cuda::plan_ordered<L, Tuning>(p, multiprocessors);
  auto const room = cuda::room_for<L, Tuning>(plan);
  std::vector<T> scratch(static_cast<std::size_t>(room.nodes * L));
  std::vector<unsigned> counters(static_cast<std::size_t>(room.counters));
  cuda::ordered_rows<host::warp<L>, Op> tree{Op{}, p.n, plan.rows.first_row, plan.rows.last_row,
                                             out.values.data() + (p.begin < plan.rows.head_end ? L : 0)};
  for (index_t number : any_order(plan.chunks, seed)) {
    block_on_host<T, L, 1 << cuda::members_level<L>> block{number};
    cuda::reduce_block<Tuning>(block, tree, plan, load, scratch.data(), counters.data());
  }
  for (unsigned c : counters) EXPECT_EQ(c, 0u) << "a counter was left behind";
  return out;
}

template <class T, class X>
struct small_tuning
    : cuda::ordered_tuning<X, T> {  // few rows a leaf and small groups: deep trees from short arrays
  static constexpr int leaf = 2, edge = 1, longest = 2, fan = 1;
};

template <index_t L, class Op, class X, class Tuning>
void expect_same_bits(piece p, int multiprocessors, unsigned seed) {
  guarded<X> const load{p};
  EXPECT_TRUE((by_forest<L, Op>(p, load) == by_blocks<L, Op, Tuning>(p, load, multiprocessors, seed)))
      << "[" << p.begin << ", " << p.end << ") of " << p.n << ", L = " << L << ", SMs = " << multiprocessors;
}

TEST(reduce_block, writes_what_a_forest_writes_for_every_size) {
  for (index_t n : {0, 1, 31, 32, 33, 63, 64, 65, 1023, 1024, 1025, 8191, 8192, 8193, 65536, 100003}) {
    expect_same_bits<32, plus<float>, float, cuda::ordered_tuning<float, float>>({0, n, n}, 132, 1);
    expect_same_bits<32, plus<double>, double, cuda::ordered_tuning<double, double>>({0, n, n}, 132, 2);
    expect_same_bits<32, moments, float, cuda::ordered_tuning<float, moments_state>>({0, n, n}, 132, 3);
    expect_same_bits<1, plus<float>, float, cuda::ordered_tuning<float, float>>({0, n, n}, 132, 4);
  }
}

TEST(reduce_block, writes_what_a_forest_writes_for_every_cut) {
  index_t const n = 100003;
  index_t const cuts[] = {0,    1,    31,    32,    33,    64,    1000,   1023,  1024,
                          1025, 8192, 30000, 65535, 65536, 99999, 100000, 100003};
  for (index_t begin : cuts)
    for (index_t end : cuts)
      if (begin <= end) {
        expect_same_bits<32, plus<float>, float, cuda::ordered_tuning<float, float>>({begin, end, n}, 132, 5);
        expect_same_bits<32, moments, float, cuda::ordered_tuning<float, moments_state>>({begin, end, n}, 1,
                                                                                         6);
        expect_same_bits<1, plus<float>, float, cuda::ordered_tuning<float, float>>({begin, end, n}, 132, 7);
      }
}

TEST(reduce_block, climbs_through_many_levels_of_groups) {
  using tuning = small_tuning<float, float>;
  auto const plan = cuda::plan_ordered<32, tuning>({0, 200000, 200000}, 1);
  int levels = 0;
  for (auto at = cuda::ordered_level<32, tuning>::lowest(plan); at.units() > 0; at = at.above()) ++levels;
  ASSERT_GE(levels, 2);
  std::mt19937 random(7);
  for (int trial = 0; trial < tests::rounds(300); ++trial) {
    index_t const n = 1 + static_cast<index_t>(random() % 200000);
    index_t const a = static_cast<index_t>(random() % static_cast<unsigned>(n + 1));
    index_t const b = static_cast<index_t>(random() % static_cast<unsigned>(n + 1));
    piece const p{std::min(a, b), trial % 3 == 0 ? n : std::max(a, b), n};
    expect_same_bits<32, plus<float>, float, tuning>(p, 1, random());
    if (trial % 10 == 0) expect_same_bits<32, moments, float, tuning>(p, 1, random());
    if (trial % 10 == 1) expect_same_bits<1, plus<float>, float, tuning>(p, 1, random());
  }
}

template <index_t L, class Op, class X>
void expect_joins_as_forests(std::vector<index_t> const& cuts, index_t n) {
  using T = typename Op::value_type;
  using F = forest<host::warp<L>, Op>;
  std::vector<T> in;
  for (std::size_t k = 0; k + 1 < cuts.size(); ++k) {
    piece const p{cuts[k], cuts[k + 1], n};
    auto const part = by_forest<L, Op>(p, guarded<X>{p});
    in.insert(in.end(), part.values.begin(), part.values.end());
  }
  piece const whole{cuts.front(), cuts.back(), n};
  auto out = blank<T>(F::slots(whole), L);
  std::vector<T> waiting(static_cast<std::size_t>(cuda::levels_of<L>(n)) * L);
  cuda::ordered_join<host::warp<L>, Op> join(Op{}, whole, out.values.data(), waiting.data());
  T const* next = in.data();
  auto const from = [&] { return std::exchange(next, next + L); };
  for (std::size_t k = 0; k + 1 < cuts.size(); ++k) join.take({cuts[k], cuts[k + 1], n}, from);
  EXPECT_EQ(next, in.data() + in.size());
  auto const expected = by_forest<L, Op>(whole, guarded<X>{whole});
  EXPECT_TRUE(expected == out) << "n = " << n << ", " << cuts.size() - 1 << " pieces, L = " << L;
  if (whole.begin == 0 && whole.end == n && n > 0) {
    F f(Op{}, n, 0);
    f.join(expected.values.data(), whole);
    auto const wanted = f.result();
    auto const found = cuda::ordered_result<host::warp<L>, Op>(Op{}, n, out.values.data());
    EXPECT_EQ(std::memcmp(&wanted, &found, sizeof wanted), 0) << "n = " << n;
  }
}

TEST(ordered_join, joins_and_finishes_as_forests_do) {
  for (index_t n : {1, 2, 31, 32, 33, 64, 65, 1023, 1024, 1025, 4000, 12345}) {
    expect_joins_as_forests<32, plus<float>, float>({0, n}, n);
    expect_joins_as_forests<32, moments, double>({0, n}, n);
    expect_joins_as_forests<1, plus<float>, float>({0, n}, n);
  }
  std::mt19937 random(8);
  for (int trial = 0; trial < tests::rounds(400); ++trial) {
    index_t const n = 1 + static_cast<index_t>(random() % (trial % 2 == 0 ? 300 : 30000));
    std::vector<index_t> cuts(2 + random() % 9);
    for (auto& c : cuts) c = static_cast<index_t>(random() % static_cast<unsigned>(n + 1));
    if (trial % 4 != 3) cuts.front() = 0, cuts.back() = n;
    std::sort(cuts.begin(), cuts.end());
    expect_joins_as_forests<32, plus<float>, float>(cuts, n);
    expect_joins_as_forests<32, moments, double>(cuts, n);
    expect_joins_as_forests<1, plus<double>, double>(cuts, n);
  }
}

TEST(plan_ordered, deals_out_arrays_of_any_size) {
  using tuning = cuda::ordered_tuning<float, float>;
  auto const chunks = [](index_t n) { return cuda::plan_ordered<32, tuning>({0, n, n}, 132).chunks; };
  EXPECT_EQ(chunks(0), 1);
  EXPECT_EQ(chunks(1), 1);
  EXPECT_EQ(chunks(index_t{1} << 16), 8);
  EXPECT_EQ(chunks(index_t{1} << 20), 128);
  EXPECT_EQ(chunks(index_t{1} << 28), 8192);
  for (index_t n : {(index_t{1} << 31) - 1, index_t{1} << 31, (index_t{1} << 31) + 1, (index_t{1} << 32) - 1,
                    (index_t{1} << 32) + 1, (index_t{1} << 37) + 5}) {
    auto const plan = cuda::plan_ordered<32, tuning>({0, n, n}, 132);
    EXPECT_GE(plan.chunks << plan.chunk_level, plan.rows.last_row);
    EXPECT_LT((plan.chunks - 1) << plan.chunk_level, plan.rows.last_row);
    EXPECT_LE(plan.chunks, 0x7fffffff);
    auto const at = cuda::ordered_level<32, tuning>::lowest(plan);
    auto const room = cuda::room_for<32, tuning>(plan);
    EXPECT_GE(room.nodes, at.units());
    EXPECT_LE(room.nodes, at.units() + at.units() / 100 + 3);
  }
}

/// A warp of the host that hides latency as a GPU's does: by loads that are under way together.
struct loads_in_flight : host::warp<> {
  static constexpr index_t read_ahead = 0;
  template <class T>
  static constexpr int depth = 5;
  template <class T>
  static constexpr bool in_one_loop = true;
};

TEST(forest, loads_what_is_left_of_a_step_together) {
  for (index_t const n : {33, 64, 1000, 1023, 1024, 2047}) {
    std::vector<index_t> order;
    auto const load = [&](index_t i) {
      order.push_back(i);
      return static_cast<float>(i * 7919 % 1009) * 0.1f;
    };
    forest<loads_in_flight, plus<float>> together({}, n, 0);
    together.take(load, n);
    index_t breaks = 0;  // rows of one lane are 32 elements apart; another lane begins elsewhere
    for (std::size_t k = 1; k < order.size(); ++k) breaks += std::abs(order[k] - order[k - 1]) != 32;
    EXPECT_LE(breaks, 32 * (6 + n / 1024)) << n;
    forest<host::warp<>, plus<float>> apart({}, n, 0);
    apart.take(load, n);
    EXPECT_EQ(together.result(), apart.result()) << n;
  }
}

}  // namespace
}  // namespace prorata
