// Data by way of the disk: it comes back as it went, and its place is given back.
#include <gtest/gtest.h>

#include <host/io/spill.hpp>
#include <map>
#include <prorata/error.hpp>
#include <random>

#include "system_faults.hpp"
#include "temporary_directory.hpp"

namespace {

using namespace prorata;
using namespace prorata::io;
namespace fs = std::filesystem;

class spilled : public testing::TestWithParam<temporary_kind> {};
INSTANTIATE_TEST_SUITE_P(temporaries, spilled,
                         testing::Values(temporary_kind::unnamed, temporary_kind::named),
                         [](auto const& info) {
                           return info.param == temporary_kind::named ? "named" : "unnamed";
                         });

/// Appends pieces of all sizes to ranges at random, and keeps what each was given.
std::map<int, std::string> fill(spill& disk, int ranges, int pieces, std::size_t largest) {
  std::map<int, std::string> given;
  std::mt19937 random(7);
  for (int k = 0; k < pieces; ++k) {
    int const range = static_cast<int>(random() % static_cast<unsigned>(ranges));
    std::string piece(random() % largest, '\0');
    for (char& c : piece) c = static_cast<char>(random());
    disk.append(range, std::as_bytes(std::span(piece)));
    given[range] += piece;
  }
  return given;
}

void expect_all(spill const& disk, std::map<int, std::string> const& given, std::size_t step) {
  for (auto const& [range, text] : given) {
    ASSERT_EQ(disk.bytes(range), static_cast<index_t>(text.size()));
    for (std::size_t at = 0; at < text.size(); at += step) {
      std::string got(std::min(step + 3, text.size() - at), '?');
      disk.read(range, static_cast<index_t>(at), std::as_writable_bytes(std::span(got)));
      ASSERT_TRUE(got == text.substr(at, got.size())) << range << ' ' << at;
    }
  }
}

TEST_P(spilled, comes_back_across_pieces_short_calls_and_interruptions) {
  temporary_directory const dir;
  spill disk(dir.path().string(), 5, 0, GetParam());
  EXPECT_TRUE(fs::is_empty(dir.path())) << "a killed process would leave it";
  for (bool const rough : {false, true}) {
    spill some(dir.path().string(), 5, 0, GetParam());
    system_faults::rough = rough;
    auto const given = fill(some, 4, 60, 200);
    EXPECT_EQ(some.bytes(4), 0);
    for (std::size_t const step : {1, 7, 64, 10000}) expect_all(some, given, step);
    system_faults::rough = false;
  }
}

TEST_P(spilled, a_forgotten_range_gives_its_place_back_and_leaves_the_others) {
  temporary_directory const dir;
  spill disk(dir.path().string(), 3, 0, GetParam());
  auto given = fill(disk, 3, 300, 100'000);
  index_t const before = disk.disk_bytes();
  disk.forget(1);
  given.erase(1);
  EXPECT_EQ(disk.bytes(1), 0);
  expect_all(disk, given, 10'000);
  EXPECT_LT(disk.disk_bytes(), before * 3 / 4);
}

TEST(spill, what_the_disk_has_no_room_for_is_refused_at_once) {
  temporary_directory const dir;
  EXPECT_THROW(spill(dir.path().string(), 1, index_t{1} << 60), out_of_memory);
  EXPECT_NO_THROW(spill(dir.path().string(), 1, 1 << 20));
  EXPECT_THROW(spill((dir / "nowhere").string()), usage_error);
}

TEST_P(spilled, a_disk_that_fails_is_said) {
  temporary_directory const dir;
  spill disk(dir.path().string(), 1, 0, GetParam());
  std::byte some[100] = {};
  disk.append(0, some);
  for (int const reason : {EIO, ENOSPC}) {
    system_faults::fail_with = reason;
    system_faults::fail_at = 0;
    if (reason == EIO) {
      EXPECT_THROW(disk.read(0, 0, some), device_error);
    } else {
      EXPECT_THROW(disk.append(0, some), out_of_memory);
    }
    system_faults::fail_at = -1;
  }
}

}  // namespace
