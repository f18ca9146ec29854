// Sorting what is larger than the caches: one sweep deals the elements out into buckets of neighbouring keys,
// and each bucket is then sorted in cache.
//
//   input      7 1 9 4 8 2 …                read once
//   blocks     1 2 | 4 | 7 8 9 | …          each segment of the input fills blocks of each bucket, line by
//   line output     1 2   4   7 8 9              a bucket's blocks are gathered at its place and sorted there
//
// The sizes of buckets need not be known before, so that there is no counting sweep; where they meet comes
// from a sample. Blocks are listed in the order of the input: a bucket keeps the order of equal keys. After
// ips4o (Axtmann, Witt, Ferizovic, Sanders: Engineering in-place (shared-memory) sorting, 2022) and
// partitioning with write-combining lines (Wassenberg, Sanders: Engineering a multi-core radix sort, 2011).
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <host/sorting/splitting.hpp>
#include <host/sorting/stable_radix.hpp>
#include <host/sorting/vector_sort.hpp>
#include <host/stream.hpp>
#include <host/streaming.hpp>
#include <limits>
#include <memory>
#include <prorata/error.hpp>
#include <vector>

namespace prorata::host::sorting {

/// Sizes, all powers of two.
inline constexpr index_t bucket_bytes = 256 << 10;  ///< wanted: fits the cache of one core, with room
inline constexpr index_t large_bucket_bytes = 4 << 20;
inline constexpr int depth_limit = 4;

/// What one segment of the input put where.
template <class E>
struct segment {
  std::byte* room;
  std::size_t block_bytes;
  std::vector<std::uint32_t> next;  // the block behind each block, in the same bucket
  std::vector<std::uint32_t> first;
  std::vector<index_t> count;  // elements of each bucket

  /// f(elements, how many) for the blocks of a bucket, in order.
  template <class F>
  void each_block(int bucket, F const& f) const {
    auto const b = static_cast<std::size_t>(bucket);
    auto const per_block = static_cast<index_t>(block_bytes / sizeof(E));
    index_t rest = count[b];
    for (std::uint32_t block = first[b]; rest > 0; rest -= per_block) {
      auto const* const from = room + block * block_bytes;
      block = next[block];
      if (rest > per_block) {
        auto const* const ahead = room + block * block_bytes;
        for (std::size_t line = 0; line < 4; ++line) __builtin_prefetch(ahead + line * line_bytes);
      }
      f(reinterpret_cast<E const*>(from), std::min(rest, per_block));
    }
  }
};

/// Bytes of a bucket that are collected before they go to its block together: four lines wait for the bus
/// less than one, and end in a mispredicted branch less often.
inline constexpr std::size_t staged_bytes = 4 * line_bytes;

/// Blocks that a segment may need.
inline std::size_t blocks_of(index_t bytes, int buckets, std::size_t block_bytes) {
  return static_cast<std::size_t>(bytes) / block_bytes + static_cast<std::size_t>(buckets) + 1;
}

/// Deals load(i) for i in [begin, end) out into blocks at `room`.
///   needs  bucket_of(key) < bucket_of.buckets(); what a splitting_around says is counted is not stored
template <class E, class BucketOf, class Load>
segment<E> deal(Load const& load, index_t begin, index_t end, BucketOf const& bucket_of,
                std::size_t block_bytes, std::byte* room) {
  constexpr bool counts = requires { bucket_of.commonest(); };
  constexpr std::size_t per_line = staged_bytes / sizeof(E);
  auto const buckets = static_cast<std::size_t>(bucket_of.buckets());
  std::size_t const blocks =
      blocks_of((end - begin) * static_cast<index_t>(sizeof(E)), bucket_of.buckets(), block_bytes);
  segment<E> mine{room, block_bytes, std::vector<std::uint32_t>(blocks), std::vector<std::uint32_t>(buckets),
                  std::vector<index_t>(buckets)};
  struct line {
    alignas(staged_bytes) std::byte bytes[staged_bytes];
  };
  struct cursor {
    E* next;           // the next place in the bucket's line
    std::byte* block;  // where the line goes
  };
  std::vector<line> lines(buckets);
  std::vector<cursor> at(buckets);
  std::vector<std::uint32_t> last(buckets);
  for (std::size_t b = 0; b < buckets; ++b) at[b] = {reinterpret_cast<E*>(lines[b].bytes), nullptr};
  std::uint32_t used = 0;
  auto const store = [&](std::size_t b) {
    mine.count[b] += per_line;
    if constexpr (counts)
      if (bucket_of.is_counted(b)) return;
    auto& c = at[b];
    if ((reinterpret_cast<std::uintptr_t>(c.block) & (block_bytes - 1)) == 0) {  // full, or none yet
      if (c.block == nullptr) {
        mine.first[b] = used;
      } else {
        mine.next[last[b]] = used;
      }
      last[b] = used;
      c.block = mine.room + used++ * block_bytes;
    }
    stream_lines(c.block, lines[b].bytes, staged_bytes);
    c.block += staged_bytes;
  };
  auto const place = [&](E const& e) {
    auto const b = bucket_of(key_of(e));
    auto& c = at[b];
    *c.next++ = e;
    if ((reinterpret_cast<std::uintptr_t>(c.next) & (staged_bytes - 1)) == 0) [[unlikely]] {
      store(b);
      c.next -= per_line;
    }
  };
  index_t next = begin;
  if constexpr (counts) {
    if (int const common = bucket_of.commonest(); common >= 0) {  // sieved out before its line is waited for
      auto const key = bucket_of.key_of_bucket(static_cast<std::size_t>(common));
      constexpr index_t sieve = 512;
      E rest[sieve];
      while (next < end) {
        index_t const n = std::min(sieve, end - next);
        index_t kept = 0;
        for (index_t k = 0; k < n; ++k) {
          E const e = load(next + k);
          rest[kept] = e;
          kept += key_of(e) != key ? 1 : 0;
        }
        mine.count[static_cast<std::size_t>(common)] += n - kept;
        for (index_t k = 0; k < kept; ++k) place(rest[k]);
        next += n;
      }
    }
  }
  for (; next < end; ++next) place(load(next));
  for (std::size_t b = 0; b < buckets; ++b) {
    auto const rest = at[b].next - reinterpret_cast<E*>(lines[b].bytes);
    if (rest == 0) continue;
    store(b);
    mine.count[b] += rest - static_cast<index_t>(per_line);
  }
  streaming_fence();
  return mine;
}

/// Deals n elements out, in segments in the order of the input.
template <class E, class BucketOf, class Load>
std::vector<std::unique_ptr<segment<E>>> deal_all(stream const& s, Load const& load, index_t n,
                                                  BucketOf const& bucket_of) {
  constexpr auto size = static_cast<index_t>(sizeof(E));
  std::size_t const block_bytes = n * size >= index_t{64} << 20 ? 4096 : 1024;
  index_t const wasted = bucket_of.buckets() * static_cast<index_t>(block_bytes);  // below an eighth of all
  index_t const threads = s.threads();
  index_t const segments = std::clamp(n * size / (8 * wasted), threads, 4 * threads);
  std::vector<std::unique_ptr<segment<E>>> dealt(static_cast<std::size_t>(segments));
  auto const room_bytes =
      blocks_of((n / segments + 1) * size, bucket_of.buckets(), block_bytes) * block_bytes;
  std::byte* const room = s.scratch(room_bytes * static_cast<std::size_t>(segments));
  s.parallel(segments, [&](index_t k) {
    dealt[static_cast<std::size_t>(k)] =
        std::make_unique<segment<E>>(deal<E>(load, k * n / segments, (k + 1) * n / segments, bucket_of,
                                             block_bytes, room + static_cast<std::size_t>(k) * room_bytes));
  });
  return dealt;
}

/// The least and the greatest key of some elements.
template <class U>
struct key_range {
  U least = std::numeric_limits<U>::max(), greatest = 0;

