// The clock of the GPU benchmarks.
#include <bench/gpu/contest.cuh>

namespace prorata::bench {

namespace {
constexpr index_t junk_bytes = index_t{256} << 20;
constexpr int warm_ups = 3, rounds = 25;
}  // namespace

clock::clock(cuda::stream& s, std::function<void(row const&)> tell)
    : s_(s), tell_(std::move(tell)), junk_(s, junk_bytes) {
  cuda::check(cudaEventCreate(&start_));
  cuda::check(cudaEventCreate(&stop_));
}

clock::~clock() {
  cuda::ignore(cudaEventDestroy(start_));
  cuda::ignore(cudaEventDestroy(stop_));
}

void clock::time(std::string const& op, std::string const& type, index_t n, double bytes,
                 std::vector<contender> const& contenders) {
  std::vector<std::vector<double>> us(contenders.size());
  for (int round = 0; round < warm_ups + rounds; ++round)
    for (std::size_t k = 0; k < contenders.size(); ++k) {
      contenders[k].prepare();
      cuda::check(cudaMemsetAsync(junk_.data(), round, junk_.bytes(), s_.native()));
      cuda::check(cudaEventRecord(start_, s_.native()));
      contenders[k].call();
      cuda::check(cudaEventRecord(stop_, s_.native()));
      s_.sync();
      float ms = 0;
      cuda::check(cudaEventElapsedTime(&ms, start_, stop_));
      if (round >= warm_ups) us[k].push_back(static_cast<double>(ms) * 1e3);
    }
  for (std::size_t k = 0; k < contenders.size(); ++k) {
    auto& all = us[k];
    std::sort(all.begin(), all.end());
    double const median = all[all.size() / 2];
    tell_({op, contenders[k].by, type, n, bytes, median,
           (all[all.size() * 3 / 4] - all[all.size() / 4]) / median, contenders[k].right});
  }
}

}  // namespace prorata::bench
