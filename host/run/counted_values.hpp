// Elements of 8 and 16 bits: how often each value occurs, and where first, is all there is to know of them.
#pragma once

#include <host/run/shuffle.hpp>
#include <mutex>

namespace prorata::host {

struct counted_values {
  std::vector<index_t> counts, first;  ///< of every key; first means nothing where the count is 0
};

/// Counts the keys of some of n elements of 8 or 16 bits on the threads of a stream; waits for them.
///   done    done(how many) is called as elements are read; from any thread
///   memory  16 bytes a value, for every thread
template <class Done>
counted_values count_values(stream& hands, piece some, key_source<std::uint32_t> const& source,
                            Done const& done) {
  constexpr index_t together = 32;  // so many times a piece of each_piece: counting is worth the tables
  std::size_t const values = std::size_t{1} << source.bits();
  counted_values all{std::vector<index_t>(values), std::vector<index_t>(values, some.n)};
  std::mutex mutex;
  each_piece(hands, (some.end - some.begin + together - 1) / together, [&](index_t begin, index_t end) {
    std::vector<index_t> counts(values), first_of(values, some.n);
    index_t const first = some.begin + begin * together,
                  last = std::min(some.begin + end * together, some.end);
    source.each_block(first, last, [&](std::uint32_t const* keys, index_t place, index_t size) {
      for (index_t i = 0; i < size; ++i)
        if (counts[keys[i]]++ == 0) first_of[keys[i]] = place + i;
    });
    done(last - first);
    std::lock_guard const lock(mutex);
    for (std::size_t v = 0; v < values; ++v) {
      all.counts[v] += counts[v];
      all.first[v] = std::min(all.first[v], first_of[v]);
    }
  });
  return all;
}

}  // namespace prorata::host