  template <class E>
  void take(E const* x, index_t n) {
    U low = least, high = greatest;
    for (index_t i = 0; i < n; ++i) {
      U const k = key_of(x[i]);
      low = k < low ? k : low;
      high = k > high ? k : high;
    }
    least = low, greatest = high;
  }
};

/// Keys at n/count places that grow, so that a sorted array gives a sorted sample.
template <class U, class Load>
std::vector<U> sampled(Load const& load, index_t n, index_t count) {
  std::vector<U> keys(static_cast<std::size_t>(count));
  std::uint64_t random = static_cast<std::uint64_t>(n);
  index_t const stride = n / count;
  for (index_t k = 0; k < count; ++k) {
    random = random * 0x5851f42d4c957f2du + 0x14057b7ef767814fu;
    index_t const within = static_cast<index_t>((random >> 33) % static_cast<std::uint64_t>(stride));
    keys[static_cast<std::size_t>(k)] = static_cast<U>(key_of(load(k * stride + within)));
  }
  return keys;
}

/// Whether load(i) never goes down.
template <class Load>
bool is_ascending(stream const& s, Load const& load, index_t n) {
  constexpr index_t grain = 1 << 15;
  std::atomic<bool> descends{false};
  s.parallel((n + grain - 1) / grain, [&](index_t k) {
    if (descends.load(std::memory_order_relaxed)) return;
    index_t const begin = std::max<index_t>(k * grain, 1), end = std::min(k * grain + grain, n);
    std::uint64_t down = 0;  // counted: compilers make better vector code of that than of a bool
    for (index_t i = begin; i < end; ++i) down += key_of(load(i)) < key_of(load(i - 1)) ? 1 : 0;
    if (down != 0) descends.store(true, std::memory_order_relaxed);
  });
  return !descends.load(std::memory_order_relaxed);
}

/// Sorts n elements of a job, which says what they are and where they go:
///   element, key     what is dealt out, and its key's type
///   bits_stay        an element comes back with the bits it had
///   key_is_all       elements of one key differ in nothing; fill(s, key, n, p) writes n of them to place p
///   load(i)          element i, before anything is written; where all are in order already, nothing is
///   room(p, n)       where a bucket of n elements that belongs at place p is gathered
///   finish(e, n, p, range)  sorts the gathered elements and writes them to place p
///   return_to(e, n, p)      writes elements to place p as they were
///   part(p)          the same job, beginning at place p
template <class Job>
void sort_in_buckets(stream const& s, Job const& job, index_t n, int depth = 0) {
  using E = typename Job::element;
  using U = typename Job::key;
  auto const load = [&](index_t i) { return job.load(i); };
  constexpr auto size = static_cast<index_t>(sizeof(E));
  index_t const threads = s.threads();
  if (n * size <= 2 * bucket_bytes || n < 4096 || depth == depth_limit) {
    if (n == 0) return;
    E* const all = job.room(0, n);
    for (index_t i = 0; i < n; ++i) all[i] = job.load(i);
    key_range<U> range;
    range.take(all, n);
    return job.finish(all, n, 0, range);
  }

  int const wanted = static_cast<int>(
      std::clamp(n * size / bucket_bytes, std::min<index_t>(8 * threads, 512), index_t{1024}));
  std::vector<U> sample = sampled<U>(load, n, std::min<index_t>(16 * wanted, n / 4));
  if (Job::bits_stay && std::is_sorted(sample.begin(), sample.end()) && is_ascending(s, load, n)) return;
  vector_sort(sample.data(), sample.size());
  splitting<U> const cells(sample, wanted);
  auto const heavy = heavy_keys(sample, wanted);
  splitting_around<U, Job::key_is_all> const around(cells, heavy, sample.size());
  auto dealt = heavy.empty() ? deal_all<E>(s, load, n, cells) : deal_all<E>(s, load, n, around);
  auto const segments = static_cast<index_t>(dealt.size());
  int const buckets = around.buckets();

  struct bucket {
    int number;
    index_t begin, count;
  };
  std::vector<bucket> small, large, counted;
  index_t const limit = std::max(large_bucket_bytes, 4 * n * size / buckets);
  index_t place = 0;
  for (int b = 0; b < buckets; ++b) {
    index_t count = 0;
    for (auto const& seg : dealt) count += seg->count[static_cast<std::size_t>(b)];
    auto& its = around.is_counted(static_cast<std::size_t>(b)) ? counted
                : count * size > limit                         ? large
                                                               : small;
    if (count > 0) its.push_back({b, place, count});
    place += count;
  }
  std::stable_sort(small.begin(), small.end(),
                   [](bucket const& a, bucket const& b) { return a.count / 2 > b.count; });

  if constexpr (Job::key_is_all)
    for (auto const& b : counted)
      job.fill(s, around.key_of_bucket(static_cast<std::size_t>(b.number)), b.count, b.begin);

  // large ones go back to their places; they are sorted when the blocks are read
  index_t const pieces = static_cast<index_t>(large.size()) * segments;
  std::vector<key_range<U>> ranges(static_cast<std::size_t>(pieces));
  if (pieces > 0)
    s.parallel(pieces, [&](index_t k) {
      auto const& b = large[static_cast<std::size_t>(k / segments)];
      index_t to = b.begin;
      for (index_t before = 0; before < k % segments; ++before)
        to += dealt[static_cast<std::size_t>(before)]->count[static_cast<std::size_t>(b.number)];
      dealt[static_cast<std::size_t>(k % segments)]->each_block(b.number, [&](E const* e, index_t count) {
        ranges[static_cast<std::size_t>(k)].take(e, count);
        job.return_to(e, count, to);
        to += count;
      });
    });

  if (!small.empty())
    s.parallel(static_cast<index_t>(small.size()), [&](index_t k) {
      auto const& b = small[static_cast<std::size_t>(k)];
      E* const all = job.room(b.begin, b.count);
      E* to = all;
      for (auto const& seg : dealt)
        seg->each_block(b.number, [&](E const* e, index_t count) {
          std::memcpy(static_cast<void*>(to), e, static_cast<std::size_t>(count) * sizeof(E));
          to += count;
        });
      key_range<U> range;
      range.take(all, b.count);
      job.finish(all, b.count, b.begin, range);
    });
  dealt.clear();

  for (std::size_t k = 0; k < large.size(); ++k) {
    key_range<U> range;
    for (index_t piece = 0; piece < segments; ++piece) {
      auto const& r = ranges[k * static_cast<std::size_t>(segments) + static_cast<std::size_t>(piece)];
      range.least = std::min(range.least, r.least), range.greatest = std::max(range.greatest, r.greatest);
    }
    if (range.least != range.greatest)
      sort_in_buckets(s, job.part(large[k].begin), large[k].count, depth + 1);
  }
}

}  // namespace prorata::host::sorting
