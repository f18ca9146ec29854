// Sorting on GPUs, and on GPUs and CPUs together.
#pragma once

#include <algorithm>
#include <host/algorithms/team_sorter_on.hpp>
#include <host/jobs/sorters.hpp>
#include <kernels/device.hpp>
#include <kernels/pinned.hpp>
#include <prorata/mixed.cuh>

namespace prorata::jobs {

template <class U>
std::unique_ptr<team_sorter<U>> open_gpu_sorter(std::vector<device_spec> const& devices,
                                                sorting_shares shares, int threads) {
  std::vector<mixed::stream> streams;
  int pinning = 0;  // the device that page-locks memory for all: or else device 0 would be woken
  for (auto const& d : devices) {
    if (d.kind == device_kind::gpu) {
      pinning = d.number;
      streams.emplace_back(cuda::stream({d.number, 0, d.name}));
    } else {
      streams.emplace_back(host::stream(stream_options_of(d, devices, threads)));
    }
  }
  return std::make_unique<host::team_sorter_on<mixed::stream, U>>(
      std::move(shares), team<mixed::stream>(std::move(streams)), [pinning](std::size_t bytes) {
        cuda::device_guard const on(pinning);
        return cuda::pinned_memory(std::max<std::size_t>(bytes, 1));
      });
}

}  // namespace prorata::jobs
