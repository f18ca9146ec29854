// Compiling kernels at run time, which needs NVRTC but no GPU.
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <host/expression/cuda_source.hpp>
#include <kernels/nvrtc.hpp>
#include <prorata/error.hpp>

namespace prorata {
namespace {

char const scale[] =
    "extern \"C\" __global__ void scale(float* x, long long n) {\n"
    "  for (long long i = blockIdx.x * 256ll + threadIdx.x; i < n; i += gridDim.x * 256ll)\n"
    "    x[i] = x[i] * 2.0f + 1.0f;\n}\n";

bool is_elf(std::vector<char> const& bytes) {
  return bytes.size() > 4 && std::memcmp(bytes.data(),
                                         "\x7f"
                                         "ELF",
                                         4) == 0;
}

TEST(compile_cubin, makes_machine_code_without_a_gpu) {
  EXPECT_TRUE(is_elf(cuda::compile_cubin(scale, 9, 0)));
  EXPECT_TRUE(is_elf(cuda::compile_cubin(scale, 8, 0, expression::cuda_options)));
}

TEST(compile_cubin, shows_the_compilers_words) {
  try {
    cuda::compile_cubin("__global__ void f() { nonsense; }", 9, 0);
    FAIL() << "nonsense was compiled";
  } catch (device_error const& e) {
    EXPECT_NE(std::string(e.what()).find("nonsense"), std::string::npos) << e.what();
  }
}

TEST(compile_cubin, says_how_to_find_a_missing_library) {
  setenv("PRORATA_NVRTC", "/nowhere/libnvrtc.so", 1);
  try {
    cuda::compile_cubin(scale, 9, 0);
    FAIL() << "a missing library was found";
  } catch (device_error const& e) {
    EXPECT_NE(std::string(e.what()).find("PRORATA_NVRTC"), std::string::npos) << e.what();
  }
  unsetenv("PRORATA_NVRTC");
}

TEST(kernel_cache, compiles_once_per_source_architecture_and_options) {
  cuda::kernel_cache cache;
  auto const& first = cache.cubin(scale, 9, 0);
  EXPECT_EQ(&first, &cache.cubin(scale, 9, 0));
  EXPECT_EQ(cache.size(), 1u);
  cache.cubin(scale, 8, 0);
  cache.cubin(scale, 9, 0, expression::cuda_options);
  EXPECT_EQ(cache.size(), 3u);
}

}  // namespace
}  // namespace prorata
