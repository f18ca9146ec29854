// What CUDA errors mean, and what a machine without a GPU says.
#include <gtest/gtest.h>

#include <kernels/device.hpp>
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

TEST(device_count, is_zero_without_a_driver_and_nothing_breaks) {
  cudaError_t const before = cudaPeekAtLastError();  // without a driver, it is that there is none
  int const count = cuda::device_count();
  EXPECT_EQ(cudaPeekAtLastError(), before);  // the question leaves no error behind
  int expected = 0;
  if (cudaGetDeviceCount(&expected) != cudaSuccess) expected = 0;
  (void)cudaGetLastError();
  EXPECT_EQ(count, expected);
  EXPECT_THROW(cuda::describe_device(count), usage_error);
  EXPECT_THROW(cuda::describe_device(-1), usage_error);
  EXPECT_THROW((void)cuda::stream{count}, usage_error);
}

}  // namespace
}  // namespace prorata
