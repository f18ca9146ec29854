// Keys alone: narrow ones are counted, wide ones dealt into buckets and sorted there by vectors.
#include <host/sorting/buckets.hpp>
#include <host/sorting/sort_bits.hpp>

namespace prorata::host::sorting {

namespace {

/// Keys of 32 or 64 bits, sorted where they are.
template <class U, number_kind Kind>
struct keys_job {
  using element = U;
  using key = U;
  static constexpr bool bits_stay = true, key_is_all = true;
  bit_order<U, Kind> order;
  U* data;

  U load(index_t i) const { return order.key(data[i]); }
  U* room(index_t place, index_t) const { return data + place; }
  void finish(U* keys, index_t n, index_t, key_range<U> range) const {
    if (range.least != range.greatest) vector_sort(keys, static_cast<std::size_t>(n));
    return_to(keys, n, keys - data);
  }
  void return_to(U const* keys, index_t n, index_t place) const {
    U* const to = data + place;
    if constexpr (Kind == number_kind::integer)
      if (to == keys && order.mask == 0) return;
    for (index_t i = 0; i < n; ++i) to[i] = order.bits(keys[i]);
  }
  void fill(stream const& s, U key, index_t n, index_t place) const {
    constexpr index_t grain = 1 << 14;
    bool const past_caches = static_cast<std::size_t>(n) * sizeof(U) >= streaming_bytes;
    std::vector<U> const same(static_cast<std::size_t>(std::min(n, grain)), order.bits(key));
    s.parallel((n + grain - 1) / grain, [&](index_t k) {
      index_t const begin = k * grain;
      std::size_t const bytes = static_cast<std::size_t>(std::min(grain, n - begin)) * sizeof(U);
      if (past_caches) {
        stream_bytes(data + place + begin, same.data(), bytes);
      } else {
        std::memcpy(data + place + begin, same.data(), bytes);
      }
    });
  }
  keys_job part(index_t place) const { return {order, data + place}; }
};

/// Keys of 8 or 16 bits: how often each occurs says it all.
template <class U, number_kind Kind>
void count_and_write(stream const& s, bit_order<U, Kind> order, U* data, index_t n) {
  constexpr std::size_t values = std::size_t{1} << (8 * sizeof(U));
  constexpr std::size_t lanes =
      sizeof(U) == 1 ? 4 : 2;  // so that equal neighbours do not wait for each other
  index_t const segments = std::clamp<index_t>(n / (1 << 18), 1, s.threads());
  std::vector<std::vector<index_t>> counts(static_cast<std::size_t>(segments));
  s.parallel(segments, [&](index_t k) {
    std::vector<index_t> mine(values * lanes);
    index_t const begin = k * n / segments, end = (k + 1) * n / segments;
    auto const count = [&](index_t i, std::size_t lane) { ++mine[lane * values + order.key(data[i])]; };
    index_t i = begin;
    for (; i + static_cast<index_t>(lanes) <= end; i += static_cast<index_t>(lanes))
      for (std::size_t lane = 0; lane < lanes; ++lane) count(i + static_cast<index_t>(lane), lane);
    for (; i < end; ++i) count(i, 0);
    for (std::size_t v = values; v < values * lanes; ++v) mine[v % values] += mine[v];
    mine.resize(values);
    counts[static_cast<std::size_t>(k)] = std::move(mine);
  });
  std::vector<index_t> ends(values);
  index_t before = 0;
  for (std::size_t v = 0; v < values; ++v) {
    for (auto const& c : counts) before += c[v];
    ends[v] = before;
  }
  constexpr index_t grain = 1 << 18;
  s.parallel((n + grain - 1) / grain, [&](index_t k) {
    index_t const begin = k * grain, end = std::min(begin + grain, n);
    auto value = static_cast<std::size_t>(std::upper_bound(ends.begin(), ends.end(), begin) - ends.begin());
    for (index_t i = begin; i < end; ++value) {
      index_t const to = std::min(ends[value], end);
      if (to > i) std::fill(data + i, data + to, order.bits(static_cast<U>(value)));
      i = std::max(i, to);
    }
  });
}

}  // namespace

template <class U, number_kind Kind>
void sort_bits(stream const& s, bit_order<U, Kind> order, U* data, index_t n) {
  if constexpr (sizeof(U) >= 4) {
    sort_in_buckets(s, keys_job<U, Kind>{order, data}, n);
  } else if (sizeof(U) == 2 && n < 20000) {  // too few for counters of every value
    std::sort(data, data + n, [&](U a, U b) { return order.key(a) < order.key(b); });
  } else {
    count_and_write(s, order, data, n);
  }
}

using enum number_kind;
template void sort_bits(stream const&, bit_order<std::uint8_t, boolean>, std::uint8_t*, index_t);
template void sort_bits(stream const&, bit_order<std::uint8_t, integer>, std::uint8_t*, index_t);
template void sort_bits(stream const&, bit_order<std::uint16_t, integer>, std::uint16_t*, index_t);
template void sort_bits(stream const&, bit_order<std::uint32_t, integer>, std::uint32_t*, index_t);
template void sort_bits(stream const&, bit_order<std::uint64_t, integer>, std::uint64_t*, index_t);
template void sort_bits(stream const&, bit_order<std::uint16_t, floating>, std::uint16_t*, index_t);
template void sort_bits(stream const&, bit_order<std::uint32_t, floating>, std::uint32_t*, index_t);
template void sort_bits(stream const&, bit_order<std::uint64_t, floating>, std::uint64_t*, index_t);

}  // namespace prorata::host::sorting
