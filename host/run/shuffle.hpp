// Sorting what does not fit memory: dealt out to disk by ranges of keys, then range by range in memory.
//
//   input → chunks in memory → dealt out by key → spill, one place for each range → sorted → its place in the
//   output
//
// A range holds keys that no other range holds, and its elements in the order of the input. Where each range
// belongs is known when all are dealt out. After sample sort (Frazer, McKellar 1970): two reads, two writes.
// Every process of a job deals a stretch of the input out, and sorts ranges that lie in its stretch of the output.
#pragma once

#include <algorithm>
#include <bit>
#include <functional>
#include <host/pages.hpp>
#include <host/run/chunked_run.hpp>
#include <host/run/key_source.hpp>
#include <host/run/processes.hpp>
#include <host/run/shared_spill.hpp>
#include <host/sorting/buckets.hpp>
#include <host/sorting/pairs_job.hpp>
#include <host/stream.hpp>
#include <limits>
#include <memory>
#include <string>
#include <vector>

namespace prorata::host {

/// Reads elements [first, last) of something into memory; from any thread.
template <class E>
using element_reader = std::function<void(index_t first, index_t last, E* to)>;

/// A key and where it was.
template <class U>
struct indexed_key {
  U key;
  index_t index;
};

template <class E>
using key_type_of = std::remove_cvref_t<decltype(key_of(std::declval<E const&>()))>;

/// Elements of a file as keys, or as keys with their indices. The source outlives the reader.
template <class E>
element_reader<E> reader_of(key_source<key_type_of<E>> const& source) {
  using U = key_type_of<E>;
  return [&source](index_t first, index_t last, E* to) {
    if constexpr (std::is_same_v<E, U>) {
      source.fetch(first, last, to);
    } else {
      std::vector<U> keys(static_cast<std::size_t>(last - first));
      source.fetch(first, last, keys.data());
      for (index_t i = first; i < last; ++i) to[i - first] = {keys[static_cast<std::size_t>(i - first)], i};
    }
  };
}

/// f(first, last) for pieces of [0, n), on the threads of a stream; waits for them.
template <class F>
void each_piece(stream& workers, index_t n, F const& f) {
  constexpr index_t grain = 1 << 16;  // what a thread holds of it stays in the heap, below 1 MiB
  workers.enqueue([&, n] {
    workers.parallel((n + grain - 1) / grain,
                     [&](index_t k) { f(k * grain, std::min(k * grain + grain, n)); });
  });
  workers.sync();
}

/// Cuts keys into ranges at the quantiles of a sample; a key that is a quantile twice gets a range for
/// itself.
template <class U>
class sampled_ranges {
 public:
  sampled_ranges(std::vector<U> sample, int wanted) {
    std::sort(sample.begin(), sample.end());
    for (int k = 1; k < wanted; ++k) {
      U const key = sample[sample.size() * static_cast<std::size_t>(k) / static_cast<std::size_t>(wanted)];
      if (begins_.empty() || begins_.back() < key) {
        begins_.push_back(key);
      } else if (begins_.back() == key && key < std::numeric_limits<U>::max()) {
        begins_.push_back(key + 1);
      }
    }
  }

  int buckets() const { return static_cast<int>(begins_.size()) + 1; }
  int operator()(U key) const {
    std::size_t low = 0;
    for (std::size_t step = std::bit_floor(begins_.size()); step > 0; step /= 2) {
      std::size_t const next = low + step;
      if (next <= begins_.size()) low = begins_[next - 1] <= key ? next : low;
    }
    return static_cast<int>(low);
  }

 private:
  std::vector<U> begins_;  // of every range but the first
};

/// Elements on disk, by range; dealt out by all processes.
template <class E>
class spilled {
 public:
  using key = key_type_of<E>;

  ///   elements  that this process will deal out
  spilled(std::string const& folder, sampled_ranges<key> ranges, index_t elements, processes const& of)
      : ranges_(std::move(ranges)),
        of_(of),
        file_(folder, ranges_.buckets(), elements * static_cast<index_t>(sizeof(E)), of),
        keys_(static_cast<std::size_t>(ranges_.buckets())) {}

  int ranges() const { return ranges_.buckets(); }
  index_t size(int range) const { return file_.bytes(range) / static_cast<index_t>(sizeof(E)); }
  bool all_equal(int range) const {
    auto const& k = keys_[static_cast<std::size_t>(range)];
    return k.least == k.greatest;
  }

