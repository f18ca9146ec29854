// contest: one task, contestants that take turns at it on the same memory, and what their times say.
#pragma once

#include <benchmark/benchmark.h>

#include <chrono>
#include <functional>
#include <optional>
#include <prorata/config.hpp>
#include <string>
#include <utility>
#include <vector>

namespace prorata::bench {

/// peer: another library, to be matched. yardstick: something else to compare with. ceiling: the plainest
/// code that moves the same bytes.
enum class role { ours, peer, yardstick, ceiling };

/// What a check says of an answer; the error is relative to what the task can expect.
struct verdict {
  bool right;
  double error = 0;
};

struct contestant {
  std::string name;
  role part;
  std::function<verdict()> check;  ///< does the work once and judges the answer
  std::function<double()> time;    ///< does the work once; seconds
};

/// Our speed is to be at least `least` times that of a contestant, named or the fastest of the peers.
struct bar {
  static constexpr char const* fastest_peer = "fastest peer";
  std::string against;
  double least;
};

/// A task. contestants[0] is ours.
struct contest {
  index_t bytes;  ///< that must be read and written; GB/s divide by them
  std::vector<contestant> contestants;
  std::vector<bar> bars;
};

/// Times of one contestant, in seconds, over all rounds.
struct outcome {
  std::string name;
  role part;
  verdict judged;
  double median = 0, lower_quartile = 0, upper_quartile = 0;
  double ratio = 0;  ///< how many times as fast as this one we are: median of the rounds' own ratios
};

struct bar_outcome {
  std::string against;
  double least, reached;
};

struct contest_result {
  std::string name;
  index_t bytes;
  int rounds;
  std::vector<outcome> outcomes;
  std::vector<bar_outcome> bars;

  double gigabytes_per_second(outcome const& o) const { return static_cast<double>(bytes) / o.median / 1e9; }
  outcome const* ceiling() const;
};

/// Seconds that f() takes, and letting go of what it returns.
template <class F>
double seconds_of(F const& f) {
  auto const start = std::chrono::steady_clock::now();
  if constexpr (std::is_void_v<decltype(f())>) {
    f();
    benchmark::ClobberMemory();
  } else {
    auto result = f();
    benchmark::DoNotOptimize(result);
  }
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// Makes a contestant from work() and judge(its result); for work that returns nothing, from work() and
/// judge(). What prepare() does before each turn is not timed.
template <class Prepare, class Work, class Judge>
contestant entry(std::string name, role part, Prepare prepare, Work work, Judge judge) {
  auto const check = [=] {
    prepare();
    if constexpr (std::is_void_v<decltype(work())>) {
      work();
      return verdict{judge()};
    } else {
      return verdict{judge(work())};
    }
  };
  auto const time = [=] {
    prepare();
    return seconds_of(work);
  };
  return {std::move(name), part, check, time};
}
template <class Work, class Judge>
contestant entry(std::string name, role part, Work work, Judge judge) {
  return entry(
      std::move(name), part, [] {}, std::move(work), std::move(judge));
}

/// Checks every answer, then lets the contestants take turns, once a round, each round beginning with
/// another. Those whose answer is wrong are not timed.
contest_result hold(std::string name, contest const& c, benchmark::State& state);

/// Registers a contest with Google Benchmark; `make` is called when its turn comes. One iteration is a round.
void add_contest(std::string name, int rounds, std::function<contest()> make,
                 std::vector<contest_result>& results);

}  // namespace prorata::bench
