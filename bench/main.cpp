// prorata-bench: every verb against its peers, on the same memory, in turns.
#include <CLI/CLI.hpp>
#include <bench/machine.hpp>
#include <bench/report.hpp>
#include <cstdio>
#include <fstream>

namespace {

using namespace prorata::bench;

void add_options(CLI::App& app, settings& s, std::string& json) {
  app.add_option("--size", s.bytes, "bytes of one array, such as 1GiB; three are made")
      ->transform(CLI::AsSizeValue(false))
      ->check(CLI::Range(1 << 13, std::numeric_limits<int>::max()))
      ->capture_default_str();
  app.add_option("--rounds", s.rounds, "how often each contestant runs")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_option("--seed", s.seed, "of the numbers")->capture_default_str();
  app.add_option("--folder", s.folder, "where a file of --size may be written")->capture_default_str();
  app.add_option("--json", json, "writes the report there");
  app.add_flag("--spoil", s.spoil, "changes numbers behind the checks' backs; every one must refuse");
  app.footer(
      "Google Benchmark's own options work too: --benchmark_filter=reduce, --benchmark_list_tests=true");
  app.allow_extras();
}

/// Whole or not at all.
void write_report(hall const& h, std::string const& path) {
  std::string const part = path + ".part";
  std::ofstream file(part);
  file << report(h).dump(2) << '\n';
  file.close();
  if (!file || std::rename(part.c_str(), path.c_str()) != 0)
    throw prorata::error(path + ": cannot write the report");
}

int run(int argc, char** argv) {
  CLI::App app("prorata and its peers, side by side", "prorata-bench");
  settings told;
  std::string json;
  add_options(app, told, json);
  CLI11_PARSE(app, argc, argv);
  std::vector<std::string> rest = app.remaining();
  std::vector<char*> words{argv[0]};
  for (auto& word : rest) words.push_back(word.data());
  int count = static_cast<int>(words.size());
  benchmark::Initialize(&count, words.data());
  if (benchmark::ReportUnrecognizedArguments(count, words.data())) return 2;

  hall h(told);
  if (!h.python) std::fprintf(stderr, "prorata-bench: NumPy was not found; its contests are left out\n");
  if (h.load_before > 0.5)
    std::fprintf(stderr, "prorata-bench: %.1f other tasks are running; trust the ratios, not the times\n",
                 load());
  add_ceilings(h);
  add_reductions(h);
  add_transforms(h);
  add_writes(h);
  add_exact(h);
  add_scans(h);
  add_sorts(h);
  add_pairs(h);
  add_merges(h);
  add_runs(h);
  add_out_of_core(h);
  add_histograms(h);
  add_groups(h);
  add_selections(h);
  add_uniques(h);
  add_weights(h);
  add_costs(h);
  add_sharing(h);
  add_exchanges(h);
  add_hash_maps(h);
  add_streams(h);
  table print(h.results, [&] {
    if (!json.empty())
      write_report(h, json);  // after each contest: a run that is cut short leaves the others'
  });
  benchmark::RunSpecifiedBenchmarks(&print);
  if (h.results.empty()) return 0;  // a list was asked for, or a filter that nothing matches
  print_bars(h.results);

  bool right = true;
  for (auto const& r : h.results) right = right && r.outcomes.front().judged.right;
  return right ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (std::exception const& e) {
    std::fprintf(stderr, "prorata-bench: %s\n", e.what());
    return 1;
  }
}
