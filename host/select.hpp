// Keeping some elements, in order, on the host: memory is read once and what is kept is written once.
#pragma once

#include <algorithm>
#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <host/chain.hpp>
#include <host/for_each.hpp>
#include <host/streaming.hpp>
#include <memory>
#include <prorata/column.hpp>
#include <tuple>
#include <type_traits>
#include <utility>

namespace prorata::host {

/// Elements that one thread selects from at a time: what it keeps of them waits in second-level cache for the
/// place it goes to.
inline constexpr index_t select_grain = 16 * tile;

namespace detail {

/// Which of `tile` elements are kept, one bit each.
struct kept_bits {
  static constexpr index_t words = tile / 64;
  std::uint64_t word[words];

  index_t count() const {
    index_t total = 0;
    for (std::uint64_t const w : word) total += std::popcount(w);
    return total;
  }
  kept_bits inverse(index_t n) const {  // of the first n
    kept_bits other;
    for (index_t k = 0; k < words; ++k) {
      index_t const here = std::clamp<index_t>(n - 64 * k, 0, 64);
      std::uint64_t const all = here == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << here) - 1;
      other.word[k] = ~word[k] & all;
    }
    return other;
  }
};

/// 64 bytes of 0 or 1 as bits.
inline std::uint64_t bits_of_bytes(unsigned char const* flags) {
#if defined(__AVX512BW__)
  __m512i const v = _mm512_loadu_si512(flags);
  return _mm512_test_epi8_mask(v, v);
#elif defined(__SSE2__)
  std::uint64_t bits = 0;
  for (int k = 0; k < 4; ++k) {
    __m128i const v = _mm_loadu_si128(reinterpret_cast<__m128i const*>(flags) + k);
    auto const some = static_cast<unsigned>(_mm_movemask_epi8(_mm_sub_epi8(_mm_setzero_si128(), v)));
    bits |= static_cast<std::uint64_t>(some) << 16 * k;
  }
  return bits;
#else
  std::uint64_t bits = 0;
  for (int k = 0; k < 64; ++k) bits |= static_cast<std::uint64_t>(flags[k]) << k;
  return bits;
#endif
}

/// A question that knows which memory it reads.
template <class Keep>
concept asks_ahead = requires(Keep const& keep, index_t i) {
  keep.prefetch(i, i, i);
};

/// Asks `keep` about the n ≤ tile elements from `first` on. (By value: a functor that others could point to
/// keeps loops from being vectorised.)
template <class Keep>
[[gnu::noinline]] kept_bits ask(Keep keep, index_t first, index_t n) {
  constexpr index_t strip = 128, read_ahead = 1536;  // elements, bytes: as a warp's steps (host/warp.hpp)
  alignas(64) unsigned char flags[strip];
  kept_bits bits{};
  for (index_t k = 0; k < n; k += strip) {
    index_t const at = first + k, here = std::min(strip, n - k);
    if (here == strip) {
      if constexpr (asks_ahead<Keep>) keep.prefetch(at, at + strip, read_ahead);
#if defined(__clang__)
#pragma clang loop vectorize(assume_safety)
#elif defined(__GNUC__)
#pragma GCC ivdep
#endif
      for (index_t j = 0; j < strip; ++j) flags[j] = keep(at + j) ? 1 : 0;
    } else {
      for (index_t j = 0; j < here; ++j) flags[j] = keep(at + j) ? 1 : 0;
      std::memset(flags + here, 0, static_cast<std::size_t>(strip - here));
    }
    for (index_t j = 0; j < strip / 64; ++j) bits.word[k / 64 + j] = bits_of_bytes(flags + 64 * j);
  }
  return bits;
}

/// Writes first + k for every bit k; returns how many. Room for `places_slack` more: eight are written at a
/// time, since how many a word holds cannot be predicted.
inline constexpr index_t places_slack = 8;
inline index_t list_places(kept_bits const& bits, index_t first, index_t* to) {
  index_t* next = to;
  for (index_t k = 0; k < kept_bits::words; ++k, first += 64) {
    std::uint64_t rest = bits.word[k];
    index_t const count = std::popcount(rest);
    for (index_t done = 0; done < count; done += 8)
      for (index_t j = 0; j < 8; ++j, rest &= rest - 1) next[done + j] = first + std::countr_zero(rest);
    next += count;
  }
  return next - to;
}

/// Room behind the end of what is compacted: whole registers are stored there.
inline constexpr index_t compact_slack = 64;

/// Writes those of 64 values that the bits name, without branches; returns where the next one goes. What lies
/// behind that is overwritten.
template <class T>
T* compact(std::uint64_t bits, T const* from, T* to) {
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 4 || sizeof(T) == 8) {
    constexpr int lanes = 64 / sizeof(T);
    constexpr unsigned all = (1u << lanes) - 1;
    for (int k = 0; k < 64;
         k += lanes) {  // into a register: compressing into memory is slow on some processors
      auto const mask = static_cast<unsigned>(bits >> k) & all;
      __m512i const v = _mm512_loadu_si512(from + k);
      if constexpr (sizeof(T) == 4)
        _mm512_storeu_si512(to, _mm512_maskz_compress_epi32(static_cast<__mmask16>(mask), v));
      else
        _mm512_storeu_si512(to, _mm512_maskz_compress_epi64(static_cast<__mmask8>(mask), v));
      to += std::popcount(mask);
    }
    return to;
  }
#endif
#if defined(__AVX512VBMI2__) && defined(__AVX512BW__)
  if constexpr (sizeof(T) == 1) {
    _mm512_storeu_si512(to, _mm512_maskz_compress_epi8(bits, _mm512_loadu_si512(from)));
    return to + std::popcount(bits);
  }
  if constexpr (sizeof(T) == 2) {
    for (int k = 0; k < 64; k += 32) {
      auto const mask = static_cast<__mmask32>(bits >> k);
      _mm512_storeu_si512(to, _mm512_maskz_compress_epi16(mask, _mm512_loadu_si512(from + k)));
      to += std::popcount(mask);
    }
    return to;
  }
#endif
  for (int k = 0; k < 64; ++k) {
    *to = from[k];
    to += (bits >> k) & 1;
  }
  return to;
}

