// Counting elements by bins and keys by digits, compiled by nvcc.
#include <host/run/gpu/kernels.hpp>
#include <kernels/count_digits.cuh>
#include <kernels/histogram.cuh>
#include <prorata/elements.hpp>

namespace prorata::host {

void count_in_bins(cuda::stream& s, bin_rule const& rule, double const* elements, index_t count,
                   index_t* counts) {
  cuda::histogram_index(s, rule, 0, count, element_load<identity, double>(identity{}, 0, elements), counts);
}

template <class Key>
void count_in_digits(cuda::stream& s, digit_rule<Key> const& rule, Key const* keys, index_t count,
                     index_t* counts) {
  cuda::count_digits(s, 0, count, element_load<identity, Key>(identity{}, 0, keys), rule, counts);
}

template void count_in_digits(cuda::stream&, digit_rule<std::uint32_t> const&, std::uint32_t const*, index_t,
                              index_t*);
template void count_in_digits(cuda::stream&, digit_rule<std::uint64_t> const&, std::uint64_t const*, index_t,
                              index_t*);

}  // namespace prorata::host
