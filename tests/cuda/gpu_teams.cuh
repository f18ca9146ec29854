// Teams with GPUs: one, four shards of one, and GPU and CPU together.
#pragma once

#include <gtest/gtest.h>

#include <prorata/mixed.cuh>
#include <vector>

namespace prorata::conformance {

template <int Shards>
struct gpu_shards {
  using stream_type = cuda::stream;
  static std::vector<cuda::stream> streams() {
    std::vector<cuda::stream> all;
    for (int k = 0; k < Shards && cuda::device_count() > 0; ++k) all.emplace_back(0);
    return all;
  }
  static index_t large(index_t n) { return n; }
  static team<cuda::stream> devices() { return team<cuda::stream>(streams()); }
};

/// Where there is no GPU, CPUs only, through the same code.
struct gpu_and_cpu {
  using stream_type = mixed::stream;
  static std::vector<mixed::stream> streams() {
    std::vector<mixed::stream> all;
    for (int k = 0; k < 3; ++k) {
      if (k != 1 && cuda::device_count() > 0) {
        all.emplace_back(cuda::stream(0));
      } else {
        all.emplace_back(host::stream(host::stream_options{.threads = 2}));
      }
    }
    return all;
  }
  static index_t large(index_t n) { return n; }
  static team<mixed::stream> devices() { return team<mixed::stream>(streams()); }
};

using providers = testing::Types<gpu_shards<1>, gpu_shards<4>, gpu_and_cpu>;

}  // namespace prorata::conformance
