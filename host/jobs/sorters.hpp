// Sorters on a list of devices.
#pragma once

#include <host/algorithms/team_sorter.hpp>
#include <host/jobs/devices.hpp>
#include <memory>
#include <vector>

namespace prorata::jobs {

using host::sorting_shares;
using host::team_sorter;

/// What the devices of a sort get, as the options say. Asks every GPU how much of its memory is free; ranks on one GPU
/// share it.
///   throws  device_error
sorting_shares shares_of(std::vector<device_spec> const& devices, std::vector<double> const& weights,
                         job_options const& o);

/// Opens the devices, one rank each.
///   throws  device_error
template <class U>
std::unique_ptr<team_sorter<U>> open_sorter(std::vector<device_spec> const& devices,
                                            std::vector<double> const& weights, job_options const& o);

/// The same for a list with GPUs: where it is compiled depends on what a GPU is.
template <class U>
std::unique_ptr<team_sorter<U>> open_gpu_sorter(std::vector<device_spec> const& devices,
                                                sorting_shares shares, int threads);

}  // namespace prorata::jobs
