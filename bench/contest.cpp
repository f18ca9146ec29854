// The measuring loop: answers first, then rounds in which every contestant runs once.
#include <algorithm>
#include <bench/contest.hpp>
#include <thread>

namespace prorata::bench {
namespace {

/// Idle threads of OpenMP and TBB spin for a while before they sleep; the next contestant wants their cores.
constexpr auto settling_time = std::chrono::milliseconds(20);

double quantile(std::vector<double> values, double q) {
  std::sort(values.begin(), values.end());
  double const place = q * static_cast<double>(values.size() - 1);
  auto const below = static_cast<std::size_t>(place);
  auto const above = std::min(below + 1, values.size() - 1);
  return values[below] + (place - static_cast<double>(below)) * (values[above] - values[below]);
}

std::optional<bar_outcome> judge(bar const& b, std::vector<outcome> const& outcomes) {
  outcome const* rival = nullptr;
  for (auto const& o : outcomes) {
    bool const meant = b.against == bar::fastest_peer ? o.part == role::peer : o.name == b.against;
    if (meant && o.judged.right && (rival == nullptr || o.median < rival->median)) rival = &o;
  }
  if (rival == nullptr || !outcomes.front().judged.right) return {};
  std::string against = b.against == bar::fastest_peer ? b.against + " (" + rival->name + ")" : b.against;
  return bar_outcome{std::move(against), b.least, rival->ratio};
}

}  // namespace

outcome const* contest_result::ceiling() const {
  for (auto const& o : outcomes)
    if (o.part == role::ceiling && o.judged.right) return &o;
  return nullptr;
}

contest_result hold(std::string name, contest const& c, benchmark::State& state) {
  std::size_t const count = c.contestants.size();
  contest_result result{std::move(name), c.bytes, 0, {}, {}};
  for (auto const& who : c.contestants) result.outcomes.push_back({who.name, who.part, who.check()});

  std::vector<std::vector<double>> seconds(count);
  for (auto _ : state) {
    for (std::size_t turn = 0; turn < count; ++turn) {
      std::size_t const k = (turn + static_cast<std::size_t>(result.rounds)) % count;
      if (!result.outcomes[k].judged.right) continue;
      std::this_thread::sleep_for(settling_time);
      seconds[k].push_back(c.contestants[k].time());
    }
    ++result.rounds;
    state.SetIterationTime(seconds[0].empty() ? 0.0 : seconds[0].back());
  }

  for (std::size_t k = 0; k < count; ++k) {
    auto& o = result.outcomes[k];
    if (seconds[k].empty()) continue;
    o.median = quantile(seconds[k], 0.5);
    o.lower_quartile = quantile(seconds[k], 0.25);
    o.upper_quartile = quantile(seconds[k], 0.75);
    if (seconds[0].empty()) continue;
    std::vector<double> ratios;
    for (std::size_t r = 0; r < seconds[k].size(); ++r) ratios.push_back(seconds[k][r] / seconds[0][r]);
    o.ratio = quantile(ratios, 0.5);
    state.counters[o.name + " GB/s"] = result.gigabytes_per_second(o);
    state.counters["ratio to " + o.name] = o.ratio;
  }
  for (auto const& b : c.bars)
    if (auto const judged = judge(b, result.outcomes)) result.bars.push_back(*judged);
  return result;
}

void add_contest(std::string name, int rounds, std::function<contest()> make,
                 std::vector<contest_result>& results) {
  auto const run = [=, &results](benchmark::State& state) {
    results.push_back(hold(name, make(), state));
    if (!results.back().outcomes.front().judged.right) state.SkipWithError("our answer is wrong");
  };
  benchmark::RegisterBenchmark(name.c_str(), run)
      ->Iterations(rounds)
      ->UseManualTime()
      ->Unit(benchmark::kMillisecond);
}

}  // namespace prorata::bench
