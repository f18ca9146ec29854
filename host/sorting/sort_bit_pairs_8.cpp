// Stable sorting with values of 8 bytes, and with places for values.
#include <host/sorting/pairs_job.hpp>

namespace prorata::host::sorting {

using enum number_kind;
template void sort_bit_pairs<std::uint8_t, boolean, 8>(stream const&, bit_order<std::uint8_t, boolean>,
                                                       std::uint8_t*, void*, index_t);
template void sort_bit_pairs<std::uint8_t, integer, 8>(stream const&, bit_order<std::uint8_t, integer>,
                                                       std::uint8_t*, void*, index_t);
template void sort_bit_pairs<std::uint16_t, integer, 8>(stream const&, bit_order<std::uint16_t, integer>,
                                                        std::uint16_t*, void*, index_t);
template void sort_bit_pairs<std::uint32_t, integer, 8>(stream const&, bit_order<std::uint32_t, integer>,
                                                        std::uint32_t*, void*, index_t);
template void sort_bit_pairs<std::uint64_t, integer, 8>(stream const&, bit_order<std::uint64_t, integer>,
                                                        std::uint64_t*, void*, index_t);
template void sort_bit_pairs<std::uint16_t, floating, 8>(stream const&, bit_order<std::uint16_t, floating>,
                                                         std::uint16_t*, void*, index_t);
template void sort_bit_pairs<std::uint32_t, floating, 8>(stream const&, bit_order<std::uint32_t, floating>,
                                                         std::uint32_t*, void*, index_t);
template void sort_bit_pairs<std::uint64_t, floating, 8>(stream const&, bit_order<std::uint64_t, floating>,
                                                         std::uint64_t*, void*, index_t);

namespace {
/// Keys of at most 32 bits and places below 2^32 fit one word, which no other equals: the fast sort of words
/// is stable then.
template <class U, number_kind Kind>
void sort_words(stream const& s, bit_order<U, Kind> order, U* data, index_t first, index_t* indices,
                index_t n) {
  auto* const words = reinterpret_cast<std::uint64_t*>(indices);
  constexpr index_t grain = 1 << 15;
  auto const each = [&](auto const& f) {
    s.parallel((n + grain - 1) / grain, [&](index_t k) {
      for (index_t i = k * grain; i < std::min(k * grain + grain, n); ++i) f(i);
    });
  };
  each([&](index_t i) {
    words[i] = static_cast<std::uint64_t>(order.key(data[i])) << 32 | static_cast<std::uint64_t>(i);
  });
  sort_bits(s, bit_order<std::uint64_t, integer>{}, words, n);
  each([&](index_t i) {
    data[i] = order.bits(static_cast<U>(words[i] >> 32));
    indices[i] = first + static_cast<index_t>(words[i] & 0xffffffffu);
  });
}
}  // namespace

template <class U, number_kind Kind>
void sort_bit_indices(stream const& s, bit_order<U, Kind> order, U* data, index_t first, index_t* indices,
                      index_t n) {
  if constexpr (sizeof(U) <= 4)
    if (n <= index_t{1} << 32) return sort_words(s, order, data, first, indices, n);
  constexpr index_t grain = 1 << 15;
  s.parallel((n + grain - 1) / grain, [&](index_t k) {
    for (index_t i = k * grain; i < std::min(k * grain + grain, n); ++i) indices[i] = first + i;
  });
  sort_bit_pairs<U, Kind, 8>(s, order, data, indices, n);
}

template void sort_bit_indices(stream const&, bit_order<std::uint8_t, boolean>, std::uint8_t*, index_t,
                               index_t*, index_t);
template void sort_bit_indices(stream const&, bit_order<std::uint8_t, integer>, std::uint8_t*, index_t,
                               index_t*, index_t);
template void sort_bit_indices(stream const&, bit_order<std::uint16_t, integer>, std::uint16_t*, index_t,
                               index_t*, index_t);
template void sort_bit_indices(stream const&, bit_order<std::uint32_t, integer>, std::uint32_t*, index_t,
                               index_t*, index_t);
template void sort_bit_indices(stream const&, bit_order<std::uint64_t, integer>, std::uint64_t*, index_t,
                               index_t*, index_t);
template void sort_bit_indices(stream const&, bit_order<std::uint16_t, floating>, std::uint16_t*, index_t,
                               index_t*, index_t);
template void sort_bit_indices(stream const&, bit_order<std::uint32_t, floating>, std::uint32_t*, index_t,
                               index_t*, index_t);
template void sort_bit_indices(stream const&, bit_order<std::uint64_t, floating>, std::uint64_t*, index_t,
                               index_t*, index_t);

}  // namespace prorata::host::sorting
