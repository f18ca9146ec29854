// Kernels and verbs on this GPU against CUB's: every answer is checked before it is timed.
//
// stdout: one JSON object a line, the machine first, then a row as soon as it is measured: what was measured
// before a failure or a deadline is kept. stderr: a table.
#include <bench/gpu/contest.cuh>
#include <cstdio>
#include <cstdlib>
#include <sstream>

namespace prorata::bench {
namespace {

constexpr char const* help =
    "gpu_bench [--sizes 28,24,20,16] [--only folds,verbs,sorts,groups]\n"
    "  --sizes  elements, as powers of two, in the order they are measured\n"
    "  --only   what to measure: folds (with copies and maps), verbs (scan, select, histogram),\n"
    "           sorts (sort, top-k, unique), groups (runs, sums by key, groups)\n"
    "Exit status: 0 all answers right, 1 one was wrong or failed, 2 usage, 77 no GPU\n";

struct suite {
  char const* name;
  void (*run)(bench_case const&);
};
constexpr suite suites[] = {
    {"folds", bench_folds}, {"verbs", bench_verbs}, {"sorts", bench_sorts}, {"groups", bench_groups}};

struct options {
  std::vector<int> sizes{28, 24, 20, 16};
  std::vector<std::string> only;

  bool wants(std::string const& name) const {
    return only.empty() || std::find(only.begin(), only.end(), name) != only.end();
  }
};

std::vector<std::string> list_of(std::string const& text) {
  std::vector<std::string> words;
  std::istringstream in(text);
  for (std::string word; std::getline(in, word, ',');) words.push_back(word);
  return words;
}

options parse(int count, char** words) {
  options o;
  for (int k = 1; k < count; k += 2) {
    std::string const name = words[k];
    require(k + 1 < count, name + " needs a value");
    auto const list = list_of(words[k + 1]);
    if (name == "--sizes") {
      o.sizes.clear();
      for (auto const& word : list) o.sizes.push_back(std::atoi(word.c_str()));
      for (int const size : o.sizes) require(10 <= size && size <= 30, "--sizes: powers from 10 to 30");
    } else {
      require(name == "--only", "no option " + name);
      o.only = list;
      for (auto const& word : list)
        require(std::any_of(std::begin(suites), std::end(suites),
                            [&](suite const& one) { return one.name == word; }),
                "--only: there is no " + word);
    }
  }
  return o;
}

/// Bytes read and written per second, × 1e-9, by the driver's copy of 1 GiB: what rates are compared with.
double copy_rate(cuda::stream& s) {
  double rate = 0;
  clock timer(s, [&](row const& r) { rate = r.bytes / r.median_us * 1e-3; });
  buffer<std::byte, cuda::stream> const from(s, index_t{1} << 30), to(s, index_t{1} << 30);
  cuda::check(cudaMemsetAsync(from.data(), 0x5a, from.bytes(), s.native()));
  timer.time("copy", "", from.size(), 2.0 * static_cast<double>(from.bytes()),
             {{"driver", true, [&] { s.copy(to.data(), from.data(), from.bytes()); }}});
  return rate;
}

void tell_machine(double ceiling) {
  auto const device = cuda::describe_device(0);
  int driver = 0, runtime = 0, clock_khz = 0, memory_khz = 0;
  cuda::check(cudaDriverGetVersion(&driver));
  cuda::check(cudaRuntimeGetVersion(&runtime));
  (void)cudaDeviceGetAttribute(&clock_khz, cudaDevAttrClockRate, 0);
  (void)cudaDeviceGetAttribute(&memory_khz, cudaDevAttrMemoryClockRate, 0);
  std::printf(
      "{\"gpu\": \"%s\", \"pci\": \"%s\", \"multiprocessors\": %d, \"compute\": \"%d.%d\", \"driver\": %d, "
      "\"runtime\": %d, \"cub\": %d, \"clock_khz\": %d, \"memory_clock_khz\": %d, \"copy_gb_per_s\": %.1f}\n",
      device.name.c_str(), device.pci_bus_id.c_str(), device.multiprocessors, device.major, device.minor,
      driver, runtime, CUB_VERSION, clock_khz, memory_khz, ceiling);
  std::fprintf(stderr, "%-16s %-8s %-8s %10s %11s %7s %8s %8s %6s\n", "op", "by", "type", "n", "us", "spread",
               "GB/s", "of copy", "right");
}

void tell(row const& r, double ceiling) {
  double const rate = r.bytes / r.median_us * 1e-3;
  std::printf(
      "{\"op\": \"%s\", \"by\": \"%s\", \"type\": \"%s\", \"n\": %lld, \"us\": %.2f, \"spread\": %.3f, "
      "\"gb_per_s\": %.1f, \"of_copy\": %.3f, \"right\": %s}\n",
      r.op.c_str(), r.by.c_str(), r.type.c_str(), static_cast<long long>(r.n), r.median_us, r.spread, rate,
      rate / ceiling, r.right ? "true" : "false");
  std::fflush(stdout);
  std::fprintf(stderr, "%-16s %-8s %-8s %10lld %11.2f %6.1f%% %8.1f %7.1f%% %6s\n", r.op.c_str(),
               r.by.c_str(), r.type.c_str(), static_cast<long long>(r.n), r.median_us, 100 * r.spread, rate,
               100 * rate / ceiling, r.right ? "yes" : "WRONG");
}

int run(options const& o) {
  std::vector<cuda::stream> gpu;
  gpu.emplace_back(0);
  std::vector<host::stream> cpu;
  cpu.emplace_back();
  team<cuda::stream> const gpu_team(std::move(gpu));
  team<host::stream> const host_team(std::move(cpu));
  auto& s = gpu_team.streams().front();
  double const ceiling = copy_rate(s);
  tell_machine(ceiling);
  bool all_right = true;
  clock timer(s, [&](row const& r) {
    tell(r, ceiling);
    all_right = all_right && r.right;
  });
  for (int const size : o.sizes)
    for (suite const& one : suites) {
      if (!o.wants(one.name)) continue;
      try {
        one.run({timer, gpu_team, host_team, index_t{1} << size});
      } catch (std::exception const& e) {
        std::fprintf(stderr, "FAILED: %s of 2^%d: %s\n", one.name, size, e.what());
        all_right = false;
      }
    }
  return all_right ? 0 : 1;
}

int run_gpu_bench(int count, char** words) {
  if (count > 1 && (std::string(words[1]) == "--help" || std::string(words[1]) == "-h")) {
    std::fputs(help, stdout);
    return 0;
  }
  try {
    auto const o = parse(count, words);
    if (cuda::device_count() == 0) {
      std::fprintf(stderr, "no GPU on this machine\n");
      return 77;
    }
    return run(o);
  } catch (usage_error const& e) {
    std::fprintf(stderr, "gpu_bench: %s\n%s", e.what(), help);
    return 2;
  } catch (std::exception const& e) {
    std::fprintf(stderr, "gpu_bench: %s\n", e.what());
    return 1;
  }
}

}  // namespace
}  // namespace prorata::bench

int main(int count, char** words) { return prorata::bench::run_gpu_bench(count, words); }
