// A GPU and the CPU in one team, held to what every backend must do. Without a GPU: the CPU twice, through
// the same code.
#include <prorata/mixed.cuh>

#include "../conformance.hpp"

namespace prorata::conformance {

/// A GPU first, and then the CPU; where there is no GPU, the CPU twice.
struct mixed_streams {
  using stream_type = mixed::stream;
  static std::vector<mixed::stream> streams(int count) {
    std::vector<mixed::stream> all;
    if (cuda::device_count() > 0) all.emplace_back(cuda::stream(0));
    while (static_cast<int>(all.size()) < count) all.emplace_back(host::stream());
    return all;
  }
};

INSTANTIATE_TYPED_TEST_SUITE_P(mixed, backend_conformance, mixed_streams);

}  // namespace prorata::conformance
