// Histograms on the host: bins found by vector code, counted in bins of each thread's own.
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

/// Elements whose places are found together.
inline constexpr index_t bin_block = 128;

/// How far ahead of them memory is asked for, in bytes.
inline constexpr index_t bin_read_ahead = 4096;

/// place[i] = rule.place(x[i]) for n ≤ bin_block elements.
///   method   a guess that lies clear of every edge is right; what does not is compared with the edges beside
///            it. Floats are guessed in float where that is precise enough
///   crowded  0 before the first block; then, how many blocks are not worth a guess, because many elements of
///            the last guessed one lay on edges
void find_places(bin_rule const& rule, double const* x, index_t n, std::uint32_t* place, int& crowded);
void find_places(bin_rule const& rule, float const* x, index_t n, std::uint32_t* place, int& crowded);

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

/// What find_places takes the elements of a load as.
template <class Load>
using bin_input = std::conditional_t<
    std::is_same_v<std::remove_cvref_t<decltype(numeric(std::declval<Load const&>()(index_t{})))>, float>,
    float, double>;

/// The n ≤ bin_block elements from `first` on: where they lie, or copied. load.read(first, n, to) gives many
/// at once where there is one.
template <class Load>
bin_input<Load> const* read_bin_block(Load const& load, index_t first, index_t n, bin_input<Load>* copy) {
  using X = bin_input<Load>;
  if constexpr (requires { load.prefetch(first, first, first); })
    load.prefetch(first, first + n, bin_read_ahead);
  if constexpr (detail::lies_as<X, Load>) {
    return load.contiguous(first);
  } else if constexpr (requires { load.read(first, n, copy); }) {
    load.read(first, n, copy);
  } else {
    for (index_t i = 0; i < n; ++i) copy[i] = static_cast<X>(numeric(load(first + i)));
  }
  return copy;
}

/// Counters that many threads fill at once: each has its own, which are added up at the end.
///   few bins    are kept several times over, so that equal neighbours do not wait for each other's stores
///   many        in bytes, which the nearest cache holds most of; what they overflow with lies apart
///   very many   that no cache holds are counted by atomic additions in one place
class bin_counters {
 public:
  explicit bin_counters(bin_rule const& rule);
  bin_counters(bin_counters const&) = delete;
  bin_counters& operator=(bin_counters const&) = delete;

  /// Counts load(i) for i in [begin, end). From many threads.
  template <class Load>
  void count(Load const& load, index_t begin, index_t end) {
    auto const mine = pool_.lend();
    for (index_t first = begin; first < end; first += bin_block) {
      index_t const n = std::min(bin_block, end - first);
      bin_input<Load> copy[bin_block];
      take(*mine, read_bin_block(load, first, n, copy), n);
    }
  }

  /// Adds what was counted to counts[0 … slots), once, when no thread counts any more.
  void add_to(index_t* counts);

 private:
  enum class kept { in_copies, in_bytes, in_one_place };
  struct private_bins {  // by place
    std::vector<std::uint32_t> counts;
    std::vector<std::uint8_t> low;
    std::vector<index_t> carried;  // what the others had no room for
    index_t pending = 0;           // elements in `counts`
    int crowded = 0;
    std::uint32_t place[2][bin_block];
    int next = 0;          // which of them is to be written next
    bool waiting = false;  // whether the other is a block to be counted while that is done
  };

  /// Finds the places of n ≤ bin_block elements, and counts them, or has them wait.
  template <class X>
  void take(private_bins& bins, X const* x, index_t n);
  template <class F>
  void with_adder(private_bins& bins, index_t n, F const& f);
  void finish(private_bins& bins);
  static void carry(private_bins& bins);

  bin_rule rule_;
  index_t stride_;
  kept kept_;
  pool<private_bins> pool_;
  std::unique_ptr<index_t[]> shared_;
};

/// Queues counts[rule(load(i))] += 1 for every i in [begin, end).
///   cost    one read of what load reads; per thread 40 bytes a bin, of many bins 9, at most 16 MiB
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
