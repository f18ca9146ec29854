// Stable sorting with values of 4 bytes.
#include <host/sorting/pairs_job.hpp>

namespace prorata::host::sorting {

using enum number_kind;
template void sort_bit_pairs<std::uint8_t, boolean, 4>(stream const&, bit_order<std::uint8_t, boolean>,
                                                       std::uint8_t*, void*, index_t);
template void sort_bit_pairs<std::uint8_t, integer, 4>(stream const&, bit_order<std::uint8_t, integer>,
                                                       std::uint8_t*, void*, index_t);
template void sort_bit_pairs<std::uint16_t, integer, 4>(stream const&, bit_order<std::uint16_t, integer>,
                                                        std::uint16_t*, void*, index_t);
template void sort_bit_pairs<std::uint32_t, integer, 4>(stream const&, bit_order<std::uint32_t, integer>,
                                                        std::uint32_t*, void*, index_t);
template void sort_bit_pairs<std::uint64_t, integer, 4>(stream const&, bit_order<std::uint64_t, integer>,
                                                        std::uint64_t*, void*, index_t);
template void sort_bit_pairs<std::uint16_t, floating, 4>(stream const&, bit_order<std::uint16_t, floating>,
                                                         std::uint16_t*, void*, index_t);
template void sort_bit_pairs<std::uint32_t, floating, 4>(stream const&, bit_order<std::uint32_t, floating>,
                                                         std::uint32_t*, void*, index_t);
template void sort_bit_pairs<std::uint64_t, floating, 4>(stream const&, bit_order<std::uint64_t, floating>,
                                                         std::uint64_t*, void*, index_t);

}  // namespace prorata::host::sorting
