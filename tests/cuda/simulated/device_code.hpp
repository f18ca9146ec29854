// What nvcc puts before every source, for g++: the words of device code. Force-included.
#pragma once

#include <cuda_runtime_api.h>

#include <functional>
#include <source_location>
#include <tuple>
#include <type_traits>

#define __CUDACC__ 1

namespace simulated {

/// Where a thread is. A fiber is one thread for as long as its kernel runs, so asking again changes nothing.
struct position {
  unsigned thread, block, threads, blocks;
};
[[gnu::const]] position const* here();

/// A member of it that reads like a number.
template <unsigned position::*Member>
struct coordinate {
  operator unsigned() const { return here()->*Member; }
};
template <unsigned position::*Member>
struct coordinates {
  coordinate<Member> x;
};

enum class collective {
  shuffle,
  shuffle_down,
  shuffle_xor,
  any,
  ballot,
  match_any,
  match_all,
  add,
  max,
  sync
};

/// One lane comes to what all lanes of its mask do together, and leaves when they have.
///   faults   lanes at different places, kinds or masks; a lane outside its mask; a shuffle from an absent lane
std::uint64_t join_warp(collective kind, unsigned mask, std::uint64_t value, int argument,
                        std::source_location const& place);

enum class barrier { plain, any, count };
int join_block(barrier kind, bool yes, std::source_location const& place);

/// Others may run before an atomic operation. A fence orders what it does by the atomics on both its sides.
void before_atomic(void const* address);
void after_atomic(void const* address);
void fence(std::source_location const& place);

/// Lets others run: between two looks at what another thread is to write.
void pause();
/// Something changed that others may wait for.
void progress();
/// Whether the settings leave this place out, to see that somebody notices.
bool left_out(std::source_location const& place);

template <class T>
using number = std::type_identity_t<T>;
using where = std::source_location;

}  // namespace simulated

inline constexpr simulated::coordinates<&simulated::position::thread> threadIdx{};
inline constexpr simulated::coordinates<&simulated::position::block> blockIdx{};
inline constexpr simulated::coordinates<&simulated::position::threads> blockDim{};
inline constexpr simulated::coordinates<&simulated::position::blocks> gridDim{};

// ---- warps and blocks ----------------------------------------------------------------------------------

inline std::uint32_t __shfl_sync(unsigned mask, std::uint32_t v, int lane,
                                 simulated::where at = simulated::where::current()) {
  return static_cast<std::uint32_t>(join_warp(simulated::collective::shuffle, mask, v, lane, at));
}
inline std::uint32_t __shfl_down_sync(unsigned mask, std::uint32_t v, unsigned distance,
                                      simulated::where at = simulated::where::current()) {
  return static_cast<std::uint32_t>(
      join_warp(simulated::collective::shuffle_down, mask, v, static_cast<int>(distance), at));
}
inline std::uint32_t __shfl_xor_sync(unsigned mask, std::uint32_t v, int bits,
                                     simulated::where at = simulated::where::current()) {
  return static_cast<std::uint32_t>(join_warp(simulated::collective::shuffle_xor, mask, v, bits, at));
}
inline int __any_sync(unsigned mask, int yes, simulated::where at = simulated::where::current()) {
  return static_cast<int>(join_warp(simulated::collective::any, mask, yes != 0, 0, at));
}
inline unsigned __ballot_sync(unsigned mask, int yes, simulated::where at = simulated::where::current()) {
  return static_cast<unsigned>(join_warp(simulated::collective::ballot, mask, yes != 0, 0, at));
}
template <class T>
unsigned __match_any_sync(unsigned mask, T v, simulated::where at = simulated::where::current()) {
  return static_cast<unsigned>(
      join_warp(simulated::collective::match_any, mask, static_cast<std::uint64_t>(v), 0, at));
}
template <class T>
unsigned __match_all_sync(unsigned mask, T v, int* all, simulated::where at = simulated::where::current()) {
  auto const same = static_cast<unsigned>(
      join_warp(simulated::collective::match_all, mask, static_cast<std::uint64_t>(v), 0, at));
  *all = same != 0;
  return same;
}
inline unsigned __reduce_add_sync(unsigned mask, unsigned v,
                                  simulated::where at = simulated::where::current()) {
  return static_cast<unsigned>(join_warp(simulated::collective::add, mask, v, 0, at));
}
inline unsigned __reduce_max_sync(unsigned mask, unsigned v,
                                  simulated::where at = simulated::where::current()) {
  return static_cast<unsigned>(join_warp(simulated::collective::max, mask, v, 0, at));
}
inline void __syncwarp(unsigned mask = 0xffffffffu, simulated::where at = simulated::where::current()) {
  join_warp(simulated::collective::sync, mask, 0, 0, at);
}
inline void __syncthreads(simulated::where at = simulated::where::current()) {
  join_block(simulated::barrier::plain, false, at);
}
inline int __syncthreads_or(int yes, simulated::where at = simulated::where::current()) {
  return join_block(simulated::barrier::any, yes != 0, at);
}
inline int __syncthreads_count(int yes, simulated::where at = simulated::where::current()) {
  return join_block(simulated::barrier::count, yes != 0, at);
}
inline void __threadfence(simulated::where at = simulated::where::current()) { simulated::fence(at); }

