// Sorting keys of 64 bits, compiled by nvcc.
#include <host/jobs/gpu/sorter.cuh>

namespace prorata::jobs {

template std::unique_ptr<team_sorter<std::uint64_t>> open_gpu_sorter(std::vector<device_spec> const&,
                                                                     sorting_shares, int);

}  // namespace prorata::jobs
