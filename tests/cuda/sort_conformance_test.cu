// Sorting where a GPU and the CPU are one kind of stream: on the GPU, or on the CPU through the same code.
#include <prorata/mixed.cuh>

#include "../sort_conformance.hpp"

namespace prorata::conformance {

struct mixed_streams {
  using stream_type = mixed::stream;
  static std::vector<mixed::stream> streams(int) {
    std::vector<mixed::stream> one;
    if (cuda::device_count() > 0) {
      one.emplace_back(cuda::stream(0));
    } else {
      one.emplace_back(host::stream());
    }
    return one;
  }
};

INSTANTIATE_TYPED_TEST_SUITE_P(mixed, sort_conformance, mixed_streams);

}  // namespace prorata::conformance
