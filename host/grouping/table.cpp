// The order in which a table gives its groups back.
#include <array>
#include <host/grouping/table.hpp>

namespace prorata::host {

void sort_places(std::vector<word_place>& places, std::vector<word_place>& scratch) {
  auto const before = [](word_place const& a, word_place const& b) { return a.key < b.key; };
  std::size_t const n = places.size();
  if (n < 64) return std::sort(places.begin(), places.end(), before);
  std::uint64_t low = places[0].key, high = low;
  for (auto const& p : places) {
    low = std::min(low, p.key);
    high = std::max(high, p.key);
  }
  int const bits = bit_length(high - low);
  // leading bits that tell n keys apart if they are spread evenly, in passes of 8
  int const telling = std::min(bits, bit_length(static_cast<std::uint64_t>(n)) + 3);
  int const passes = (telling + 7) / 8;
  int const first = std::max(0, bits - 8 * passes);
  scratch.resize(n);
  for (int pass = 0; pass < passes; ++pass) {
    int const shift = first + 8 * pass;
    std::array<std::uint32_t, 257> from{};
    for (auto const& p : places) ++from[((p.key - low) >> shift & 255) + 1];
    for (std::size_t d = 1; d < 257; ++d) from[d] += from[d - 1];
    for (auto const& p : places) scratch[from[(p.key - low) >> shift & 255]++] = p;
    places.swap(scratch);
  }
  if (first == 0) return;
  for (std::size_t i = 0; i < n;) {
    std::size_t last = i + 1;
    while (last < n && (places[last].key - low) >> first == (places[i].key - low) >> first) ++last;
    if (last - i > 1)
      std::sort(places.begin() + static_cast<std::ptrdiff_t>(i),
                places.begin() + static_cast<std::ptrdiff_t>(last), before);
    i = last;
  }
}

}  // namespace prorata::host
