// What the GPU benchmarks share: numbers to work on, a clock, and rows of results.
#pragma once

#include <algorithm>
#include <functional>
#include <kernels/check.hpp>
#include <kernels/stream.hpp>
#include <string>
#include <vector>

namespace prorata::bench {

template <class T>
struct scattered {
  PRORATA_HD T operator()(index_t i) const {
    std::uint64_t h = (static_cast<std::uint64_t>(i) + 1) * 0x9e3779b97f4a7c15u;
    h ^= h >> 31;
    return static_cast<T>(static_cast<double>(static_cast<std::int64_t>(h)) * 0x1p-45);
  }
};

template <class T>
struct array_load {
  T const* data;
  PRORATA_HD T operator()(index_t i) const { return data[i]; }
};

struct row {
  std::string name, type;
  index_t n;
  double bytes;
  double median_us, spread;  // spread: (third quartile − first) / median
  bool right;
};

/// Microseconds of device time of one call, the L2 cache full of something else: median and spread of 25.
class clock {
 public:
  explicit clock(cuda::stream& s) : s_(s), junk_(static_cast<std::byte*>(s.allocate(junk_bytes))) {
    cuda::check(cudaEventCreate(&start_));
    cuda::check(cudaEventCreate(&stop_));
  }
  ~clock() {
    s_.deallocate(junk_, junk_bytes);
    cuda::ignore(cudaEventDestroy(start_));
    cuda::ignore(cudaEventDestroy(stop_));
  }
  row time(std::string name, std::string type, index_t n, double bytes, bool right,
           std::function<void()> const& call) {
    std::vector<double> us;
    for (int k = 0; k < 28; ++k) {
      cuda::check(cudaMemsetAsync(junk_, k, junk_bytes, s_.native()));
      cuda::check(cudaEventRecord(start_, s_.native()));
      call();
      cuda::check(cudaEventRecord(stop_, s_.native()));
      s_.sync();
      float ms = 0;
      cuda::check(cudaEventElapsedTime(&ms, start_, stop_));
      if (k >= 3) us.push_back(ms * 1e3);
    }
    std::sort(us.begin(), us.end());
    double const median = us[us.size() / 2];
    return {name, type, n, bytes, median, (us[us.size() * 3 / 4] - us[us.size() / 4]) / median, right};
  }

 private:
  static constexpr std::size_t junk_bytes = std::size_t{256} << 20;
  cuda::stream& s_;
  std::byte* junk_;
  cudaEvent_t start_ = nullptr, stop_ = nullptr;
};

template <class T>
constexpr char const* type_name = sizeof(T) == 4 ? "f32" : "f64";

/// Scans, selections, histograms and groups beside CUB's, on n elements.
void measure_verbs(std::vector<row>& rows, clock& c, cuda::stream& s, index_t n);

}  // namespace prorata::bench
