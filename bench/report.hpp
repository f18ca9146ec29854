// report: the results as a table for people and as JSON for machines.
#pragma once

#include <bench/contest.hpp>
#include <bench/settings.hpp>
#include <nlohmann/json.hpp>

namespace prorata::bench {

/// Prints each contest's table when Google Benchmark is done with it.
class table : public benchmark::BenchmarkReporter {
 public:
  explicit table(std::vector<contest_result> const& results) : results_(results) {}
  bool ReportContext(Context const&) override;
  void ReportRuns(std::vector<Run> const& runs) override;

 private:
  std::vector<contest_result> const& results_;
};

/// The bars that were measured, those missed first.
void print_bars(std::vector<contest_result> const& results);

/// The header and every number that was measured.
nlohmann::ordered_json report(hall const& h);

}  // namespace prorata::bench
