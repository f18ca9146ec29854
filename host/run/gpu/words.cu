// Making words of elements as files store them, on the GPU.
#include <host/run/gpu/kernels.hpp>
#include <host/run/gpu/words.hpp>
#include <kernels/transform.cuh>

namespace prorata::host {

void gather_words(cuda::stream& s, gpu_word word, stored_elements const& a, bin_rule const& rule,
                  index_t count, std::uint64_t* out) {
  with_words(word, a, rule, [&](auto const& load) { cuda::transform_index(s, 0, count, load, out); });
}

}  // namespace prorata::host