  /// Deals the next n elements of the input out. From inside queued work on s, whose threads it uses.
  ///   memory  an eighth more than the elements, from the stream's scratch
  void take(stream const& s, E const* elements, index_t n) {
    using namespace sorting;
    constexpr std::size_t block_bytes = 4096;
    constexpr auto size = static_cast<index_t>(sizeof(E));
    index_t const segments = std::clamp<index_t>(
        n * size / (8 * ranges() * static_cast<index_t>(block_bytes)), 1, 4 * s.threads());
    auto const room_bytes = blocks_of((n / segments + 1) * size, ranges(), block_bytes) * block_bytes;
    std::byte* const room = s.scratch(room_bytes * static_cast<std::size_t>(segments));
    std::vector<std::unique_ptr<segment<E>>> dealt(static_cast<std::size_t>(segments));
    auto const load = [&](index_t i) { return elements[i]; };
    s.parallel(segments, [&](index_t k) {
      dealt[static_cast<std::size_t>(k)] =
          std::make_unique<segment<E>>(deal<E>(load, k * n / segments, (k + 1) * n / segments, ranges_,
                                               block_bytes, room + static_cast<std::size_t>(k) * room_bytes));
    });
    s.parallel(ranges(), [&](index_t range) {
      auto& keys = keys_[static_cast<std::size_t>(range)];
      std::vector<E> together;
      constexpr std::size_t enough = (std::size_t{1} << 19) / sizeof(E);  // stays in the heap
      together.reserve(enough + block_bytes / sizeof(E));
      auto const write = [&] {
        keys.take(together.data(), static_cast<index_t>(together.size()));
        file_.append(static_cast<int>(range), std::as_bytes(std::span<E const>(together)));
        together.clear();
      };
      for (auto const& seg : dealt)
        seg->each_block(static_cast<int>(range), [&](E const* e, index_t count) {
          together.insert(together.end(), e, e + count);
          if (together.size() >= enough) write();
        });
      write();
    });
  }

  /// When every process has dealt its elements out.
  void share() {
    file_.share();
    for (auto const& theirs : of_.gather_apart(keys_))
      for (std::size_t range = 0; range < keys_.size(); ++range) {
        keys_[range].least = std::min(keys_[range].least, theirs[range].least);
        keys_[range].greatest = std::max(keys_[range].greatest, theirs[range].greatest);
      }
  }

  /// Elements [first, last) of a range; from any thread, when they are shared.
  void read(int range, index_t first, index_t last, E* to) const {
    file_.read(range, first * static_cast<index_t>(sizeof(E)),
               std::as_writable_bytes(std::span<E>(to, static_cast<std::size_t>(last - first))));
  }
  void forget(int range) noexcept { file_.forget(range); }
  void forget_mine(int range) noexcept { file_.forget_mine(range); }

