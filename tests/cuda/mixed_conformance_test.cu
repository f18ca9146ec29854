// A GPU and the CPU in one team, held to what every backend must do. Without a GPU: the CPU twice, through
// the same code.
#include <chrono>
#include <prorata/exchange.hpp>
#include <prorata/mixed.cuh>
#include <thread>

#include "../conformance.hpp"

namespace prorata::conformance {

/// A GPU first, and then the CPU; where there is no GPU, the CPU twice.
struct mixed_streams {
  using stream_type = mixed::stream;
  static std::vector<mixed::stream> streams(int count) {
    std::vector<mixed::stream> all;
    if (cuda::device_count() > 0) all.emplace_back(cuda::stream(0));
    while (static_cast<int>(all.size()) < count) all.emplace_back(host::stream());
    return all;
  }
};

INSTANTIATE_TYPED_TEST_SUITE_P(mixed, backend_conformance, mixed_streams);

TEST(mixed, blocks_travel_between_all_kinds) {
  std::vector<mixed::stream> streams;
  for (int d = 0; d < 2; ++d) {
    if (cuda::device_count() > 0) streams.emplace_back(cuda::stream(d % cuda::device_count()));
    streams.emplace_back(host::stream());
  }
  team<mixed::stream> const all(std::move(streams));
  auto const ranks = static_cast<index_t>(all.ranks()), most = index_t{40'000};
  std::vector<index_t> counts;
  for (index_t pair = 0; pair < ranks * ranks; ++pair)
    counts.push_back(pair % 5 == 3 ? 0 : pair * most / 20 % most);
  auto const count = [&](index_t r, index_t q) { return counts[static_cast<std::size_t>(r * ranks + q)]; };
  auto const first = [&](index_t turn, index_t r, index_t q) { return (turn * 1000 + r * ranks + q) * most; };
  for (int turn = 0; turn < 3; ++turn) {  // memory is used again while bytes travel
    std::vector<buffer<std::int64_t, mixed::stream>> sent;
    std::vector<std::int64_t const*> pointers;
    for (index_t r = 0; r < ranks; ++r) {
      auto& s = all.streams()[static_cast<std::size_t>(r)];
      if (auto* const slow =
              std::get_if<host::stream>(&s.either()))  // whoever does not wait for it is too early
        slow->enqueue([] { std::this_thread::sleep_for(std::chrono::milliseconds(20)); });
      pointers.push_back(sent.emplace_back(s, ranks * most).data());
      index_t at = 0;
      for (index_t q = 0; q < ranks; at += count(r, q++))
        for_each_index(s, first(turn, r, q), first(turn, r, q) + count(r, q),
                       put<std::int64_t>{sent.back().data() + at, first(turn, r, q)});
    }
    auto const received = exchange<std::int64_t>(all, pointers, counts);
    for (index_t r = 0; r < ranks; ++r)
      for_each_index(
          all.streams()[static_cast<std::size_t>(r)], 0, ranks * most,
          put<std::int64_t>{sent[static_cast<std::size_t>(r)].data(), 0});  // must not overtake them
    for (index_t q = 0; q < ranks; ++q) {
      std::vector<std::int64_t> expected,
          found(static_cast<std::size_t>(received[static_cast<std::size_t>(q)].size()));
      for (index_t r = 0; r < ranks; ++r)
        for (index_t i = 0; i < count(r, q); ++i) expected.push_back((first(turn, r, q) + i) * 3 + 1);
      auto& s = all.streams()[static_cast<std::size_t>(q)];
      s.copy(found.data(), received[static_cast<std::size_t>(q)].data(), found.size() * sizeof found[0]);
      s.sync();
      ASSERT_EQ(found, expected) << "rank " << q << " of " << ranks;
    }
  }
}

}  // namespace prorata::conformance
