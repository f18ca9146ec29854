// Rows that a grouping has no room for: by ranges, as rows or as records, they make the same groups.
#include <gtest/gtest.h>

#include <cstring>
#include <host/group_by.hpp>
#include <map>
#include <mutex>
#include <random>
#include <tests/splits.hpp>

namespace prorata {
namespace {

/// What overflows, in memory.
class kept final : public host::group_overflow {
 public:
  struct range {
    std::vector<group_row> rows;
    std::vector<std::vector<std::byte>> runs;
  };
  void rows(index_t r, std::span<group_row const> some) override {
    std::lock_guard const lock(mutex_);
    auto& to = ranges[r].rows;
    to.insert(to.end(), some.begin(), some.end());
    row_count += static_cast<index_t>(some.size());
  }
  void records(index_t r, std::span<std::byte const> some) override {
    std::lock_guard const lock(mutex_);
    ranges[r].runs.emplace_back(some.begin(), some.end());
    record_bytes += static_cast<index_t>(some.size());
  }
  std::map<index_t, range> ranges;
  index_t row_count = 0, record_bytes = 0;

 private:
  std::mutex mutex_;
};

struct totals {
  index_t count = 0;
  std::uint64_t sum = 0;
  friend bool operator==(totals const&, totals const&) = default;
};
using answers = std::map<std::uint64_t, totals>;

constexpr group_plan plan{addend::unsigned_integer, {1, false}, 0};

void take(host::grouping& to, std::vector<group_row> const& rows, std::size_t begin, std::size_t end) {
  auto const taker = to.taker();
  for (std::size_t i = begin; i < end; ++i) taker->take(&rows[i].key, &rows[i].value, 1);
}

std::vector<std::uint64_t> sample_of(std::vector<group_row> const& rows, std::size_t step) {
  std::vector<std::uint64_t> keys;
  for (std::size_t i = 0; i < rows.size(); i += step) keys.push_back(rows[i].key);
  return keys;
}

/// Appends the groups; they must come after all that are there, and every place once.
void finish(host::grouping& groups, host::stream& s, answers& found) {
  std::mutex mutex;
  std::map<index_t, std::pair<std::vector<std::uint64_t>, std::vector<totals>>> pieces;
  s.enqueue([&] {
    groups.finish_to(s, [&](index_t place, host::group_column_words const& words) {
      std::vector<totals> some;
      auto const& count = words[static_cast<std::size_t>(group_column::count)];
      for (std::size_t i = 0; i < count.size(); ++i)
        some.push_back(
            {static_cast<index_t>(count[i]), words[static_cast<std::size_t>(group_column::sum)][i]});
      std::lock_guard const lock(mutex);
      pieces[place] = {{words[0].begin(), words[0].end()}, some};
    });
  });
  s.sync();
  index_t next = 0;
  for (auto const& [place, piece] : pieces) {
    ASSERT_EQ(place, next);
    for (std::size_t i = 0; i < piece.first.size(); ++i) {
      ASSERT_TRUE(found.empty() || found.rbegin()->first < piece.first[i]) << "keys do not ascend";
      found.emplace(piece.first[i], piece.second[i]);
    }
    next += static_cast<index_t>(piece.first.size());
  }
  ASSERT_EQ(next, groups.groups());
}

/// Groups range after range of what overflowed.
void finish_ranges(kept const& from, host::stream& s, answers& found) {
  for (auto const& [number, range] : from.ranges) {
    auto const groups = host::grouping::make(plan);
    groups->limit(64 << 10, nullptr);
    groups->expect(sample_of(range.rows, 7), {}, static_cast<index_t>(range.rows.size()));
    take(*groups, range.rows, 0, range.rows.size());
    std::vector<record_run> runs;
    for (auto const& r : range.runs)
      runs.push_back({r.data(), static_cast<index_t>(r.size()) / record_bytes(plan)});
    groups->take_runs(runs);
    finish(*groups, s, found);
  }
}

struct shape {
  char const* name;
  std::uint64_t (*key)(std::uint64_t random, std::size_t i);
  bool misled;  ///< whether the sample is of the first rows alone
};
shape const shapes[] = {
    {"all distinct", [](std::uint64_t, std::size_t i) { return i * 0x9e3779b97f4a7c15u; }, false},
    {"many rows a key", [](std::uint64_t r, std::size_t) { return r % 1000; }, false},
    {"one key has 90 %",
     [](std::uint64_t r, std::size_t) { return r % 10 != 0 ? 77 : r * 0x9e3779b97f4a7c15u; }, false},
    {"crowded, with outliers",
     [](std::uint64_t r, std::size_t) { return r % 50 == 0 ? r : (r >> 20) % 300000; }, false},
    {"all equal at first, then distinct", [](std::uint64_t, std::size_t i) { return i < 20000 ? 5 : i; },
     true},
    {"the greatest at first, then distinct",
     [](std::uint64_t, std::size_t i) { return i < 20000 ? ~std::uint64_t{0} : i; }, true},
    {"the greatest has 30 %, the others end below",
     [](std::uint64_t r, std::size_t) { return r % 10 < 3 ? ~std::uint64_t{1} : r >> 1; }, false},
    {"all equal", [](std::uint64_t, std::size_t) { return ~std::uint64_t{0}; }, false},
};

class GroupOverflow : public testing::TestWithParam<shape> {
 protected:
  void SetUp() override {
    std::mt19937_64 random(3);
    for (std::size_t i = 0; i < static_cast<std::size_t>(tests::fewer(400000)); ++i) {
      rows.push_back({GetParam().key(random(), i), random()});
      auto& e = expected[rows.back().key];
      ++e.count;
      e.sum += rows.back().value;
    }
  }

