// Races, planted: what only ThreadSanitizer can see, each beside the same code without it. A GPU orders memory by
// barriers, by __syncwarp, by release and acquire, by fences around atomics, and by streams' events; by nothing
// else.
#include <gtest/gtest.h>
#include <cuda/atomic>

#include <cstdlib>
#include <fstream>
#include <kernels/block.cuh>
#include <kernels/launch.cuh>
#include <kernels/shared_memory.cuh>
#include <prorata/cuda.cuh>
#include <string>

namespace prorata::cuda {
namespace {

__global__ void over_a_barrier_kernel(unsigned* out, bool waits) {
  auto& word = block_shared<unsigned>();
  if (threadIdx.x == 0) word = 7;
  if (waits) __syncthreads();
  if (threadIdx.x == 40) out[0] = word;
}
__global__ void over_a_warp_kernel(unsigned* out, bool waits) {
  out[threadIdx.x] = threadIdx.x;
  waits ? __syncwarp() : static_cast<void>(__any_sync(0xffffffffu, 1));  // a vote orders nothing
  out[64 + threadIdx.x] = out[threadIdx.x ^ 1u];
}
__global__ void from_block_to_block_kernel(unsigned* out, bool releases) {
  using flag = ::cuda::atomic_ref<unsigned, ::cuda::thread_scope_device>;
  if (threadIdx.x != 0) return;
  if (atomicAdd(out, 1u) == 0) {
    out[1] = 7;
    flag(out[2]).store(1, releases ? ::cuda::memory_order_release : ::cuda::memory_order_relaxed);
  } else {
    while (flag(out[2]).load(::cuda::memory_order_acquire) == 0) {}
    out[3] = out[1];
  }
}
/// Each lane stores, one counts for all, the last block reads: the fence belongs behind the meeting of the lanes.
__global__ void last_block_kernel(unsigned* out, bool fence_last) {
  out[64 + 32 * blockIdx.x + threadIdx.x] = 1;
  if (!fence_last) __threadfence();
  __syncwarp();
  if (fence_last) __threadfence();
  bool last = false;
  if (threadIdx.x == 0) last = atomicAdd(out, 1u) == 1;
  last = __any_sync(0xffffffffu, last) != 0;
  __threadfence();
  __syncwarp();
  if (last) out[1 + threadIdx.x] = out[64 + threadIdx.x] + out[96 + threadIdx.x];
}

void run(void (*kernel)(unsigned*, bool), launch_shape shape, bool right) {
  stream s(0);
  auto* const words = static_cast<unsigned*>(s.allocate(1024));
  s.zero(words, 1024);
  launch(kernel, shape, s, words, right);
  s.deallocate(words, 1024);
  s.sync();
  std::exit(0);
}
void run_streams(bool right) {
  stream a(0), b(0);
  auto* const words = static_cast<unsigned*>(a.allocate(1024));
  b.wait(a.record());
  a.zero(words, 1024);
  if (right) b.wait(a.record());
  b.zero(words, 1024);
  a.wait(b.record());
  a.deallocate(words, 1024);
  a.sync();
  std::exit(0);
}
/// The project's own kernels: sums and scans of many blocks.
void run_sums() {
  stream s(0);
  auto* const out = static_cast<std::byte*>(s.allocate(1 << 20));
  reduce_piece(s, ordered<plus<double>>{}, piece{0, 100000, 100000}, archetype::load{}, out);
  reduce_piece(s, order_free<plus<double>>{}, piece{0, 300000, 300000}, archetype::load{}, out + 4096);
  auto* const so_far = reinterpret_cast<running_fold<double>*>(out + 8192);
  s.zero(so_far, sizeof *so_far);
  scan_piece(s, scan_form<plus<double>>{{}, 0, false, false}, piece{0, 50000, 50000}, archetype::load{},
             so_far, reinterpret_cast<double*>(out + 16384));
  s.deallocate(out, 1 << 20);
  s.sync();
  std::exit(0);
}

/// file:line of the n-th line of a source file of the project that has a text.
std::string place_of(std::string const& file, std::string const& text, int n = 1) {
  std::ifstream source(std::string(PRORATA_SOURCE) + "/" + file);
  int number = 0;
  for (std::string line; std::getline(source, line);) {
    ++number;
    if (line.find(text) != std::string::npos && --n == 0) return file + ":" + std::to_string(number);
  }
  ADD_FAILURE() << file << " has no " << text;
  return {};
}

struct races : testing::Test {
  races() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
  void SetUp() override {
#ifndef __SANITIZE_THREAD__
    GTEST_SKIP() << "ThreadSanitizer sees them";
#endif
    set("");
  }
  void TearDown() override { unsetenv("PRORATA_SIMULATED"); }
  static void set(std::string const& more) {
    setenv("PRORATA_SIMULATED", ("resident=4,seed=1" + (more.empty() ? "" : ",without=" + more)).c_str(), 1);
  }
};
using races_DeathTest = races;

testing::ExitedWithCode const clean(0), reported(66);

TEST_F(races_DeathTest, a_missing_barrier) {
  EXPECT_EXIT(run(over_a_barrier_kernel, {1, 64}, true), clean, "");
  EXPECT_EXIT(run(over_a_barrier_kernel, {1, 64}, false), reported, "data race");
}
TEST_F(races_DeathTest, a_missing_meeting_of_lanes) {
  EXPECT_EXIT(run(over_a_warp_kernel, {1, 32}, true), clean, "");
  EXPECT_EXIT(run(over_a_warp_kernel, {1, 32}, false), reported, "data race");
}
TEST_F(races_DeathTest, a_relaxed_publication) {
  EXPECT_EXIT(run(from_block_to_block_kernel, {2, 32}, true), clean, "");
  EXPECT_EXIT(run(from_block_to_block_kernel, {2, 32}, false), reported, "data race");
}
TEST_F(races_DeathTest, a_fence_before_the_meeting_of_lanes) {
  EXPECT_EXIT(run(last_block_kernel, {2, 32}, true), clean, "");
  EXPECT_EXIT(run(last_block_kernel, {2, 32}, false), reported, "data race");
}
TEST_F(races_DeathTest, streams_without_an_event) {
  EXPECT_EXIT(run_streams(true), clean, "");
  EXPECT_EXIT(run_streams(false), reported, "data race");
}
TEST_F(races_DeathTest, the_projects_kernels_without_one_synchronisation) {
  EXPECT_EXIT(run_sums(), clean, "");
  for (std::string const& place :
       {place_of("kernels/block.cuh", "__syncthreads();"), place_of("kernels/block.cuh", "__syncwarp();"),
        place_of("kernels/block.cuh", "__threadfence();", 1),
        place_of("kernels/block.cuh", "__threadfence();", 2),
        place_of("kernels/scan.cuh", "memory_order_release"),
        place_of("kernels/scan.cuh", "memory_order_acquire"),
        place_of("kernels/warp.cuh", "__syncwarp();")}) {
    set(place);
    SCOPED_TRACE(place);
    EXPECT_EXIT(run_sums(), reported, "data race");
  }
}

}  // namespace
}  // namespace prorata::cuda
