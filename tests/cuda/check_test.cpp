// What CUDA errors mean, how launches are shaped, and what a machine without a GPU says.
#include <gtest/gtest.h>

#include <kernels/device.hpp>
#include <kernels/launch_shape.hpp>
#include <kernels/stream.hpp>

namespace prorata {
namespace {

using cuda::classify;
using cuda::verdict;

TEST(classify, knows_the_errors_that_end_a_process) {
  for (int code : {214, 220, 226, 700, 702, 709, 710, 714, 715, 716, 717, 718, 719, 721, 810, 911})
    EXPECT_EQ(classify(static_cast<cudaError_t>(code), cudaSuccess), verdict::sticky) << code;
  for (int code : {1, 2, 3, 34, 35, 36, 98, 100, 101, 400, 600, 701, 720, 800, 801, 999})
    EXPECT_NE(classify(static_cast<cudaError_t>(code), cudaSuccess), verdict::sticky) << code;
}

TEST(classify, never_takes_a_dead_device_for_a_lack_of_memory) {
  EXPECT_EQ(classify(cudaErrorMemoryAllocation, cudaSuccess), verdict::out_of_memory);
  EXPECT_EQ(classify(cudaErrorMemoryAllocation, cudaErrorMemoryAllocation), verdict::out_of_memory);
  EXPECT_EQ(classify(cudaErrorMemoryAllocation, cudaErrorIllegalAddress), verdict::sticky);
}

TEST(classify, judges_by_the_second_answer) {
  EXPECT_EQ(classify(cudaSuccess, cudaSuccess), verdict::success);
  EXPECT_EQ(classify(cudaErrorInvalidValue, cudaSuccess), verdict::failed);
  EXPECT_EQ(classify(cudaErrorUnknown, cudaErrorUnknown), verdict::sticky) << "not listed, yet it stays";
  EXPECT_EQ(classify(cudaErrorInvalidValue, cudaErrorLaunchFailure), verdict::sticky);
}

TEST(check, names_the_error_and_the_place) {
  try {
    cuda::check(cudaErrorIllegalAddress);
    FAIL();
  } catch (cuda::device_lost const& e) {
    std::string const text = e.what();
    EXPECT_NE(text.find("cudaErrorIllegalAddress"), std::string::npos) << text;
    EXPECT_NE(text.find("check_test.cpp:"), std::string::npos) << text;
  }
}

TEST(shape_for, covers_the_work_and_no_more_than_the_device) {
  EXPECT_EQ(cuda::shape_for(0, 1024, 256, 132 * 8).blocks, 1u);
  EXPECT_EQ(cuda::shape_for(1, 1024, 256, 132 * 8).blocks, 1u);
  EXPECT_EQ(cuda::shape_for(1024, 1024, 256, 132 * 8).blocks, 1u);
  EXPECT_EQ(cuda::shape_for(1025, 1024, 256, 132 * 8).blocks, 2u);
  EXPECT_EQ(cuda::shape_for(10'000, 1024, 256, 132 * 8).blocks, 10u);
  for (index_t n : {(index_t{1} << 31) - 1, (index_t{1} << 31) + 1, (index_t{1} << 32) + 1, index_t{1} << 62})
    EXPECT_EQ(cuda::shape_for(n, 1024, 256, 132 * 8).blocks, 1056u) << n;
  EXPECT_EQ(cuda::shape_for(index_t{1} << 62, 1, 32, index_t{1} << 40).blocks, 0x7fffffffu);
  EXPECT_EQ(cuda::shape_for(10'000, cuda::loop_tuning{256, 8, 4}, 132).blocks, 10u);
}

TEST(device_count, is_zero_without_a_driver_and_nothing_breaks) {
  int const count = cuda::device_count();
  EXPECT_GE(count, 0);
  EXPECT_THROW(cuda::describe_device(count), usage_error);
  EXPECT_THROW(cuda::describe_device(-1), usage_error);
  EXPECT_THROW((void)cuda::stream{count}, usage_error);
}

}  // namespace
}  // namespace prorata
