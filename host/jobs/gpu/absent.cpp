// Without the CUDA half there are no GPUs, and the message says how to get them.
#include <host/jobs/gpu/gpus.hpp>
#include <host/jobs/sorters.hpp>
#include <host/run/gpu/rank.hpp>
#include <prorata/error.hpp>

namespace prorata::jobs {

int gpu_count() { return 0; }
std::string gpu_absence() {
  return "this prorata was built without the CUDA half; configure with -DPRORATA_CUDA=ON, or use --devices "
         "cpu";
}
std::vector<gpu_info> gpu_list() { return {}; }
index_t gpu_free_bytes(int) { return 0; }
double gpu_speed(int) { return 0; }

template <class U>
std::unique_ptr<team_sorter<U>> open_gpu_sorter(std::vector<device_spec> const&, sorting_shares, int) {
  throw device_error(gpu_absence());
}
template std::unique_ptr<team_sorter<std::uint32_t>> open_gpu_sorter(std::vector<device_spec> const&,
                                                                     sorting_shares, int);
template std::unique_ptr<team_sorter<std::uint64_t>> open_gpu_sorter(std::vector<device_spec> const&,
                                                                     sorting_shares, int);

}  // namespace prorata::jobs

std::vector<std::unique_ptr<prorata::host::gpu_rank>> prorata::host::open_gpu_ranks(
    std::vector<std::optional<int>> const& gpus, index_t) {
  return std::vector<std::unique_ptr<gpu_rank>>(gpus.size());
}