 private:
  sampled_ranges<key> ranges_;
  processes const& of_;
  shared_spill file_;
  std::vector<sorting::key_range<key>> keys_;
};

/// What becomes of the ranges: called for one after the other, in the order of their keys.
template <class E>
struct range_work {
  virtual ~range_work() = default;
  /// Elements [place, place + n) of the sorted whole, in the order of the input.
  virtual void sort(index_t place, index_t n, element_reader<E> const& read) = 0;
  /// The same where all keys are equal: any number of them.
  virtual void copy_equal(index_t place, index_t n, element_reader<E> const& read) = 0;
};

/// How a shuffle may use the machine.
struct shuffle_limits {
  std::string folder;  ///< of the spilled data
  index_t memory;      ///< bytes that dealing out may take
  index_t capacity;    ///< elements that range_work::sort can hold
  int threads = 0;     ///< 0 means every core
  process_shares shares{};
};

namespace dealing {
/// A range on disk, small enough or all equal.
template <class E>
struct leaf {
  std::shared_ptr<spilled<E>> on_disk;
  int range;
  index_t place;
};

/// Deals n elements out, and again what came together too large: all processes together.
template <class E>
void deal_out(index_t place, index_t n, element_reader<E> const& read, shuffle_limits const& limits,
              std::vector<leaf<E>>& leaves, run_observer& observer) {
  using key = key_type_of<E>;
  constexpr auto size = static_cast<index_t>(sizeof(E));
  constexpr index_t grain = 1 << 16;
  // A range is a third less than what fits: a sample of 256 keys a range is that far off about never. Of four
  // ranges or more, a key that half of the elements have gets one for itself, and every other range is
  // smaller than the whole by a quarter: what is dealt out again and again comes to an end.
  processes const& all = limits.shares.of();
  int const wanted = static_cast<int>(std::clamp<index_t>(
      n / std::max<index_t>(limits.capacity / 3 * 2, 1) + 1, std::min(4 * all.count(), 1024), 1024));
  piece const mine = limits.shares.mine(n);
  std::shared_ptr<spilled<E>> out;
  all.together([&] {
    std::vector<key> sample;  // the same in all processes
    std::uint64_t random = static_cast<std::uint64_t>(n) ^ static_cast<std::uint64_t>(place);
    for (index_t k = 0, count = std::min<index_t>(n, 256 * wanted); k < count; ++k) {
      random = random * 0x5851f42d4c957f2du + 0x14057b7ef767814fu;
      index_t const i =
          n / count * k + static_cast<index_t>((random >> 20) % static_cast<std::uint64_t>(n / count));
      E e;
      read(i, i + 1, &e);
      sample.push_back(key_of(e));
    }
    out = std::make_shared<spilled<E>>(limits.folder, sampled_ranges<key>(std::move(sample), wanted),
                                       mine.end - mine.begin, all);

    index_t const count = mine.end - mine.begin;
    index_t const chunk = std::clamp<index_t>(limits.memory * 2 / 5 / size, 4 * grain, count + grain);
    pages const memory(static_cast<std::size_t>(std::min(chunk, count) * size));
    auto* const elements = reinterpret_cast<E*>(memory.data());
    stream workers(stream_options{.threads = limits.threads});
    for (index_t begin = mine.begin; begin < mine.end; begin += chunk) {
      index_t const end = std::min(begin + chunk, mine.end);
      workers.enqueue([&, begin, end] {
        workers.parallel((end - begin + grain - 1) / grain, [&](index_t k) {
          index_t const first = begin + k * grain, last = std::min(first + grain, end);
          read(first, last, elements + (first - begin));
          observer.moved((last - first) * size);
        });
        out->take(workers, elements, end - begin);
        observer.moved((end - begin) * size);
      });
      workers.sync();
    }
  });
  out->share();
  for (int range = 0; range < out->ranges(); ++range) {
    index_t const count = out->size(range);
    if (count > limits.capacity && !out->all_equal(range)) {
      deal_out<E>(
          place, count, [&](index_t first, index_t last, E* to) { out->read(range, first, last, to); },
          limits, leaves, observer);
      out->forget_mine(range);
    } else if (count > 0) {
      leaves.push_back({out, range, place});
    }
    place += count;
  }
}
}  // namespace dealing

/// Sorts n elements that read() gives by what work makes of ranges of them: of several processes, each has the ranges
/// that begin in its stretch of the elements. Returns how many ranges there were.
///   memory  limits.memory while dealing out, then what `work` takes
///   disk    n elements, given back range by range
///   throws  usage_error, out_of_memory, device_error, as io::spill; what read and work throw
template <class E>
index_t shuffle(index_t n, element_reader<E> const& read, range_work<E>& work, shuffle_limits limits,
                run_observer& observer) {
  limits.capacity = limits.shares.of().least(limits.capacity);  // all choose the same ranges
  std::vector<dealing::leaf<E>> leaves;
  dealing::deal_out<E>(0, n, read, limits, leaves, observer);
  auto const count = static_cast<index_t>(leaves.size());
  piece const mine = limits.shares.mine(n);
  limits.shares.of().together([&] {
    for (auto& l : leaves) {
      if (mine.begin <= l.place && l.place < mine.end) {
        index_t const size = l.on_disk->size(l.range);
        auto const from_disk = [&](index_t first, index_t last, E* to) {
          l.on_disk->read(l.range, first, last, to);
        };
        if (l.on_disk->all_equal(l.range)) {
          work.copy_equal(l.place, size, from_disk);
        } else {
          work.sort(l.place, size, from_disk);
        }
        l.on_disk->forget(l.range);
      }
      l.on_disk.reset();
    }
  });
  return count;
}

}  // namespace prorata::host
