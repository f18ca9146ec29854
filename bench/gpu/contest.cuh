// One work, ours and a peer's, timed in turns on a GPU; and what the benchmarks share besides.
#pragma once

#include <algorithm>
#include <cstring>
#include <functional>
#include <kernels/temporary.cuh>
#include <prorata/array.hpp>
#include <prorata/cuda.cuh>
#include <prorata/elements.hpp>
#include <prorata/host.hpp>
#include <prorata/transform.hpp>
#include <string>
#include <tests/scattered.hpp>
#include <vector>

namespace prorata::bench {

using tests::scattered;
using tests::stirred;

/// Who does it, whether its answer was right, and the call. `prepare` runs before each call, untimed.
struct contender {
  std::string by;
  bool right;
  std::function<void()> call;
  std::function<void()> prepare = [] {};
};

struct row {
  std::string op, by, type;
  index_t n;
  double bytes;
  double median_us, spread;  // spread: (third quartile − first) / median
  bool right;
};

/// Microseconds of device time of one call, the L2 cache full of something else: medians of 25 rounds, in
/// which the contenders take turns. Rows are told as soon as they are known.
class clock {
 public:
  clock(cuda::stream& s, std::function<void(row const&)> tell);
  ~clock();
  clock(clock const&) = delete;
  clock& operator=(clock const&) = delete;

  /// bytes: what the work has to read and write at least.
  void time(std::string const& op, std::string const& type, index_t n, double bytes,
            std::vector<contender> const& contenders);

 private:
  cuda::stream& s_;
  std::function<void(row const&)> tell_;
  buffer<std::byte, cuda::stream> junk_;
  cudaEvent_t start_ = nullptr, stop_ = nullptr;
};

/// What all benchmarks of one size are given: the GPU as a stream and as a team of one, and the host.
struct bench_case {
  clock& timer;
  team<cuda::stream> gpu;
  team<host::stream> host;
  index_t n;

  cuda::stream& stream() const { return gpu.streams().front(); }
};

// Each in a file of its own name.
void bench_folds(bench_case const& c);
void bench_verbs(bench_case const& c);
void bench_sorts(bench_case const& c);
void bench_groups(bench_case const& c);

template <class T>
inline constexpr char const* type_name = "";
template <>
inline constexpr char const* type_name<float> = "f32";
template <>
inline constexpr char const* type_name<double> = "f64";

/// In [−1, 1).
struct unit_number {
  PRORATA_HD float operator()(index_t i) const { return scattered<float>{}(i)*0x1p-18f; }
};

template <class T>
element_load<identity, T> elements_of(T const* data) {
  return {identity{}, 0, data};
}

/// An array of what f makes of each index.
template <class S, class F, class T = std::invoke_result_t<F, index_t>>
distributed_array<T, S> made(team<S> const& team, index_t n, F f) {
  auto x = make_array<T>(team, n);
  generate(x, f);
  return x;
}

/// All of it, or the first elements.
template <class T>
std::vector<T> on_host(cuda::stream& s, T const* data, index_t n) {
  std::vector<T> all(static_cast<std::size_t>(n));
  s.copy(all.data(), data, all.size() * sizeof(T));
  s.sync();
  return all;
}
template <class T>
std::vector<T> on_host(buffer<T, cuda::stream> const& b) {
  return on_host(b.stream(), b.data(), b.size());
}
template <class T, class S>
std::vector<T> on_host(distributed_array<T, S> const& x) {
  std::vector<T> all(static_cast<std::size_t>(x.size()));
  copy_out(x, std::span<T>(all));
  return all;
}

template <class T>
bool same(std::vector<T> const& a, std::vector<T> const& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}

/// A call of CUB's as a contender runs it: told once how much memory it needs, which it then has.
///   call(memory, bytes) → cudaError_t, as CUB's own arguments
template <class Call>
std::function<void()> with_its_memory(cuda::stream& s, Call call) {
  std::size_t bytes = 0;
  cuda::check(call(nullptr, bytes));
  auto memory = std::make_shared<buffer<std::byte, cuda::stream>>(s, static_cast<index_t>(bytes));
  return [memory, bytes, call] {
    std::size_t room = bytes;
    cuda::check(call(memory->data(), room));
  };
}

}  // namespace prorata::bench