  /// Gives all rows to a grouping of little memory, from many threads.
  std::unique_ptr<host::grouping> grouped(host::stream& s, kept& overflow) {
    auto groups = host::grouping::make(plan);
    groups->limit(256 << 10, &overflow);
    auto sample = sample_of(rows, 31);
    if (GetParam().misled) sample.assign(1000, rows[0].key);
    groups->expect(std::move(sample), {}, static_cast<index_t>(rows.size()));
    s.enqueue([&] {
      constexpr std::size_t pieces = 16;
      s.parallel(pieces, [&](index_t k) {
        auto const at = static_cast<std::size_t>(k);
        take(*groups, rows, rows.size() / pieces * at, rows.size() / pieces * (at + 1));
      });
      groups->spill(s);
    });
    s.sync();
    return groups;
  }

  std::vector<group_row> rows;
  answers expected;
  host::stream s{host::stream_options{.threads = 4}};
};

TEST_P(GroupOverflow, MakesTheSameGroups) {
  kept overflow;
  auto const groups = grouped(s, overflow);
  for (auto const& [range, x] : overflow.ranges) ASSERT_LT(range, groups->ranges());
  answers found;
  finish_ranges(overflow, s, found);
  EXPECT_TRUE(found == expected);

  index_t const all_rows = static_cast<index_t>(rows.size() * sizeof(group_row));
  index_t const spilled =
      overflow.row_count * static_cast<index_t>(sizeof(group_row)) + overflow.record_bytes;
  if (expected.size() == rows.size()) {
    EXPECT_EQ(overflow.record_bytes, 0);
  } else {
    EXPECT_LE(spilled, all_rows + all_rows / 8);
  }
  // sums instead of rows, where that is less
  if (expected.size() < 10000) { EXPECT_LT(spilled, all_rows / 2) << overflow.row_count; }
}

TEST_P(GroupOverflow, PassesRecordsOn) {
  kept first, second;
  static_cast<void>(grouped(s, first));
  auto const again = host::grouping::make(plan);
  again->limit(64 << 10, &second);
  again->expect(sample_of(rows, 31), {}, static_cast<index_t>(rows.size()));
  for (auto const& [number, range] : first.ranges) {
    for (auto const& r : range.runs)
      again->pass_on({r.data(), static_cast<index_t>(r.size()) / record_bytes(plan)});
    take(*again, range.rows, 0, range.rows.size());
  }
  s.enqueue([&] { again->spill(s); });
  s.sync();
  answers found;
  finish_ranges(second, s, found);
  EXPECT_TRUE(found == expected);
}

/// The records of some rows, added up elsewhere.
std::vector<std::byte> packed(host::stream& s, std::vector<group_row> const& rows, std::size_t begin,
                              std::size_t end) {
  auto const groups = host::grouping::make(plan);
  groups->expect({rows[begin].key}, {}, static_cast<index_t>(end - begin));
  take(*groups, rows, begin, end);
  s.enqueue([&] { groups->pack(s); });
  s.sync();
  std::vector<std::byte> all;
  for (auto const& some : groups->record_bytes()) all.insert(all.end(), some.begin(), some.end());
  return all;
}

TEST_P(GroupOverflow, TakesRecords) {
  constexpr std::size_t pieces = 40;
  auto const size = static_cast<std::size_t>(record_bytes(plan));
  for (index_t const bytes : {index_t{256} << 10, index_t{8} << 20, index_t{256} << 20}) {
    kept overflow;
    auto const groups = host::grouping::make(plan);
    groups->limit(bytes, &overflow);
    auto sample = sample_of(rows, 31);
    if (GetParam().misled) sample.assign(1000, rows[0].key);
    groups->expect(std::move(sample), {}, static_cast<index_t>(rows.size()));
    for (std::size_t k = 0; k < pieces; ++k) {
      std::size_t const begin = rows.size() / pieces * k, end = rows.size() / pieces * (k + 1);
      if (k % 4 == 3) {  // beside rows
        take(*groups, rows, begin, end);
        continue;
      }
      auto const records = packed(s, rows, begin, end);
      s.enqueue([&] {
        groups->take_records(s, {records.data(), static_cast<index_t>(records.size() / size)});
      });
      s.sync();
    }
    answers found;
    if (overflow.ranges.empty()) {
      finish(*groups, s, found);
    } else {
      s.enqueue([&] { groups->spill(s); });
      s.sync();
      for (auto const& [number, range] : overflow.ranges)
        for (auto const& run : range.runs)
          for (std::size_t at = size; at < run.size(); at += size) {
            std::uint64_t before, key;
            std::memcpy(&before, run.data() + at - size, sizeof before);
            std::memcpy(&key, run.data() + at, sizeof key);
            ASSERT_LE(before, key) << "a run descends";
          }
      finish_ranges(overflow, s, found);
    }
    EXPECT_TRUE(found == expected) << bytes;
    if (static_cast<index_t>(expected.size() * size) > 8 * bytes) { EXPECT_FALSE(overflow.ranges.empty()); }
    if (bytes > index_t{128} << 20) { EXPECT_TRUE(overflow.ranges.empty()); }
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, GroupOverflow, testing::ValuesIn(shapes),
                         [](auto const& test) { return "shape" + std::to_string(test.index); });

TEST(GroupOverflow, NothingIsGivenAwayWhereThereIsRoom) {
  host::stream s;
  kept overflow;
  auto const groups = host::grouping::make(plan);
  groups->limit(index_t{64} << 20, &overflow);
  std::vector<group_row> rows;
  for (std::uint64_t i = 0; i < 300000; ++i) rows.push_back({i * 0x9e3779b97f4a7c15u, i});
  groups->expect(sample_of(rows, 31), {}, 300000);
  take(*groups, rows, 0, rows.size());
  answers found;
  finish(*groups, s, found);
  EXPECT_TRUE(overflow.ranges.empty());
  ASSERT_EQ(found.size(), rows.size());
  for (auto const& r : rows) ASSERT_EQ(found[r.key], (totals{1, r.value}));
}

}  // namespace
}  // namespace prorata
