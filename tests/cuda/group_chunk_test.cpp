// The GPU's adding up of sorted rows, run on the host chunk by chunk in any order.
#include <gtest/gtest.h>

#include <cmath>
#include <kernels/group_chunk.hpp>
#include <map>
#include <random>

#include "block_on_host.hpp"

namespace prorata {
namespace {

struct plain_atomics {
  std::uint64_t add(std::uint64_t* to, std::uint64_t x) const {
    auto const before = *to;
    *to += x;
    return before;
  }
  void set_bits(std::uint32_t* to, std::uint32_t x) const { *to |= x; }
  void lesser(std::int64_t* to, std::int64_t x) const { *to = std::min(*to, x); }
  void greater(std::int64_t* to, std::int64_t x) const { *to = std::max(*to, x); }
};

/// Rows with long and short runs of keys; values of all sizes, zeros, and now and then what is no number.
template <addend Kind>
void add_up(index_t n, unsigned seed) {
  using State = group_state<Kind, 2, true>;
  std::mt19937_64 random(seed);
  std::vector<std::uint64_t> keys, values;
  std::uint64_t key = 0;
  for (index_t i = 0; i < n; ++i) {
    if (random() % (seed % 3 == 0 ? 3 : seed % 3 == 1 ? 40 : 500) == 0) key += 1 + random() % 5;
    keys.push_back(key);
    double const v = std::ldexp(static_cast<double>(static_cast<std::int64_t>(random())),
                                static_cast<int>(random() % (seed % 2 ? 200 : 10)) - 60);
    values.push_back(Kind != addend::real ? random()
                                          : std::bit_cast<std::uint64_t>(random() % 97 == 0   ? NAN
                                                                         : random() % 13 == 0 ? -0.0
                                                                                              : v));
  }
  std::map<std::uint64_t, std::vector<State>> expected;  // one value a state: finishing adds them
  for (index_t i = 0; i < n; ++i) {
    auto const at = static_cast<std::size_t>(i);
    State s = State::none();
    s.unit = State::unit_of(values[at], 5);
    s.deposit(values[at]);
    expected[keys[at]].push_back(s);
  }

  cuda::sorted_rows<State::has_bands> const rows{keys.data(), values.data(), n, 17};
  index_t const chunks = (n + cuda::group_chunk - 1) / cuda::group_chunk;
  std::vector<index_t> before;
  index_t records = 0, begun = 0;
  for (index_t c = 0; c < chunks; ++c) {
    before.push_back(records);
    auto const heads = cuda::heads_in(rows, c);
    records += heads.records;
    begun += heads.keys;
  }
  ASSERT_EQ(begun, static_cast<index_t>(expected.size()));
  std::vector<group_record<State>> made(static_cast<std::size_t>(records), {0, State::none()});
  for (index_t c : any_order(chunks, seed))
    cuda::add_chunk(rows, c, before[static_cast<std::size_t>(c)], made.data(), plain_atomics{});

  std::size_t k = 0;
  for (auto const& [at, states] : expected) {
    std::size_t const first = k;
    while (k < made.size() && made[k].key == at) ++k;
    ASSERT_GT(k, first);
    auto const found = finished_group<State>(
        [&](index_t j) -> State const& { return made[first + static_cast<std::size_t>(j)].state; },
        static_cast<index_t>(k - first), 1);
    auto const wanted =
        finished_group<State>([&](index_t j) -> State const& { return states[static_cast<std::size_t>(j)]; },
                              static_cast<index_t>(states.size()), 1);
    for (int c = 1; c < group_columns; ++c)
      ASSERT_EQ(word_of(static_cast<group_column>(c), at, found),
                word_of(static_cast<group_column>(c), at, wanted))
          << "column " << c << ", seed " << seed;
  }
  ASSERT_EQ(k, made.size());
}

TEST(add_chunk, adds_every_row_once) {
  for (unsigned seed = 0; seed < 12; ++seed)
    for (index_t const n : {1, 31, 32, 33, 1000, 20011}) {
      add_up<addend::real>(n, seed);
      add_up<addend::signed_integer>(n, seed);
      add_up<addend::unsigned_integer>(n, seed);
    }
}

TEST(add_part, carries_through_every_word) {
  using State = group_state<addend::unsigned_integer, 2, false>;
  State to = State::none(), part = State::none();
  for (auto& w : to.squares) w = ~std::uint64_t{0};
  part.squares[0] = 1;
  part.squares[1] = ~std::uint64_t{0};  // its carry alone wraps
  to.squares[3] = 5;
  cuda::add_part(to, part, plain_atomics{});
  EXPECT_EQ(to.squares[0], 0u);
  EXPECT_EQ(to.squares[1], ~std::uint64_t{0});
  EXPECT_EQ(to.squares[2], 0u);
  EXPECT_EQ(to.squares[3], 6u);
}

}  // namespace
}  // namespace prorata