inline int __popc(unsigned x) { return __builtin_popcount(x); }
inline int __ffs(int x) { return __builtin_ffs(x); }

// ---- atomics: relaxed, as CUDA's are -------------------------------------------------------------------

namespace simulated {
template <class T, class F>
T atomic_update(T* at, F const& f) {
  static_assert(std::is_integral_v<T> && (sizeof(T) == 4 || sizeof(T) == 8));
  before_atomic(at);
  T seen = __atomic_load_n(at, __ATOMIC_RELAXED);
  while (!__atomic_compare_exchange_n(at, &seen, f(seen), false, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {}
  after_atomic(at);
  return seen;
}
}  // namespace simulated

template <class T>
T atomicAdd(T* at, simulated::number<T> v) {
  return simulated::atomic_update(at, [v](T seen) { return static_cast<T>(seen + v); });
}
template <class T>
T atomicOr(T* at, simulated::number<T> v) {
  return simulated::atomic_update(at, [v](T seen) { return seen | v; });
}
template <class T>
T atomicMin(T* at, simulated::number<T> v) {
  return simulated::atomic_update(at, [v](T seen) { return v < seen ? v : seen; });
}
template <class T>
T atomicMax(T* at, simulated::number<T> v) {
  return simulated::atomic_update(at, [v](T seen) { return seen < v ? v : seen; });
}
template <class T>
T atomicExch(T* at, simulated::number<T> v) {
  return simulated::atomic_update(at, [v](T) { return v; });
}
template <class T>
T atomicCAS(T* at, simulated::number<T> expected, simulated::number<T> v) {
  return simulated::atomic_update(at, [=](T seen) { return seen == expected ? v : seen; });
}

// ---- launching -----------------------------------------------------------------------------------------

namespace simulated {
/// Queues call() for every thread of a grid.
cudaError_t launch(cudaLaunchConfig_t const& config, void const* kernel, std::function<void()> call);
cudaError_t allow_shared(void const* kernel, int bytes);
}  // namespace simulated

template <class... Parameters, class... Arguments>
cudaError_t cudaLaunchKernelEx(cudaLaunchConfig_t const* config, void (*kernel)(Parameters...),
                               Arguments&&... arguments) {
  static_assert((std::is_trivially_copyable_v<Parameters> && ...),
                "arguments of kernels are copied as bytes");
  static_assert((std::size_t{0} + ... + sizeof(Parameters)) <= 4096, "arguments of kernels fit in 4 KiB");
  return simulated::launch(
      *config, reinterpret_cast<void const*>(kernel),
      [kernel, copies = std::tuple<Parameters...>(arguments...)] { std::apply(kernel, copies); });
}
template <class... Parameters>
cudaError_t cudaFuncSetAttribute(void (*kernel)(Parameters...), cudaFuncAttribute, int bytes) {
  return simulated::allow_shared(reinterpret_cast<void const*>(kernel), bytes);
}
