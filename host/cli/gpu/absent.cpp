// Without the CUDA half there are no GPUs, and the message says how to get them.
#include <host/cli/gpu/gpus.hpp>
#include <host/cli/gpu/rank.hpp>
#include <host/cli/team_sorter.hpp>
#include <prorata/error.hpp>

namespace prorata::cli {

int gpu_count() { return 0; }
std::string gpu_absence() {
  return "this prorata was built without the CUDA half; configure with -DPRORATA_CUDA=ON, or use --devices "
         "cpu";
}
std::vector<gpu_info> gpu_list() { return {}; }
index_t gpu_free_bytes(int) { return 0; }
double gpu_speed(int) { return 0; }
std::vector<std::unique_ptr<gpu_rank>> open_gpus(std::vector<device_spec> const& devices, index_t) {
  return std::vector<std::unique_ptr<gpu_rank>>(devices.size());
}

template <class U>
std::unique_ptr<team_sorter<U>> open_gpu_sorter(std::vector<device_spec> const&, sorting_shares, int) {
  throw device_error(gpu_absence());
}
template std::unique_ptr<team_sorter<std::uint32_t>> open_gpu_sorter(std::vector<device_spec> const&,
                                                                     sorting_shares, int);
template std::unique_ptr<team_sorter<std::uint64_t>> open_gpu_sorter(std::vector<device_spec> const&,
                                                                     sorting_shares, int);

}  // namespace prorata::cli
