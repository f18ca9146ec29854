// Two kinds of ranges: keys, and keys with their indices.
#include <host/algorithms/sort_file.hpp>
#include <host/run/counted_values.hpp>
#include <numeric>
#include <span>

namespace prorata::host {

namespace {

/// The way of sorted pieces to the output, and the threads that carry them.
class sorted_output {
 public:
  sorted_output(io::array_sink const& out, int threads, run_observer& observer)
      : out_(out), workers_(stream_options{.threads = threads}), observer_(observer) {}

  stream& workers() { return workers_; }
  run_observer& observer() { return observer_; }
  /// f(first, last) for pieces of [0, n), on the threads.
  template <class F>
  void each(index_t n, F const& f) {
    each_piece(workers_, n, f);
  }
  /// Writes elements from `place` on. From any thread.
  void write(index_t place, std::span<std::byte const> elements) {
    out_.write(place, elements);
    observer_.moved(static_cast<index_t>(elements.size()));
  }

 private:
  io::array_sink const& out_;
  stream workers_;
  run_observer& observer_;
};

/// Elements of 8 and 16 bits, however many there are. E: an integer of their size.
template <class E>
void count_elements(key_source<std::uint32_t> const& source, sorted_output& out,
                    process_shares const& shares) {
  index_t const n = source.column().count(), size = sizeof(E);
  piece const mine = shares.mine(n);
  out.observer().begins_moving("", 2 * (mine.end - mine.begin) * size);
  std::vector<index_t> ends;
  shares.of().together([&] {
    ends = count_values(out.workers(), mine, source, [&](index_t read) {
             out.observer().moved(read * size);
           }).counts;
  });
  shares.of().add(ends);
  std::partial_sum(ends.begin(), ends.end(), ends.begin());
  std::vector<std::uint32_t> keys(ends.size());
  std::iota(keys.begin(), keys.end(), 0u);
  auto const element_of = source.elements(keys);
  auto const write = [&](index_t first, index_t last) {
    std::vector<E> elements;
    auto v = static_cast<std::size_t>(std::upper_bound(ends.begin(), ends.end(), first) - ends.begin());
    for (index_t i = first; i < last; ++v) {
      index_t const end = std::min(ends[v], last);
      E x;
      std::memcpy(&x, element_of.data() + v * sizeof(E), sizeof(E));
      if (end > i) elements.insert(elements.end(), static_cast<std::size_t>(end - i), x);
      i = std::max(i, end);
    }
    out.write(first, std::as_bytes(std::span<E const>(elements)));
  };
  shares.of().together([&] {
    out.each(mine.end - mine.begin,
             [&](index_t first, index_t last) { write(mine.begin + first, mine.begin + last); });
  });
}

/// Ranges of keys, each sorted in memory by all devices.
template <class U>
class key_work final : public range_work<U> {
 public:
  /// For ranges of up to `capacity` keys.
  key_work(sorted_output& out, team_sorter<U>& sorter, key_source<U> const& source, index_t capacity)
      : out_(out), sorter_(sorter), source_(source), capacity_(capacity) {}

  void sort(index_t place, index_t n, element_reader<U> const& read) override {
    if (!memory_) memory_ = sorter_.memory(capacity_ * static_cast<index_t>(sizeof(U)));
    auto* const keys = reinterpret_cast<U*>(memory_.get());
    out_.each(n, [&](index_t first, index_t last) {
      read(first, last, keys + first);
      out_.observer().moved((last - first) * static_cast<index_t>(sizeof(U)));
    });
    sorter_.sort({keys, static_cast<std::size_t>(n)});
    out_.each(n, [&](index_t first, index_t last) {
      out_.write(place + first, source_.elements({keys + first, keys + last}));
    });
  }
  void copy_equal(index_t place, index_t n, element_reader<U> const& read) override {
    U key;
    read(0, 1, &key);
    out_.each(n, [&](index_t first, index_t last) {
      std::vector<U> const keys(static_cast<std::size_t>(last - first), key);
      out_.observer().moved((last - first) * static_cast<index_t>(sizeof(U)));
      out_.write(place + first, source_.elements(keys));
    });
  }

 private:
  sorted_output& out_;
  team_sorter<U>& sorter_;
  key_source<U> const& source_;
  index_t capacity_;
  std::shared_ptr<std::byte> memory_;  // when the first range is there: dealing out needs the room before
};

/// Ranges of keys with their indices, each sorted in memory by all devices, stably.
template <class U>
class record_work final : public range_work<indexed_key<U>> {
 public:
  /// For ranges of up to `capacity` records.
  record_work(sorted_output& out, team_sorter<U>& sorter, index_t capacity)
      : out_(out), sorter_(sorter), capacity_(capacity) {}