/// Whether elements lie in memory as they are to be written.
template <class Load, class T>
concept reads_as_stored = requires(Load const& load, index_t i) {
  { load.contiguous(i) } -> std::same_as<T const*>;
};

/// Writes what the bits name of the n ≤ tile elements from `first` on; returns where the next one goes.
template <class Load, class T>
[[gnu::noinline]] T* compact_tile(kept_bits const& bits, Load load, index_t first, index_t n, T* to) {
  auto const compact_all = [&](T const* values) {
    for (index_t k = 0; k < kept_bits::words; ++k) to = compact(bits.word[k], values + 64 * k, to);
    return to;
  };
  if constexpr (reads_as_stored<Load, T>) {
    if (n == tile) return compact_all(load.contiguous(first));
  } else if constexpr (std::is_trivially_default_constructible_v<T> && sizeof(T) <= 16) {
    if (n == tile && bits.count() >= tile / 8) {
      alignas(64) T staged[tile];
      store_each(load, first, first + n, staged);
      return compact_all(staged);
    }
  }
  for (index_t k = 0; k < kept_bits::words; ++k)
    for (std::uint64_t rest = bits.word[k]; rest != 0; rest &= rest - 1)
      *to++ = static_cast<T>(load(first + 64 * k + std::countr_zero(rest)));
  return to;
}

/// Writes what lies at the given places; returns where the next one goes.
template <class Load, class T>
T* gather(index_t const* places, index_t count, Load load, T* to) {
  for (index_t k = 0; k < count; ++k) to[k] = static_cast<T>(load(places[k]));
  return to + count;
}

/// Tiles of which at most a fourth is kept are gathered, others compacted.
inline constexpr index_t most_gathered = tile / 4;

/// Whether results of which `so_far` came from the first `seen` of n elements will be larger than the caches.
inline bool outgrows_caches(index_t so_far, index_t seen, index_t n, std::size_t size) {
  return static_cast<double>(so_far) / static_cast<double>(seen) * static_cast<double>(n) *
             static_cast<double>(size) >=
         static_cast<double>(streaming_bytes);
}

/// Room for elements that will be written before they are read.
template <class T>
class room_for {
 public:
  explicit room_for(index_t n)
      : bytes_(std::make_unique_for_overwrite<std::byte[]>(static_cast<std::size_t>(n) * sizeof(T))) {}
  T* data() const { return reinterpret_cast<T*>(bytes_.get()); }

 private:
  std::unique_ptr<std::byte[]> bytes_;
};

/// Copies what one thread has in cache behind the `before` elements of earlier blocks; with them, `seen` of n
/// elements are done.
template <class T>
void settle(T* to, T const* from, index_t count, index_t before, index_t seen, index_t n) {
  if (count <= 0) return;
  auto const bytes = static_cast<std::size_t>(count) * sizeof(T);
  if (outgrows_caches(before + count, seen, n, sizeof(T)))
    stream_bytes(to + before, from, bytes);
  else
    std::memcpy(static_cast<void*>(to + before), from, bytes);
}

