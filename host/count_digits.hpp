// Counting keys by a digit on the host: each thread in tables of its own, which are added at the end.
#pragma once

#include <algorithm>
#include <atomic>
#include <host/for_each.hpp>
#include <mutex>
#include <prorata/rank_search.hpp>
#include <vector>

namespace prorata::host {

namespace detail {

/// Tables side by side that neighbouring keys use in turn: counting one key often would else wait for itself.
inline constexpr index_t count_tables = 4;

/// Counts the keys of [first, last), all of them counted: digits of a tile at once, then increments.
template <class K, class Load>
[[gnu::noinline]] void count_all(Load load, digit_rule<K> const rule, index_t first, index_t last,
                                 std::uint32_t* tables) {
  index_t const slots = rule.slots();
  alignas(64) std::uint16_t digits[tile];
  int const shift = rule.shift;
  auto const mask = static_cast<K>((K{1} << rule.bits) - 1);
  for (; first < last; first += tile) {
    index_t const n = std::min(tile, last - first);
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC ivdep
#endif
    for (index_t j = 0; j < n; ++j)
      digits[j] = static_cast<std::uint16_t>((static_cast<K>(load(first + j)) >> shift) & mask);
    index_t j = 0;
    for (; j + count_tables <= n; j += count_tables)
      for (index_t t = 0; t < count_tables; ++t) ++tables[t * slots + digits[j + t]];
    for (; j < n; ++j) ++tables[digits[j]];
  }
}

/// Counts those keys of [first, last) that the rule counts.
template <class K, class Load>
[[gnu::noinline]] void count_some(Load load, digit_rule<K> const rule, index_t first, index_t last,
                                  std::uint32_t* tables) {
  for (index_t i = first; i < last; ++i) {
    index_t const slot = rule.slot(static_cast<K>(load(i)));
    if (slot >= 0) ++tables[slot];
  }
}

}  // namespace detail

/// Queues counts[s] = how many of the keys load(i), i in [begin, end), the rule counts in slot s.
///   cost  reads the keys once; tables of 4 bytes a slot and thread
template <class K, class Load>
void count_digits(stream& s, index_t begin, index_t end, Load load, digit_rule<K> rule, index_t* counts) {
  s.enqueue([&s, begin, end, load, rule, counts] {
    index_t const slots = rule.slots();
    std::fill_n(counts, slots, index_t{0});
    if (begin >= end) return;
    bool const all = rule.count == 1 && rule.shift + rule.bits >= digit_rule<K>::width;
    index_t const tables = all ? detail::count_tables : 1;
    constexpr index_t longest = index_t{1} << 30;  // elements before a table of 32 bits is emptied
    index_t const blocks = (end - begin + loop_grain - 1) / loop_grain;
    std::atomic<index_t> next{0};
    std::mutex adding;
    s.parallel(std::min<index_t>(blocks, s.threads()), [&](index_t) {
      std::vector<std::uint32_t> table(static_cast<std::size_t>(tables * slots), 0);
      index_t seen = 0;
      auto const empty = [&] {
        std::lock_guard const lock(adding);
        for (index_t t = 0; t < tables; ++t)
          for (index_t k = 0; k < slots; ++k) counts[k] += table[static_cast<std::size_t>(t * slots + k)];
        std::fill(table.begin(), table.end(), 0u);
        seen = 0;
      };
      for (index_t b = next.fetch_add(1); b < blocks; b = next.fetch_add(1)) {
        index_t const first = begin + b * loop_grain, last = std::min(first + loop_grain, end);
        if (all)
          detail::count_all<K>(load, rule, first, last, table.data());
        else
          detail::count_some<K>(load, rule, first, last, table.data());
        if (seen += last - first; seen >= longest) empty();
      }
      empty();
    });
  });
}

}  // namespace prorata::host
