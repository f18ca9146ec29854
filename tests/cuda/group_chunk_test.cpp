// The GPU's adding up of sorted rows, run on the host chunk by chunk in any order.
#include <kernels/grouping/chunk.hpp>

#include "block_on_host.hpp"
#include "group_oracle.hpp"

namespace prorata {
namespace {

/// Rows with long and short runs of keys.
template <addend Kind>
void add_up(index_t n, unsigned seed) {
  using State = group_state<Kind, 2, true>;
  std::mt19937_64 random(seed);
  group_words words;
  std::uint64_t key = 0;
  for (index_t i = 0; i < n; ++i) {
    if (random() % (seed % 3 == 0 ? 3 : seed % 3 == 1 ? 40 : 500) == 0) key += 1 + random() % 5;
    words.keys.push_back(key);
    words.values.push_back(any_value<Kind>(random, seed % 2 ? 200 : 10, seed % 4 < 2));
  }
  auto const expected = groups_of<State>(words, 5);

  cuda::sorted_rows<State::has_bands> const rows{words.keys.data(), words.values.data(), n, 17};
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
    cuda::add_chunk(rows, c, before[static_cast<std::size_t>(c)], made.data(), lonely_words{});
  expect_groups(made, expected);
}

TEST(add_chunk, adds_every_row_once) {
  for (unsigned seed = 0; seed < 12; ++seed)
    for (index_t const n : {1, 31, 32, 33, 1000, 20011}) {
      add_up<addend::real>(n, seed);
      add_up<addend::signed_integer>(n, seed);
      add_up<addend::unsigned_integer>(n, seed);
      if (HasFatalFailure()) FAIL() << n << " rows, seed " << seed;
    }
}

}  // namespace
}  // namespace prorata
