// Ranks on CUDA's GPUs: what their streams, kernels and pinned memory are.
#include <host/expression/cuda_source.hpp>
#include <host/run/gpu/slot_rank.hpp>
#include <kernels/device.hpp>
#include <kernels/grouping/rows.hpp>
#include <kernels/nvrtc.hpp>
#include <kernels/pinned.hpp>

namespace prorata::host {

namespace {

struct cuda_verbs {
  using stream = cuda::stream;
  int device;
  std::shared_ptr<cuda::kernel_cache> kernels;  // the ranks' together: an expression is compiled once

  static gpu_kernel kernel_of(gpu_reduction r) {
    for (auto const find : {ordered_kernel, unordered_kernel, exact_kernel})
      if (gpu_kernel const k = find(r); k.fold != nullptr) return k;
    throw device_error("this reduction is not compiled for GPUs; use --devices cpu");
  }

  static gpu_scan_kernel scan_kernel_of(gpu_scan const& job) { return scan_kernel(job); }

  static void store(stream& s, io::dtype wide, void const* from, io::dtype to, index_t count, void* out) {
    store(s, wide, from, to, count, out);
  }
  static void count_in_bins(stream& s, bin_rule const& rule, double const* elements, index_t count,
                            index_t* counts) {
    count_in_bins(s, rule, elements, count, counts);
  }
  template <class Key>
  static void count_in_digits(stream& s, digit_rule<Key> const& rule, Key const* keys, index_t count,
                              index_t* counts) {
    count_in_digits(s, rule, keys, count, counts);
  }

  static void gather(stream& s, gpu_form form, gpu_value value, stored_elements const& a,
                     stored_elements const& b, index_t count, void* out) {
    gather(s, form, value, a, b, count, out);
  }

  using groups = cuda::groups;
  static void gather_words(stream& s, gpu_word word, stored_elements const& a, bin_rule const& rule,
                           index_t count, std::uint64_t* out) {
    gather_words(s, word, a, rule, count, out);
  }

  void map(stream& s, gpu_map const& job, index_t count, std::vector<void const*> inputs, void* out) const {
    long long n = count;
    std::vector<void*> arguments{&n};
    for (auto& in : inputs) arguments.push_back(&in);
    arguments.push_back(&out);
    kernels->launch(s, job.source, expression::cuda_kernel_name, count, arguments, expression::cuda_options);
  }

  std::shared_ptr<std::byte> pinned(std::size_t bytes) const {
    cuda::device_guard const on(device);  // or else device 0 would be woken
    return cuda::pinned_memory(bytes);
  }
};

}  // namespace

std::vector<std::unique_ptr<gpu_rank>> open_gpu_ranks(std::vector<std::optional<int>> const& gpus,
                                                      index_t slot_bytes) {
  auto const kernels = std::make_shared<cuda::kernel_cache>();
  std::vector<std::unique_ptr<gpu_rank>> ranks;
  for (auto const& number : gpus) {
    auto const open = [&] { return cuda::stream(*number); };
    ranks.push_back(number ? std::make_unique<slot_rank<cuda_verbs>>(open(), open(), open(), slot_bytes,
                                                                     cuda_verbs{*number, kernels})
                           : nullptr);
  }
  return ranks;
}

}  // namespace prorata::host
