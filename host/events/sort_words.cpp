// The host's sort of pairs, for those who have no stream.
#include <host/events/sort_words.hpp>
#include <host/sorting/sort_bits.hpp>
#include <host/stream.hpp>

namespace prorata::events {

void sort_words(std::vector<std::uint64_t>& keys, std::vector<void const*>& values, int threads) {
  host::stream s({.threads = threads});
  s.enqueue([&] {
    host::sorting::sort_bit_pairs<std::uint64_t, number_kind::integer, 8>(s, {}, keys.data(), values.data(),
                                                                          std::ssize(keys));
  });
  s.sync();
}

}  // namespace prorata::events
