// Shares of a sort, and teams of CPUs that do it.
#include <algorithm>
#include <host/cli/gpu/gpus.hpp>
#include <host/cli/limits.hpp>
#include <host/cli/print.hpp>
#include <host/cli/team_sorter_on.hpp>
#include <host/pages.hpp>
#include <prorata/error.hpp>
#include <prorata/host.hpp>
#include <prorata/normalize.hpp>
#include <utility>

namespace prorata::cli {

namespace {

/// Sorting and merging need an element's place twice, and CUB's counts less than a byte for each.
index_t bytes_on_gpu(index_t element_bytes) { return 2 * element_bytes + 1; }

}  // namespace

sorting_shares::sorting_shares(std::vector<device_spec> const& devices, std::vector<double> weights,
                               options const& o)
    : weights_(std::move(weights)), options_(o) {
  if (!o.costs.empty()) options_.cap.clear();  // it is a cap of costs then
  for (std::size_t k = 0; k < devices.size(); ++k) {
    bool const gpu = devices[k].kind == device_kind::gpu;
    has_gpus_ |= gpu;
    has_cpus_ |= !gpu;
    room_bytes_.emplace_back();
    if (!gpu) continue;
    index_t const sharing = std::count_if(devices.begin(), devices.end(), [&](auto const& d) {
      return d.kind == device_kind::gpu && d.number == devices[k].number;
    });
    // a quarter is left for the gaps between allocations, and for what others begin meanwhile
    room_bytes_.back() = gpu_free_bytes(devices[k].number) / 4 * 3 / sharing;
  }
}

partition sorting_shares::cuts(index_t n, index_t element_bytes) const {
  std::vector<index_t> room;
  if (has_gpus_)
    for (auto const& bytes : room_bytes_) room.push_back(bytes ? *bytes / bytes_on_gpu(element_bytes) : n);
  return cuts_of(n, weights_, options_, 1, room);
}

index_t sorting_shares::most(index_t n, index_t memory, index_t key_bytes, index_t value_bytes,
                             index_t beside) const {
  constexpr index_t least = 1 << 16;
  index_t const element = key_bytes + value_bytes, exchanged = ranks() > 1 ? element : 0;
  index_t tenths = 10 * (element + beside);
  if (has_cpus_) tenths += value_bytes > 0 ? 10 * (20 + exchanged) : key_bytes * 13 + exchanged * 11;
  index_t const on_host = std::min(n, std::max(memory / tenths * 10, least));
  if (!has_gpus_) return on_host;

  auto const caps = caps_of(options_, weights_.size());
  index_t together = 0;
  for (std::size_t rank = 0; rank < weights_.size() && together < on_host; ++rank) {
    if (weights_[rank] == 0) continue;
    auto const& bytes = room_bytes_[rank];
    index_t const fits = bytes ? *bytes / bytes_on_gpu(element) : on_host;
    together += std::min({on_host, fits, caps.empty() ? fits : caps[rank]});
  }
  if (together < std::min(on_host, least))
    throw out_of_memory("the GPUs have room to sort " + std::to_string(together) +
                        " elements at a time, and " + std::to_string(least) +
                        " are the least; free some of their memory (prorata devices shows it), or add cpu to "
                        "--devices");
  return std::min(on_host, together);
}

namespace {

/// Shards of one CPU do not make a sort faster, and each takes some memory: where there are more than the machine
/// and --memory bear, neighbours are sorted as one, with the weights of both. What comes out is the same.
void put_shards_together(std::vector<device_spec>& devices, std::vector<double>& weights, options const& o) {
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
         ", which is as many as " + std::to_string(cores()) + " cores and --memory " + o.memory + " bear");
  devices.resize(most);
  weights = std::move(sums);
}

}  // namespace

template <class U>
std::unique_ptr<team_sorter<U>> open_sorter(std::vector<device_spec> const& all,
                                            std::vector<double> const& given, options const& o) {
  auto devices = all;
  auto weights = given;
  put_shards_together(devices, weights, o);
  sorting_shares shares(devices, weights, o);
  int const threads = threads_of(o);
  if (shares.has_gpus()) return open_gpu_sorter<U>(devices, std::move(shares), threads);
  std::vector<host::stream> streams;
  for (auto const& d : devices) streams.emplace_back(stream_options_of(d, devices, threads));
  return std::make_unique<team_sorter_on<host::stream, U>>(
      std::move(shares), std::move(streams), [](std::size_t bytes) {
        auto const pages = std::make_shared<host::pages>(bytes);
        return std::shared_ptr<std::byte>(pages, pages->data());
      });
}

template std::unique_ptr<team_sorter<std::uint32_t>> open_sorter(std::vector<device_spec> const&,
                                                                 std::vector<double> const&, options const&);
template std::unique_ptr<team_sorter<std::uint64_t>> open_sorter(std::vector<device_spec> const&,
                                                                 std::vector<double> const&, options const&);

}  // namespace prorata::cli
