// report: the results as a table for people and as JSON for machines.
#pragma once

#include <bench/contest.hpp>
#include <bench/settings.hpp>
#include <functional>
#include <nlohmann/json.hpp>
#include <utility>

namespace prorata::bench {

/// Prints each contest's table when Google Benchmark is done with it, and calls done().
class table : public benchmark::BenchmarkReporter {
 public:
  table(std::vector<contest_result> const& results, std::function<void()> done)
      : results_(results), done_(std::move(done)) {}
  bool ReportContext(Context const&) override;
  void ReportRuns(std::vector<Run> const& runs) override;

 private:
  std::vector<contest_result> const& results_;
  std::function<void()> done_;
};

/// The bars that were measured, those missed first.
void print_bars(std::vector<contest_result> const& results);

/// The header and every number that was measured.
nlohmann::ordered_json report(hall const& h);

}  // namespace prorata::bench
