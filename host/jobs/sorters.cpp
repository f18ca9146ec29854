// What the options of a job make of its devices.
#include <algorithm>
#include <host/jobs/gpu/gpus.hpp>
#include <host/jobs/limits.hpp>
#include <host/jobs/notes.hpp>
#include <host/jobs/sorters.hpp>
#include <prorata/error.hpp>
#include <prorata/normalize.hpp>
#include <utility>

namespace prorata::jobs {

sorting_shares shares_of(std::vector<device_spec> const& devices, std::vector<double> const& weights,
                         job_options const& o) {
  std::vector<std::optional<index_t>> gpu_bytes;
  for (auto const& device : devices) {
    gpu_bytes.emplace_back();
    if (device.kind != device_kind::gpu) continue;
    index_t const sharing = std::count_if(devices.begin(), devices.end(), [&](auto const& d) {
      return d.kind == device_kind::gpu && d.number == device.number;
    });
    // a quarter is left for the gaps between allocations, and for what others begin meanwhile
    gpu_bytes.back() = gpu_free_bytes(device.number) / 4 * 3 / sharing;
  }
  partition_options p;
  p.method = o.method;
  if (o.costs.empty()) p.caps = caps_of(o, weights.size());  // with costs it is a cap of those
  return {weights, std::move(p), std::move(gpu_bytes)};
}

namespace {

/// Shards of one CPU do not make a sort faster, and each takes some memory: where there are more than the machine
/// and --memory bear, neighbours are sorted as one, with the weights of both. What comes out is the same.
void put_shards_together(std::vector<device_spec>& devices, std::vector<double>& weights,
                         job_options const& o) {
  auto const most =
      static_cast<std::size_t>(std::max(2, std::min(std::max(2 * cores(), 8), borne_by_memory(o))));
  bool const alike = std::all_of(devices.begin(), devices.end(),
                                 [](auto const& d) { return d.kind == device_kind::cpu && d.speed == 1; });
  if (devices.size() <= most) return;
  if (!alike || !o.cap.empty()) {  // then every one has something of its own
    if (auto const count = static_cast<int>(devices.size()); borne_by_memory(o) < count)
      throw infeasible(std::to_string(count) + " devices sort in --memory " + std::to_string(4 * count) +
                       "M or more; raise it, or name fewer");
    return;
  }
  std::vector<double> const shares = normalize(weights);  // the sum of some is finite
  std::vector<double> sums(most, 0.0);
  for (std::size_t r = 0; r < shares.size(); ++r) sums[r * most / shares.size()] += shares[r];
  static bool said = false;
  if (!std::exchange(said, true))
    note(std::to_string(devices.size()) + " shards of the CPU are sorted as " + std::to_string(most) +
         ", which is as many as " + std::to_string(cores()) + " cores and --memory " + o.memory.text +
         " bear");
  devices.resize(most);
  weights = std::move(sums);
}

}  // namespace

template <class U>
std::unique_ptr<team_sorter<U>> open_sorter(std::vector<device_spec> const& all,
                                            std::vector<double> const& given, job_options const& o) {
  auto devices = all;
  auto weights = given;
  put_shards_together(devices, weights, o);
  auto shares = shares_of(devices, weights, o);
  int const threads = threads_of(o);
  if (shares.has_gpus()) return open_gpu_sorter<U>(devices, std::move(shares), threads);
  std::vector<host::stream> streams;
  for (auto const& d : devices) streams.emplace_back(stream_options_of(d, devices, threads));
  return host::host_sorter<U>(std::move(shares), team<host::stream>(std::move(streams)));
}

template std::unique_ptr<team_sorter<std::uint32_t>> open_sorter(std::vector<device_spec> const&,
                                                                 std::vector<double> const&,
                                                                 job_options const&);
template std::unique_ptr<team_sorter<std::uint64_t>> open_sorter(std::vector<device_spec> const&,
                                                                 std::vector<double> const&,
                                                                 job_options const&);

}  // namespace prorata::jobs
