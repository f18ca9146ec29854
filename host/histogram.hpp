// Histograms on the host: slots found by vector code, counted in bins of each thread's own.
#pragma once

#include <algorithm>
#include <cstdint>
#include <host/for_each.hpp>
#include <host/pool.hpp>
#include <host/stream.hpp>
#include <memory>
#include <prorata/bins.hpp>
#include <type_traits>
#include <utility>
#include <vector>

namespace prorata::host {

/// Elements whose slots are found together.
inline constexpr index_t bin_block = 128;

/// slot[i] = rule(x[i]) for n ≤ bin_block elements. Floats are placed in float where that is precise enough.
///   method   a guess that lies clear of every edge is right; what does not is compared with the edges beside
///   it crowded  0 before the first block; what it holds then says how many blocks are not worth a guess,
///   because
///            many elements of the last guessed one lay on edges
void find_slots(bin_rule const& rule, double const* x, index_t n, std::uint32_t* slot, int& crowded);
void find_slots(bin_rule const& rule, float const* x, index_t n, std::uint32_t* slot, int& crowded);

namespace detail {
template <class Load, class = void>
inline constexpr bool is_contiguous = false;
template <class Load>
inline constexpr bool is_contiguous<Load, std::void_t<decltype(std::declval<Load const&>().contiguous(0))>> =
    true;
/// Whether a load reads elements of X as they lie in memory.
template <class X, class Load>
constexpr bool lies_as = [] {
  if constexpr (is_contiguous<Load>) {
    return std::is_same_v<decltype(std::declval<Load const&>().contiguous(0)), X const*>;
  } else {
    return false;
  }
}();
}  // namespace detail

/// Counters that many threads fill at once: each has its own, which are added up at the end. Few bins are
/// kept several times over, so that equal neighbours do not wait for each other's stores; so many bins that
/// no cache holds them are counted by atomic additions in one place.
class bin_counters {
 public:
  explicit bin_counters(bin_rule const& rule);
  bin_counters(bin_counters const&) = delete;
  bin_counters& operator=(bin_counters const&) = delete;

  /// Counts load(i) for i in [begin, end). From many threads.
  template <class Load>
  void count(Load const& load, index_t begin, index_t end) {
    using T = std::remove_cvref_t<decltype(numeric(load(begin)))>;
    using X = std::conditional_t<std::is_same_v<T, float>, float, double>;
    auto const mine = pool_.lend();
    std::uint32_t slot[bin_block];
    for (index_t first = begin; first < end; first += bin_block) {
      index_t const n = std::min(bin_block, end - first);
      if constexpr (detail::lies_as<X, Load>) {
        find_slots(rule_, load.contiguous(first), n, slot, mine->crowded);
      } else {
        X x[bin_block];
        for (index_t i = 0; i < n; ++i) x[i] = static_cast<X>(numeric(load(first + i)));
        find_slots(rule_, x, n, slot, mine->crowded);
      }
      add(*mine, slot, n);
    }
  }

  /// Adds what was counted so far to counts[0 … slots). When no thread counts.
  void add_to(index_t* counts) const;

 private:
  struct private_bins {
    std::vector<std::uint32_t> counts;
    std::vector<index_t> carried;  // what outgrew 32 bits
    index_t pending = 0;           // elements counted since the last carry
    int crowded = 0;
  };

  void add(private_bins& bins, std::uint32_t const* slot, index_t n);
  void carry(private_bins& bins) const;

  bin_rule rule_;
  index_t stride_;
  int copies_;               // 0: one place for all threads
  pool<private_bins> pool_;  // without counts where all threads share one place
  std::unique_ptr<index_t[]> shared_;
};

/// Queues counts[rule(load(i))] += 1 for every i in [begin, end).
///   cost    one read of what load reads; per thread 4 bytes a bin, at least 32 KiB
///   throws  out_of_memory from sync
template <class Load>
void histogram_index(stream& s, bin_rule rule, index_t begin, index_t end, Load load, index_t* counts) {
  if (begin >= end) return;
  s.enqueue([&s, rule, begin, end, load, counts] {
    bin_counters counters(rule);
    constexpr index_t grain = 4 * loop_grain;
    s.parallel((end - begin + grain - 1) / grain, [&](index_t k) {
      counters.count(load, begin + k * grain, std::min(begin + (k + 1) * grain, end));
    });
    counters.add_to(counts);
  });
}

}  // namespace prorata::host
