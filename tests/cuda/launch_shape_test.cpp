// How launches are shaped: enough blocks for the work, no more than the device holds at once.
#include <gtest/gtest.h>

#include <kernels/launch_shape.hpp>

namespace prorata {
namespace {

TEST(shape_for, covers_the_work_and_no_more_than_the_device) {
  EXPECT_EQ(cuda::shape_for(0, 1024, 256, 132 * 8).blocks, 1u);
  EXPECT_EQ(cuda::shape_for(1, 1024, 256, 132 * 8).blocks, 1u);
  EXPECT_EQ(cuda::shape_for(1024, 1024, 256, 132 * 8).blocks, 1u);
  EXPECT_EQ(cuda::shape_for(1025, 1024, 256, 132 * 8).blocks, 2u);
  EXPECT_EQ(cuda::shape_for(10'000, 1024, 256, 132 * 8).blocks, 10u);
  EXPECT_EQ(cuda::shape_for(132 * 8 * 1024, 1024, 256, 132 * 8).blocks, 1056u);
  EXPECT_EQ(cuda::shape_for(132 * 8 * 1024 + 1, 1024, 256, 132 * 8).blocks, 1056u);
  for (index_t n : {(index_t{1} << 31) - 1, (index_t{1} << 31) + 1, (index_t{1} << 32) + 1, index_t{1} << 62})
    EXPECT_EQ(cuda::shape_for(n, 1024, 256, 132 * 8).blocks, 1056u) << n;
  EXPECT_EQ(cuda::shape_for(index_t{1} << 62, 1, 32, index_t{1} << 40).blocks, 0x7fffffffu);
}

TEST(shape_for, no_block_is_without_work_and_none_is_missing) {
  for (index_t const per_block : {1, 3, 1024})
    for (index_t work = 1; work < 4000; work += 7) {
      auto const blocks = index_t{cuda::shape_for(work, per_block, 128, 1'000'000).blocks};
      EXPECT_GE(blocks * per_block, work);
      EXPECT_LT((blocks - 1) * per_block, work);
    }
}

TEST(shape_for, passes_threads_and_shared_memory_on) {
  auto const shape = cuda::shape_for(10, 1, 96, 4, 1234);
  EXPECT_EQ(shape.blocks, 4u);
  EXPECT_EQ(shape.threads, 96u);
  EXPECT_EQ(shape.shared_bytes, 1234u);
}

TEST(shape_for, a_tuning_says_how_much_a_block_takes) {
  EXPECT_EQ(cuda::shape_for(10'000, cuda::loop_tuning{256, 8, 4}, 132).blocks, 10u);
  EXPECT_EQ(cuda::shape_for(10'000, cuda::loop_tuning{256, 8, 4}, 132).threads, 256u);
  EXPECT_EQ(cuda::shape_for(index_t{1} << 40, cuda::loop_tuning{128, 3, 2}, 10).blocks, 30u);
}

}  // namespace
}  // namespace prorata
