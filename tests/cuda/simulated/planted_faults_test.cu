// Faults, planted: kernels and launchers that are wrong, each of which the simulated GPU must name.
#include <gtest/gtest.h>

#include <cstdlib>
#include <cuda/atomic>
#include <kernels/device.hpp>
#include <kernels/launch.cuh>
#include <kernels/shared_memory.cuh>
#include <kernels/stream.hpp>
#include <optional>
#include <prorata/error.hpp>
#include <vector>

#include "census.hpp"

namespace prorata::cuda {
namespace {

// ---- what threads do together --------------------------------------------------------------------------

struct planted_faults : testing::Test {
  planted_faults() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
  void TearDown() override { unsetenv("PRORATA_SIMULATED"); }

  /// Of the processes that the death tests to come start.
  static void set(char const* settings) { setenv("PRORATA_SIMULATED", settings, 1); }

  /// Runs a kernel of one block on 256 zeroed words.
  template <class... Parameters, class... Arguments>
  static void run(void (*kernel)(Parameters...), unsigned threads, Arguments... arguments) {
    stream s(0);
    auto* const words = static_cast<unsigned*>(s.allocate(1024));
    s.zero(words, 1024);
    launch(kernel, {1, threads}, s, words, arguments...);
    s.deallocate(words, 1024);
    s.sync();
  }
};

__global__ void two_barriers_kernel(unsigned* out) {
  out[threadIdx.x] = static_cast<unsigned>(threadIdx.x < 32 ? __syncthreads_or(1) : __syncthreads_count(1));
}
__global__ void two_votes_kernel(unsigned* out) {
  if (threadIdx.x < 16) {
    out[threadIdx.x] = __ballot_sync(0xffffffffu, 1);
  } else {
    out[threadIdx.x] = __ballot_sync(0xffffffffu, 1);
  }
}
__global__ void half_a_warp_kernel(unsigned* out) {
  if (threadIdx.x < 16) out[threadIdx.x] = __ballot_sync(0xffffffffu, 1);
  __syncthreads();
}
__global__ void another_lane_kernel(unsigned* out) { out[threadIdx.x] = __ballot_sync(2u, 1); }
__global__ void absent_lane_kernel(unsigned* out) {
  if (threadIdx.x >= 16) return;
  out[threadIdx.x] = __shfl_sync(0xffffffffu, threadIdx.x, 31);
}
__global__ void too_much_shared_kernel(unsigned* out) {
  struct large {
    unsigned at[13 * 1024];
  };
  out[threadIdx.x] = block_shared<large>().at[threadIdx.x];
}

using planted_faults_DeathTest = planted_faults;

TEST_F(planted_faults_DeathTest, threads_at_different_barriers) {
  EXPECT_DEATH(run(two_barriers_kernel, 64),
               "threads of a block are at different barriers: .*two_barriers_kernel");
}
TEST_F(planted_faults_DeathTest, lanes_at_different_collectives) {
  EXPECT_DEATH(run(two_votes_kernel, 32), "lanes of a warp are at different collectives: .*two_votes_kernel");
}
TEST_F(planted_faults_DeathTest, lanes_that_wait_for_lanes_at_a_barrier) {
  EXPECT_DEATH(run(half_a_warp_kernel, 32), "threads wait for what never comes.*16 of 32 lanes at");
}
TEST_F(planted_faults_DeathTest, a_lane_outside_its_mask) {
  EXPECT_DEATH(run(another_lane_kernel, 32), "a lane outside its own mask");
}
TEST_F(planted_faults_DeathTest, a_shuffle_from_a_lane_that_has_ended) {
  EXPECT_DEATH(run(absent_lane_kernel, 32), "a shuffle reads lane 31, which is not there");
}
TEST_F(planted_faults_DeathTest, too_much_shared_memory) {
  EXPECT_DEATH(run(too_much_shared_kernel, 32), "shared memory exceeds 48 KiB");
}

/// Every block waits for the one before it: right only if lower blocks begin first.
__global__ void chain_kernel(unsigned* words, bool by_ticket) {
  auto& number = block_shared<unsigned>();
  if (threadIdx.x == 0) number = by_ticket ? atomicAdd(words + 200, 1u) : blockIdx.x + 0u;
  __syncthreads();
  using flag = ::cuda::atomic_ref<unsigned, ::cuda::thread_scope_device>;
  if (threadIdx.x != 0) return;
  while (number > 0 && flag(words[number - 1]).load(::cuda::memory_order_acquire) == 0) {}
  flag(words[number]).store(1, ::cuda::memory_order_release);
}
void run_chain(bool by_ticket) {
  stream s(0);
  auto* const words = static_cast<unsigned*>(s.allocate(1024));
  s.zero(words, 1024);
  launch(chain_kernel, {100, 32}, s, words, by_ticket);
  unsigned last = 0;
  s.copy(&last, words + 99, sizeof last);
  s.deallocate(words, 1024);
  s.sync();
  EXPECT_EQ(last, 1u);
}
TEST_F(planted_faults_DeathTest, blocks_that_count_on_the_order_they_begin_in) {
  for (char const* const order : {"resident=1,admission=1", "resident=3,admission=2"}) {
    set(order);
    EXPECT_DEATH(run_chain(false), "no progress: .*chain_kernel");
  }
}
TEST_F(planted_faults, tickets_count_on_no_order) { run_chain(true); }

// ---- memory --------------------------------------------------------------------------------------------

__global__ void write_kernel(unsigned* out, index_t at) { out[at] = 1; }

TEST_F(planted_faults_DeathTest, the_host_reads_device_memory) {
  auto const read = [] {
    stream s(0);
    auto* const word = static_cast<unsigned volatile*>(s.allocate(4));
    s.sync();
    return *word;
  };
  EXPECT_DEATH((void)read(), "the host touched memory of device 0|AddressSanitizer");
}
TEST_F(planted_faults_DeathTest, a_kernel_writes_beside_its_memory) {
  for (index_t const at : {index_t{-1}, index_t{256}})
    EXPECT_DEATH(run(write_kernel, 1, at), "something was written beside 1024 bytes|use-after-poison");
}
TEST_F(planted_faults_DeathTest, memory_is_used_after_it_was_given_back) {
  auto const copy_after = [] {
    stream s(0);
    void* const memory = s.allocate(64);
    s.deallocate(memory, 64);
    unsigned word = 0;
    s.copy(&word, memory, 4);
    s.sync();
  };
  EXPECT_DEATH(copy_after(), "a copy reads: device memory that is not allocated at that point");
}
TEST_F(planted_faults_DeathTest, memory_is_given_back_twice) {
  auto const twice = [] {
    stream s(0);
    void* const memory = s.allocate(64);
    s.deallocate(memory, 64);
    s.deallocate(memory, 64);
  };
  EXPECT_DEATH(twice(), "not allocated, or freed twice");
}
TEST_F(planted_faults_DeathTest, a_copy_goes_beyond_the_end) {
  auto const beyond = [] {
    stream s(0);
    std::vector<char> from(65);
    s.copy(s.allocate(64), from.data(), 65);
    s.sync();
  };
  EXPECT_DEATH(beyond(), "a copy writes: beyond the end of device memory");
}
TEST_F(planted_faults_DeathTest, a_kernel_reaches_another_device) {
  auto const reach = [] {
    stream here(0), there(1);
    auto* const word = static_cast<unsigned*>(there.allocate(4));
    there.sync();
    launch(write_kernel, {1, 1}, here, word, index_t{0});
    here.sync();
  };
  set("devices=2,peers=0");
  EXPECT_DEATH(reach(), "closed to it: .*write_kernel|memory of device 1|AddressSanitizer");
  set("devices=2");
  EXPECT_EXIT((reach(), std::exit(0)), testing::ExitedWithCode(0), "");
}

__global__ void keep_shared_kernel(unsigned* out) {
  out[threadIdx.x] = block_shared<unsigned>() + dynamic_shared<unsigned>()[threadIdx.x];
}
TEST_F(planted_faults, nobody_finds_zeros_in_memory_that_was_not_written) {
  stream s(0);
  auto* const words = static_cast<unsigned*>(s.allocate(64));
  std::vector<unsigned> fresh(16), shared(16);
  for (std::size_t k = 0; k < 16; ++k) s.copy(&fresh[k], words + k, 4);  // 8 bytes would be refused
  launch(keep_shared_kernel, {1, 16, 64}, s, words);
  s.copy(shared.data(), words, 64);
  s.deallocate(words, 64);
  s.sync();
  EXPECT_EQ(fresh, std::vector<unsigned>(16, 0xcdcdcdcdu));
  EXPECT_EQ(shared, std::vector<unsigned>(16, 2 * 0xa5a5a5a5u));
}
TEST_F(planted_faults, a_device_has_only_so_much_memory) {
  stream s(0), limited(stream_options{0, 1 << 20, "small"});
  EXPECT_THROW(s.allocate(std::size_t{1} << 40), out_of_memory);
  void* const half = limited.allocate(1 << 19);
  EXPECT_THROW(limited.allocate(1 << 20), out_of_memory);
  limited.deallocate(half, 1 << 19);
  void* const whole = limited.allocate(1 << 20);  // what was given back can be had again
  limited.deallocate(whole, 1 << 20);
  limited.sync();
}

// ---- streams -------------------------------------------------------------------------------------------

/// What a copy from ordinary memory brings that changes before the stream is waited for.
unsigned read_of_changed_memory() {
  stream s(0);
  auto* const word = static_cast<unsigned*>(s.allocate(4));
  unsigned source = 1, found = 0;
  check(cudaMemcpyAsync(word, &source, 4, cudaMemcpyDefault, s.native()));
  source = 2;
  s.copy(&found, word, 4);
  s.deallocate(word, 4);
  s.sync();
  return found;
}
#ifdef __SANITIZE_THREAD__
constexpr int late_answer = 66;  // and a report of the race
#else
constexpr int late_answer = 2;
#endif
TEST_F(planted_faults_DeathTest, memory_that_a_copy_may_still_read) {
  set("seed=1,late=1");
  EXPECT_EXIT(std::exit(static_cast<int>(read_of_changed_memory())), testing::ExitedWithCode(late_answer),
              "");
  set("seed=1,late=0");
  EXPECT_EXIT(std::exit(static_cast<int>(read_of_changed_memory())), testing::ExitedWithCode(1), "");
}
TEST_F(planted_faults_DeathTest, memory_that_nothing_was_written_to) {
  auto const unwritten = [] {
    stream s(0);
    unsigned words[16] = {};
    auto* const memory = s.allocate(64);
    s.zero(memory, 56);
    s.copy(words, memory, 64);
    s.sync();
  };
  EXPECT_DEATH(unwritten(), "a copy to the host reads what nothing has written: byte 56 of 64");
}

// What streams do about it: memory of the host that is gone, and copies that nobody waits for.
TEST_F(planted_faults_DeathTest, small_copies_have_read_their_memory) {
  auto const changed_at_once = [] {
    stream s(0);
    auto* const words = static_cast<unsigned*>(s.allocate(1 << 20));
    std::vector<unsigned> found(1 << 18), expected;
    for (unsigned k = 0; k < 16; ++k) {  // more than pinned memory holds at a time
      std::vector<unsigned> source(1 << 14, k);
      s.copy(words + (k << 14), source.data(), 1 << 16);
      std::fill(source.begin(), source.end(), 77u);
      expected.insert(expected.end(), 1 << 14, k);
    }
    s.copy(found.data(), words, 1 << 20);
    s.sync();
    std::exit(found == expected ? 3 : 4);
  };
  set("seed=1,late=1");
  EXPECT_EXIT(changed_at_once(), testing::ExitedWithCode(3), "");
}
TEST_F(planted_faults, small_copies_to_the_host_wait_for_nothing) {
  stream s(0);
  auto* const word = static_cast<unsigned*>(s.allocate(4));
  s.zero(word, 4);
  std::vector<unsigned> found(100, 7);
  s.sync();
  auto const before = simulated::counts().rounds;
  for (unsigned& f : found) s.copy(&f, word, 4);
  EXPECT_EQ(simulated::counts().rounds, before);
  s.deallocate(word, 4);
  s.sync();
  EXPECT_EQ(simulated::counts().rounds, before + 1);
  EXPECT_EQ(found, std::vector<unsigned>(100, 0));
}
TEST_F(planted_faults_DeathTest, memory_is_open_to_devices_in_use_alone) {
  set("devices=2");
  auto const used = [](bool other_is_used) {
    stream here(0);
    std::optional<stream> there;
    if (other_is_used) there.emplace(1);
    auto* const word = static_cast<unsigned*>(here.allocate(4));
    here.sync();
    device_guard const on(1);
    cudaStream_t other = nullptr;
    check(cudaStreamCreateWithFlags(&other, cudaStreamNonBlocking));
    cudaLaunchConfig_t config{};
    config.gridDim = config.blockDim = dim3(1);
    config.stream = other;
    check(cudaLaunchKernelEx(&config, write_kernel, word, index_t{0}));
    check(cudaStreamSynchronize(other));
    std::exit(3);
  };
  EXPECT_EXIT(used(true), testing::ExitedWithCode(3), "");
  EXPECT_DEATH(used(false), "closed to it: .*write_kernel|memory of device 0|AddressSanitizer");
}
TEST_F(planted_faults, default_pools_are_left_as_they_are) {
  stream s(0), limited(stream_options{0, 1 << 20, "small"});
  std::uint64_t keeps = 1;
  cudaMemPool_t pool = nullptr;
  check(cudaDeviceGetDefaultMemPool(&pool, 0));
  check(cudaMemPoolGetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &keeps));
  EXPECT_EQ(keeps, 0u);
}

TEST_F(planted_faults, streams_that_no_event_orders_run_in_any_order) {
  stream a(0), b(0);
  int first = 0, second = 0;
  for (int turn = 0; turn < 64; ++turn) {
    auto* const word = static_cast<unsigned*>(a.allocate(4));
    b.wait(a.record());
    unsigned found = 0;
    cudaMemsetAsync(word, 1, 4, a.native());
    cudaMemsetAsync(word, 2, 4, b.native());
    a.sync();
    b.sync();
    a.copy(&found, word, 4);
    a.deallocate(word, 4);
    a.sync();
    ++(found == 0x01010101u ? first : second);
  }
  EXPECT_GT(first, 0);
  EXPECT_GT(second, 0);
}

// ---- launches ------------------------------------------------------------------------------------------

TEST_F(planted_faults, launches_beyond_the_limits_are_refused) {
  stream s(0);
  EXPECT_THROW(launch(write_kernel, {1, 1025}, s, nullptr, index_t{0}), device_error);
  EXPECT_THROW(launch(write_kernel, {0, 32}, s, nullptr, index_t{0}), device_error);
  EXPECT_THROW(launch(write_kernel, {1, 32, 228 * 1024}, s, nullptr, index_t{0}), device_error);
}
TEST_F(planted_faults_DeathTest, work_for_a_device_that_is_not_current) {
  auto const wrong_device = [] {
    stream s(1);
    auto* const words = static_cast<unsigned*>(s.allocate(1024));
    cudaLaunchConfig_t config{};
    config.gridDim = config.blockDim = dim3(1);
    config.stream = s.native();
    cudaError_t const launched = cudaLaunchKernelEx(&config, write_kernel, words, index_t{0});
    cudaError_t const set = cudaMemsetAsync(words, 0, 4, s.native());
    std::exit(launched == cudaErrorInvalidResourceHandle && set == cudaErrorInvalidResourceHandle ? 3 : 4);
  };
  set("devices=2");
  EXPECT_EXIT(wrong_device(), testing::ExitedWithCode(3), "");
}

}  // namespace
}  // namespace prorata::cuda
