// latency_histogram: durations, of which any quantile is known within 9 per cent, in fixed memory.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

namespace prorata::events {

/// Eight bins for every power of two, from 2^-30 seconds to 2^10.
class latency_histogram {
 public:
  void add(double seconds) {
    int const bin = static_cast<int>(std::floor((std::log2(std::max(seconds, 1e-12)) + 30) * 8));
    ++counts_[static_cast<std::size_t>(std::clamp(bin, 0, bins - 1))];
    ++total_;
  }

  std::int64_t count() const { return total_; }

  /// The upper end of the bin that holds the q-quantile; 0 of nothing.
  double quantile(double q) const {
    if (total_ == 0) return 0;
    auto left = static_cast<std::int64_t>(std::ceil(q * static_cast<double>(total_)));
    for (int bin = 0; bin < bins; ++bin)
      if ((left -= counts_[static_cast<std::size_t>(bin)]) <= 0) return std::exp2((bin + 1) / 8.0 - 30);
    return std::exp2(10);
  }

 private:
  static constexpr int bins = 40 * 8;
  std::array<std::int64_t, bins> counts_{};
  std::int64_t total_ = 0;
};

}  // namespace prorata::events