  void sort(index_t place, index_t n, element_reader<indexed_key<U>> const& read) override {
    if (!memory_) memory_ = sorter_.memory(capacity_ * static_cast<index_t>(sizeof(U) + sizeof(index_t)));
    auto* const indices = reinterpret_cast<index_t*>(memory_.get());
    auto* const keys = reinterpret_cast<U*>(indices + capacity_);
    each(n, read, [&](index_t first, std::vector<indexed_key<U>> const& records) {
      for (std::size_t k = 0; k < records.size(); ++k) {
        keys[first + static_cast<index_t>(k)] = records[k].key;
        indices[first + static_cast<index_t>(k)] = records[k].index;
      }
    });
    auto const size = static_cast<std::size_t>(n);
    sorter_.sort_by_key({keys, size}, {indices, size});
    out_.each(n, [&](index_t first, index_t last) {
      out_.write(place + first, std::as_bytes(std::span<index_t const>(indices + first, indices + last)));
    });
  }
  void copy_equal(index_t place, index_t n, element_reader<indexed_key<U>> const& read) override {
    each(n, read, [&](index_t first, std::vector<indexed_key<U>> const& records) {
      std::vector<index_t> indices;
      for (auto const& r : records) indices.push_back(r.index);
      out_.write(place + first, std::as_bytes(std::span<index_t const>(indices)));
    });
  }

 private:
  template <class F>
  void each(index_t n, element_reader<indexed_key<U>> const& read, F const& f) {
    out_.each(n, [&](index_t first, index_t last) {
      std::vector<indexed_key<U>> records(static_cast<std::size_t>(last - first));
      read(first, last, records.data());
      out_.observer().moved((last - first) * static_cast<index_t>(sizeof(indexed_key<U>)));
      f(first, records);
    });
  }

  sorted_output& out_;
  team_sorter<U>& sorter_;
  index_t capacity_;
  std::shared_ptr<std::byte> memory_;  // when the first range is there: dealing out needs the room before
};

}  // namespace

template <class U>
index_t sort_file(key_source<U> const& source, team_sorter<U>& sorter, io::array_sink const& out,
                  file_sort_limits const& limits, run_observer& observer) {
  sorted_output to(out, limits.threads, observer);
  if constexpr (sizeof(U) == 4) {
    if (source.bits() == 8) return count_elements<std::uint8_t>(source, to, limits.shares), 0;
    if (source.bits() == 16) return count_elements<std::uint16_t>(source, to, limits.shares), 0;
  }
  index_t const n = source.column().count(), size = sizeof(U);
  index_t const capacity = sorter.shares().most(n, limits.memory, size, 0);
  key_work<U> work(to, sorter, source, capacity);
  auto const read = reader_of<U>(source);
  bool const fits = n == capacity && limits.shares.of().alone();
  observer.begins_moving("", limits.shares.length(n) * size * (fits ? 2 : 4));
  if (!fits)
    return shuffle<U>(n, read, work, {limits.folder, limits.memory, capacity, limits.threads, limits.shares},
                      observer);
  work.sort(0, n, read);
  return 0;
}

template <class U>
index_t argsort_file(key_source<U> const& source, team_sorter<U>& sorter, io::array_sink const& out,
                     file_sort_limits const& limits, run_observer& observer) {
  using record = indexed_key<U>;
  sorted_output to(out, limits.threads, observer);
  index_t const n = source.column().count(), place = sizeof(index_t), size = sizeof(record);
  index_t const capacity = sorter.shares().most(n, limits.memory, sizeof(U), place);
  record_work<U> work(to, sorter, capacity);
  auto const read = reader_of<record>(source);
  bool const fits = n == capacity && limits.shares.of().alone();
  observer.begins_moving("", limits.shares.length(n) * (size * (fits ? 1 : 3) + place));
  if (!fits)
    return shuffle<record>(n, read, work,
                           {limits.folder, limits.memory, capacity, limits.threads, limits.shares}, observer);
  work.sort(0, n, read);
  return 0;
}

template index_t sort_file(key_source<std::uint32_t> const&, team_sorter<std::uint32_t>&,
                           io::array_sink const&, file_sort_limits const&, run_observer&);
template index_t argsort_file(key_source<std::uint32_t> const&, team_sorter<std::uint32_t>&,
                              io::array_sink const&, file_sort_limits const&, run_observer&);
template index_t sort_file(key_source<std::uint64_t> const&, team_sorter<std::uint64_t>&,
                           io::array_sink const&, file_sort_limits const&, run_observer&);
template index_t argsort_file(key_source<std::uint64_t> const&, team_sorter<std::uint64_t>&,
                              io::array_sink const&, file_sort_limits const&, run_observer&);

}  // namespace prorata::host
