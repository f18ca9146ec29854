// Shares of a sort, and teams of CPUs that do it.
#include <algorithm>
#include <host/algorithms/team_sorter_on.hpp>
#include <host/pages.hpp>
#include <prorata/error.hpp>
#include <prorata/host.hpp>
#include <string>
#include <utility>

namespace prorata::host {

namespace {

/// Sorting and merging need an element's place twice, and CUB's counts less than a byte for each.
index_t bytes_on_gpu(index_t element_bytes) { return 2 * element_bytes + 1; }

}  // namespace

sorting_shares::sorting_shares(std::vector<double> weights, partition_options options,
                               std::vector<std::optional<index_t>> gpu_bytes)
    : weights_(std::move(weights)), options_(std::move(options)), room_bytes_(std::move(gpu_bytes)) {
  options_.granularity = 1;
  room_bytes_.resize(weights_.size());
  for (auto const& room : room_bytes_) {
    has_gpus_ |= room.has_value();
    has_cpus_ |= !room.has_value();
  }
}

partition sorting_shares::cuts(index_t n, index_t element_bytes) const {
  partition_options p = options_;
  if (has_gpus_) {
    p.caps.resize(weights_.size(), n);
    for (std::size_t rank = 0; rank < weights_.size(); ++rank)
      if (auto const& bytes = room_bytes_[rank])
        p.caps[rank] = std::min(p.caps[rank], *bytes / bytes_on_gpu(element_bytes));
  }
  return partition_by_weights(n, weights_, p);
}

index_t sorting_shares::most(index_t n, index_t memory, index_t key_bytes, index_t value_bytes,
                             index_t beside) const {
  constexpr index_t least = 1 << 16;
  index_t const element = key_bytes + value_bytes, exchanged = ranks() > 1 ? element : 0;
  index_t tenths = 10 * (element + beside);
  if (has_cpus_) tenths += value_bytes > 0 ? 10 * (20 + exchanged) : key_bytes * 13 + exchanged * 11;
  index_t const on_host = std::min(n, std::max(memory / tenths * 10, least));
  if (!has_gpus_) return on_host;

  auto const& caps = options_.caps;
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

template <class U>
std::unique_ptr<team_sorter<U>> host_sorter(sorting_shares shares, prorata::team<stream> team) {
  return std::make_unique<team_sorter_on<stream, U>>(
      std::move(shares), std::move(team), [](std::size_t bytes) {
        auto const memory = std::make_shared<pages>(bytes);
        return std::shared_ptr<std::byte>(memory, memory->data());
      });
}

template std::unique_ptr<team_sorter<std::uint32_t>> host_sorter(sorting_shares, prorata::team<stream>);
template std::unique_ptr<team_sorter<std::uint64_t>> host_sorter(sorting_shares, prorata::team<stream>);

}  // namespace prorata::host