/// What one thread keeps of a block for one column, in cache, until its place is known.
template <class Column>
class column_block {
  using T = std::remove_reference_t<decltype(*std::declval<Column&>().out)>;

 public:
  column_block(Column const& to, index_t elements) : to_(to), room_(elements + compact_slack) { restart(); }

  void restart() { end_ = begin(); }
  void take(kept_bits const& bits, index_t first, index_t n) {
    end_ = compact_tile(bits, to_.load, first, n, end_);
  }
  void take(index_t const* places, index_t count) { end_ = gather(places, count, to_.load, end_); }
  index_t count() const { return end_ - begin(); }

  /// Copies the block behind the `before` elements of earlier blocks; with them, `seen` of n are done.
  void settle(index_t before, index_t seen, index_t n) const {
    index_t const wanted = std::min(count(), limit_of(to_) - std::min(before, limit_of(to_)));
    detail::settle(to_.out, begin(), wanted, before, seen, n);
  }

 private:
  T* begin() const { return room_.data(); }

  Column to_;
  room_for<T> room_;
  T* end_;
};

}  // namespace detail

/// Queues  out[k] = load(i) for the k-th index i of [begin, end) for which keep(i) holds, for every column
/// or first_column, and *count = how many there are. Columns are apart from what keep and load read; out has
/// room for all it may get. keep and load may be called for any index of the range, in any order.
///   cost  reads what keep and load read once, writes what is kept once
template <class Keep, class... Column>
void select_index(stream& s, index_t begin, index_t end, Keep keep, index_t* count, Column... columns) {
  s.enqueue([&s, begin, end, keep, count, columns...] {
    index_t const n = std::max<index_t>(end - begin, 0);
    auto const make_room = [&] {
      return std::tuple(detail::column_block<Column>(columns, std::min(n, select_grain))...);
    };
    auto const work = [&](auto& room, index_t k) {
      index_t const first = begin + k * select_grain, last = std::min(first + select_grain, end);
      index_t kept = 0;
      std::apply([](auto&... block) { (block.restart(), ...); }, room);
      for (index_t i = first; i < last; i += tile) {
        index_t const here = std::min(tile, last - i);
        auto const bits = detail::ask(keep, i, here);
        index_t const some = bits.count();
        if (some == 0) continue;
        kept += some;
        if (some <= detail::most_gathered) {
          index_t places[detail::most_gathered + detail::places_slack];
          detail::list_places(bits, i, places);
          std::apply([&](auto&... block) { (block.take(places, some), ...); }, room);
          continue;
        }
        std::apply([&](auto&... block) { (block.take(bits, i, here), ...); }, room);
      }
      return kept;
    };
    auto const place = [&](auto& room, index_t k, index_t before, index_t) {
      index_t const seen = std::min(n, (k + 1) * select_grain);
      std::apply([&](auto&... block) { (block.settle(before, seen, n), ...); }, room);
    };
    *count = in_chain(s, (n + select_grain - 1) / select_grain, make_room, work, place);
  });
}

/// Queues the same for one column, and the others too: load(i) of the indices for which keep(i) does not hold
/// goes to `rest`, in order.
///   cost  reads everything once, writes every element once
template <class Keep, class Load, class T>
void partition_index(stream& s, index_t begin, index_t end, Keep keep, Load load, T* kept, T* rest,
                     index_t* count) {
  s.enqueue([&s, begin, end, keep, load, kept, rest, count] {
    using block = detail::column_block<column<Load, T>>;
    index_t const n = std::max<index_t>(end - begin, 0);
    auto const make_room = [&] {
      index_t const grain = std::min(n, select_grain);
      return std::pair(block({load, kept}, grain), block({load, rest}, grain));
    };
    auto const work = [&](auto& room, index_t k) {
      index_t const first = begin + k * select_grain, last = std::min(first + select_grain, end);
      room.first.restart();
      room.second.restart();
      for (index_t i = first; i < last; i += tile) {
        index_t const here = std::min(tile, last - i);
        auto const bits = detail::ask(keep, i, here);
        room.first.take(bits, i, here);
        room.second.take(bits.inverse(here), i, here);
      }
      return room.first.count();
    };
    auto const place = [&](auto& room, index_t k, index_t before, index_t) {
      index_t const first = k * select_grain, seen = std::min(n, first + select_grain);
      room.first.settle(before, seen, n);
      room.second.settle(first - before, seen, n);
    };
    *count = in_chain(s, (n + select_grain - 1) / select_grain, make_room, work, place);
  });
}

}  // namespace prorata::host
