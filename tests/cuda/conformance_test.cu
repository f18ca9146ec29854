// The GPU backend, held to what every backend must do.
#include <prorata/cuda.cuh>

#include "../conformance.hpp"

namespace prorata::conformance {

struct gpu_streams {
  using stream_type = cuda::stream;
  /// The first one is not on the current device, where there are two.
  static std::vector<cuda::stream> streams(int count) {
    std::vector<cuda::stream> all;
    int const devices = cuda::device_count();
    for (int k = 0; k < count && devices > 0; ++k) all.emplace_back((k + 1) % devices);
    return all;
  }
};

INSTANTIATE_TYPED_TEST_SUITE_P(gpu, backend_conformance, gpu_streams);

struct index_value {
  PRORATA_HD std::uint64_t operator()(index_t i) const { return static_cast<std::uint64_t>(i); }
};

TEST(large, reduces_more_than_two_to_the_32_elements) {
  if (cuda::device_count() == 0) GTEST_SKIP() << "no GPU on this machine";
  cuda::stream s(0);
  for (index_t n : {(index_t{1} << 31) - 1, (index_t{1} << 31) + 1, (index_t{1} << 32) + 1}) {
    auto* const partial = static_cast<std::byte*>(s.allocate(64));
    using R = order_free<plus<std::uint64_t>>;
    reduce_piece(s, R{}, piece{0, n, n}, index_value{}, partial);
    std::uint64_t sum = 0;
    s.copy(&sum, partial, sizeof sum);
    s.deallocate(partial, 64);
    s.sync();
    auto const m = static_cast<std::uint64_t>(n);
    EXPECT_EQ(sum, m % 2 == 0 ? m / 2 * (m - 1) : (m - 1) / 2 * m);
  }
}

}  // namespace prorata::conformance
