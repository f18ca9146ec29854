// Elements of 8 and 16 bits: how often each value occurs, and where first, is all there is to know of them.
#pragma once

#include <host/cli/external_sort.hpp>
#include <mutex>

namespace prorata::cli {

struct counted_values {
  std::vector<index_t> counts, first;  ///< of every key; first means nothing where the count is 0
};

/// Counts n keys below `values` on the threads of a stream; waits for them.
///   read    read(first, last, put) calls put(place in the piece, key) for elements [first, last), in order
///   memory  16 bytes a value, for every thread
template <class Read>
counted_values count_values(host::stream& hands, index_t n, std::size_t values, Read const& read) {
  constexpr index_t together = 32;  // so many times a piece of each_piece: counting is worth the tables
  counted_values all{std::vector<index_t>(values), std::vector<index_t>(values, n)};
  std::mutex mutex;
  each_piece(hands, (n + together - 1) / together, [&](index_t begin, index_t end) {
    std::vector<index_t> counts(values), first_of(values, n);
    index_t const first = begin * together, last = std::min(end * together, n);
    read(first, last, [&](index_t k, std::size_t key) {
      if (counts[key]++ == 0) first_of[key] = first + k;
    });
    std::lock_guard const lock(mutex);
    for (std::size_t v = 0; v < values; ++v) {
      all.counts[v] += counts[v];
      all.first[v] = std::min(all.first[v], first_of[v]);
    }
  });
  return all;
}

}  // namespace prorata::cli
