// Kernels against CUB on this GPU: every answer is checked before it is timed. Prints one JSON object, and a
// table on stderr.
#include <bench/gpu/gpu_rows.cuh>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <cub/device/device_reduce.cuh>
#include <prorata/cuda.cuh>
#include <prorata/elements.hpp>
#include <prorata/exactly.hpp>
#include <prorata/host.hpp>

namespace prorata::bench {
namespace {

template <class R, class S, class Load>
typename R::result_type reduced(S& s, R const& r, Load const& load, index_t n) {
  piece const p{0, n, n};
  auto const bytes = static_cast<std::size_t>(R::bytes(p) + 127) / 64 * 64;
  auto* const memory = static_cast<std::byte*>(s.allocate(bytes + sizeof(typename R::result_type)));
  reduce_piece(s, r, p, load, memory);
  reduce_finish(s, r, n, memory, reinterpret_cast<typename R::result_type*>(memory + bytes));
  typename R::result_type result;
  s.copy(&result, memory + bytes, sizeof result);
  s.deallocate(memory, bytes);
  s.sync();
  return result;
}

/// One reduction: its bits against the host's, then the time of the piece's kernel.
template <class T, class R>
void ours(std::vector<row>& rows, clock& c, cuda::stream& s, char const* name, R const& r, T const* x,
          index_t n, double bytes) {
  host::stream host;
  auto const expected = reduced(host, r, scattered<T>{}, n);
  auto const found = reduced(s, r, array_load<T>{x}, n);
  bool const right = std::memcmp(&expected, &found, sizeof expected) == 0;
  auto* const out = static_cast<std::byte*>(s.allocate(static_cast<std::size_t>(R::bytes({0, n, n}))));
  rows.push_back(c.time(name, type_name<T>, n, bytes, right, [&] {
    reduce_piece(s, r, piece{0, n, n}, array_load<T>{x}, out);
  }));
  s.deallocate(out, 0);
}

template <class T>
void reductions(std::vector<row>& rows, clock& c, cuda::stream& s, index_t n) {
  auto const bytes = static_cast<double>(n) * sizeof(T);
  auto* const x = static_cast<T*>(s.allocate(static_cast<std::size_t>(n) * sizeof(T)));
  transform_index(s, 0, n, scattered<T>{}, x);

  std::size_t room = 0;
  auto* const out = static_cast<T*>(s.allocate(sizeof(T)));
  cuda::check(cub::DeviceReduce::Sum(nullptr, room, x, out, n, s.native()));
  void* const scratch = s.allocate(room);
  auto const cub_sum = [&] { cuda::check(cub::DeviceReduce::Sum(scratch, room, x, out, n, s.native())); };
  cub_sum();
  T found;
  s.copy(&found, out, sizeof found);
  s.sync();
  double const exact = static_cast<double>(reduced(s, exactly<exact_sum<T>>{}, array_load<T>{x}, n).round());
  bool const near = std::abs(static_cast<double>(found) - exact) <= 1e-3 * std::abs(exact) + 1e3;
  rows.push_back(c.time("cub_sum", type_name<T>, n, bytes, near, cub_sum));

  ours(rows, c, s, "sum", ordered<plus<T>>{}, x, n, bytes);
  ours(rows, c, s, "moments", ordered<moments>{}, x, n, bytes);
  ours(rows, c, s, "extrema", extrema<T>{}, x, n, bytes);
  ours(rows, c, s, "exact_sum", exactly<exact_sum<T>>{}, x, n, bytes);
  ours(rows, c, s, "sum_in_sequence", ordered<plus<T>, 1>{}, x, n, bytes);

  auto* const y = static_cast<T*>(s.allocate(static_cast<std::size_t>(n) * sizeof(T)));
  rows.push_back(c.time("memcpy", type_name<T>, n, 2 * bytes, true,
                        [&] { s.copy(y, x, static_cast<std::size_t>(bytes)); }));
  transform_index(s, 0, n, array_load<T>{x}, y);
  auto const a = reduced(s, ordered<plus<T>>{}, array_load<T>{x}, n);
  auto const b = reduced(s, ordered<plus<T>>{}, array_load<T>{y}, n);
  rows.push_back(c.time("transform", type_name<T>, n, 2 * bytes, std::memcmp(&a, &b, sizeof a) == 0,
                        [&] { transform_index(s, 0, n, array_load<T>{x}, y); }));
  for (void* p : {static_cast<void*>(x), static_cast<void*>(y), static_cast<void*>(out), scratch})
    s.deallocate(p, 0);
}

}  // namespace

int run_gpu_bench() {
  if (cuda::device_count() == 0) {
    std::fprintf(stderr, "no GPU on this machine\n");
    return 77;
  }
  auto const device = cuda::describe_device(0);
  cuda::stream s(0);
  std::vector<row> rows;
  {
    clock c(s);
    for (index_t n : {index_t{1} << 16, index_t{1} << 20, index_t{1} << 24, index_t{1} << 28}) {
      reductions<float>(rows, c, s, n);
      reductions<double>(rows, c, s, n / 2);
      measure_verbs(rows, c, s, n);
    }
  }
  int driver = 0, runtime = 0, clock_khz = 0, memory_khz = 0;
  cuda::check(cudaDriverGetVersion(&driver));
  cuda::check(cudaRuntimeGetVersion(&runtime));
  (void)cudaDeviceGetAttribute(&clock_khz, cudaDevAttrClockRate, 0);
  (void)cudaDeviceGetAttribute(&memory_khz, cudaDevAttrMemoryClockRate, 0);
  double ceiling = 0;
  for (row const& r : rows)
    if (r.name == "memcpy" || r.name == "transform")
      ceiling = std::max(ceiling, r.bytes / r.median_us * 1e-3);
  std::printf(
      "{\"gpu\": \"%s\", \"pci\": \"%s\", \"multiprocessors\": %d, \"compute\": \"%d.%d\", \"driver\": %d, "
      "\"runtime\": %d, \"clock_khz\": %d, \"memory_clock_khz\": %d, \"copy_gb_per_s\": %.1f,\n \"rows\": "
      "[\n",
      device.name.c_str(), device.pci_bus_id.c_str(), device.multiprocessors, device.major, device.minor,
      driver, runtime, clock_khz, memory_khz, ceiling);
  std::fprintf(stderr, "%-16s %-4s %12s %10s %8s %9s %8s %6s\n", "op", "type", "n", "us", "spread", "GB/s",
               "of copy", "right");
  bool all_right = true;
  for (std::size_t k = 0; k < rows.size(); ++k) {
    row const& r = rows[k];
    double const rate = r.bytes / r.median_us * 1e-3;
    std::printf(
        "  {\"op\": \"%s\", \"type\": \"%s\", \"n\": %lld, \"us\": %.2f, \"spread\": %.3f, \"gb_per_s\": "
        "%.1f, "
        "\"of_copy\": %.3f, \"right\": %s}%s\n",
        r.name.c_str(), r.type.c_str(), static_cast<long long>(r.n), r.median_us, r.spread, rate,
        rate / ceiling, r.right ? "true" : "false", k + 1 < rows.size() ? "," : "");
    std::fprintf(stderr, "%-16s %-4s %12lld %10.2f %7.1f%% %9.1f %7.1f%% %6s\n", r.name.c_str(),
                 r.type.c_str(), static_cast<long long>(r.n), r.median_us, 100 * r.spread, rate,
                 100 * rate / ceiling, r.right ? "yes" : "WRONG");
    all_right = all_right && r.right;
  }
  std::printf("]}\n");
  return all_right ? 0 : 1;
}

}  // namespace prorata::bench

int main() { return prorata::bench::run_gpu_bench(); }
