// guided_chunks: who takes which chunk, on devices that are played.
#include <gtest/gtest.h>
#include <algorithm>
#include <cmath>
#include <functional>
#include <host/run/guided_chunks.hpp>
#include <numeric>
#include <random>
#include <string>
#include <tests/sanitizers.hpp>
#include <vector>

namespace prorata::host {
namespace {

constexpr index_t n = 100'000 * tile + 77;
constexpr index_t largest = 4096 * tile;

/// What came of a job: when the last device ended, and what each has done.
struct played {
  double makespan = 0;
  std::vector<index_t> elements, chunks;
  std::vector<double> longest;  // seconds of each device's longest chunk
  std::vector<double> ended;
};

/// Plays a job. seconds(device, piece, now) is what a chunk takes that begins then.
played play(std::vector<double> const& guesses,
            std::function<double(std::size_t, piece, double)> const& seconds, index_t elements = n) {
  std::size_t const devices = guesses.size();
  guided_chunks chunks({0, elements, elements}, largest, guesses);
  played out{
      0, std::vector<index_t>(devices), std::vector<index_t>(devices), std::vector<double>(devices), {}};
  std::vector<double> free(devices, 0.0);
  std::vector<bool> left(devices, true);
  index_t at = 0;
  for (;;) {  // whoever is free first takes the next one
    std::size_t k = devices;
    for (std::size_t d = 0; d < devices; ++d)
      if (left[d] && (k == devices || free[d] < free[k])) k = d;
    if (k == devices) break;
    auto const p = chunks.next(static_cast<int>(k));
    if (!p) {
      left[k] = false;
      continue;
    }
    EXPECT_EQ(p->begin, at);
    EXPECT_GT(p->end, p->begin);
    EXPECT_LE(p->end - p->begin, largest + tile);
    EXPECT_TRUE(p->end % tile == 0 || p->end == elements);
    at = p->end;
    double const took = seconds(k, *p, free[k]);
    chunks.did(static_cast<int>(k), p->end - p->begin, took);
    free[k] += took;
    out.elements[k] += p->end - p->begin;
    out.longest[k] = std::max(out.longest[k], took);
    ++out.chunks[k];
    out.makespan = std::max(out.makespan, free[k]);
  }
  EXPECT_EQ(at, elements);
  EXPECT_TRUE(chunks.done());
  out.ended = free;
  return out;
}

std::vector<double> const speeds{1e6, 2e6, 4e6, 8e6};  // elements a second
double const ideal = static_cast<double>(n) / std::accumulate(speeds.begin(), speeds.end(), 0.0);

/// With 5 % noise, and 20 µs to begin and to end a chunk.
auto noisy(unsigned seed) {
  return [random = std::mt19937(seed)](std::size_t k, piece p, double) mutable {
    std::normal_distribution<double> noise(1.0, 0.05);
    return 20e-6 + static_cast<double>(p.end - p.begin) / speeds[k] * std::max(0.5, noise(random));
  };
}

TEST(guided_chunks, wrong_weights_cost_at_most_a_twentieth) {
  for (unsigned seed = 0; seed < tests::rounds(40u); ++seed) {
    std::mt19937 random(seed);
    std::uniform_real_distribution<double> wrong(0.7, 1.3);
    std::vector<double> guesses;
    for (double const s : speeds) guesses.push_back(s * wrong(random));
    EXPECT_GT(ideal / play(guesses, noisy(seed)).makespan, 0.95) << "seed " << seed;
    EXPECT_GT(ideal / play({1, 1, 1, 1}, noisy(seed)).makespan, 0.95) << "seed " << seed << ", equal weights";
    EXPECT_GT(ideal / play({8, 4, 2, 1}, noisy(seed)).makespan, 0.95)
        << "seed " << seed << ", the other way round";
  }
}

TEST(guided_chunks, a_device_that_becomes_slow_loses_what_it_has_not_begun) {
  for (unsigned seed = 0; seed < tests::rounds(40u); ++seed) {
    auto noise = noisy(seed);
    double const moment = ideal * (seed + 1) / 41;
    auto const half = play(speeds, [&](std::size_t k, piece p, double now) {
      return noise(k, p, now) * (k == 3 && now > moment ? 2 : 1);
    });
    // after the moment 11 of 15 parts of the speed are left
    double const best = moment + (ideal - moment) * 15 / 11;
    EXPECT_LT(half.makespan, best * 1.05 + half.longest[3]) << "seed " << seed;
    // one that stands still for ever keeps the chunk that it has, and the others do all else
    bool stands = false;
    auto const still = play(speeds, [&](std::size_t k, piece p, double now) {
      EXPECT_FALSE(k == 2 && stands);
      stands = stands || (k == 2 && now > moment);
      return k == 2 && stands ? 1e9 : noise(k, p, now);
    });
    for (std::size_t const other : {0u, 1u, 3u})
      EXPECT_LT(still.ended[other], best * 1.05 + still.longest[3]) << "seed " << seed;
  }
}

TEST(guided_chunks, who_would_be_the_last_to_end_gets_nothing) {
  auto const as_it_is = [](double slow) {
    return [slow](std::size_t k, piece p, double) {
      return static_cast<double>(p.end - p.begin) / (k == 0 ? slow : 1e9);
    };
  };
  EXPECT_EQ(play({1e2, 1e9}, as_it_is(1e2)).elements, (std::vector<index_t>{0, n}));
  // where nobody knows, it gets one chunk, the least
  auto const guessed = play({1, 1}, as_it_is(1e2));
  EXPECT_EQ(guessed.chunks[0], 1);
  EXPECT_EQ(guessed.elements[0], largest / 64);
}

// Half of its part of what is left, however large the chunks may be.
TEST(guided_chunks, nobody_takes_more_than_half_of_its_part) {
  std::vector<double> const equal(3, 1.0);
  guided_chunks chunks({0, n, n}, n, equal);
  index_t left = n;
  for (int turn = 0; left > 0; ++turn) {
    auto const p = chunks.next(turn % 3);
    ASSERT_TRUE(p);
    index_t const size = p->end - p->begin;
    EXPECT_LE(size, std::max(left / 6, n / 64) + tile) << left;
    chunks.did(turn % 3, size, static_cast<double>(size));
    left -= size;
  }
}

TEST(guided_chunks, weight_zero_gets_nothing) {
  auto const even = [](std::size_t, piece p, double) { return static_cast<double>(p.end - p.begin); };
  EXPECT_EQ(play({0, 1, 0}, even).elements, (std::vector<index_t>{0, n, 0}));
}

TEST(guided_chunks, few_elements_all_find_somebody) {
  auto const even = [](std::size_t, piece p, double) { return static_cast<double>(p.end - p.begin); };
  for (index_t const few : {index_t{1}, tile - 1, tile, tile + 1, 64 * tile, 65 * tile - 1, 1000 * tile})
    for (std::size_t devices = 1; devices < 9; ++devices)
      for (double const last : {1.0, 1e-3, 1e3}) {
        std::vector<double> guesses(devices, 1.0);
        guesses.back() = last;
        auto const all = play(guesses, even, few).elements;
        EXPECT_EQ(std::accumulate(all.begin(), all.end(), index_t{0}), few);
      }
  EXPECT_EQ(play({1, 1}, even, 0).elements, (std::vector<index_t>{0, 0}));
}

TEST(guided_chunks, speeds_that_jump_lose_nothing) {
  for (unsigned seed = 0; seed < tests::rounds(2000u); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    std::uniform_real_distribution<double> jump(-3, 3);
    std::vector<double> guesses(1 + random() % 6, 1.0);
    for (double& g : guesses) g = std::exp(jump(random));
    play(
        guesses, [&](std::size_t, piece, double) { return std::exp(3 * jump(random)); },
        static_cast<index_t>(random() % 1'000'000) + 1);
  }
}

TEST(guided_chunks, one_chunk_in_a_thousand_is_the_least_that_a_fast_device_takes) {
  auto const all =
      play({1, 1}, [](std::size_t, piece p, double) { return static_cast<double>(p.end - p.begin); });
  EXPECT_LT(all.chunks[0] + all.chunks[1], n / largest + 64);  // small at the beginning and at the end alone
}

}  // namespace
}  // namespace prorata::host
