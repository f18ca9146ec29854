// Teams of host ranks: shards of one CPU.
#pragma once

#include <gtest/gtest.h>

#include <prorata/host.hpp>
#include <vector>

namespace prorata::conformance {

template <int Ranks, int Threads>
struct host_ranks {
  using stream_type = host::stream;
  static std::vector<host::stream> streams() {
    std::vector<host::stream> all;
    for (int r = 0; r < Ranks; ++r) all.emplace_back(host::stream_options{.threads = Threads});
    return all;
  }
};

using providers = testing::Types<host_ranks<1, 3>, host_ranks<4, 1>, host_ranks<3, 2>>;

}  // namespace prorata::conformance
