// prorata sort: the elements of a file in order.
#include <host/cli/commands.hpp>
#include <host/cli/counted_values.hpp>
#include <host/cli/sorted_output.hpp>
#include <numeric>

namespace prorata::cli {

namespace {

/// Elements of 8 and 16 bits, however many there are. E: an integer of their size.
template <class E>
void count_elements(sorting_job& job, host::key_source<std::uint32_t> const& source) {
  index_t const n = job.count(), size = sizeof(E);
  job.begin(2 * n * size);
  auto ends = count_values(job.hands(), n, source, [&](index_t read) { job.bar().add(read * size); }).counts;
  std::partial_sum(ends.begin(), ends.end(), ends.begin());
  std::vector<std::uint32_t> keys(ends.size());
  std::iota(keys.begin(), keys.end(), 0u);
  auto const element_of = source.elements(keys);
  job.each_piece(n, [&](index_t first, index_t last) {
    std::vector<E> elements;
    auto v = static_cast<std::size_t>(std::upper_bound(ends.begin(), ends.end(), first) - ends.begin());
    for (index_t i = first; i < last; ++v) {
      index_t const end = std::min(ends[v], last);
      E x;
      std::memcpy(&x, element_of.data() + v * sizeof(E), sizeof(E));
      if (end > i) elements.insert(elements.end(), static_cast<std::size_t>(end - i), x);
      i = std::max(i, end);
    }
    job.write(first, std::as_bytes(std::span<E const>(elements)));
  });
  job.finish(0);
}

/// Ranges of keys, each sorted in memory by all devices.
template <class U>
class key_work final : public range_work<U> {
 public:
  /// For ranges of up to `capacity` keys.
  key_work(sorting_job& job, team_sorter<U>& sorter, host::key_source<U> const& source, index_t capacity)
      : job_(job), sorter_(sorter), source_(source), capacity_(capacity) {}

  void sort(index_t place, index_t n, element_reader<U> const& read) override {
    if (!memory_) memory_ = sorter_.memory(capacity_ * static_cast<index_t>(sizeof(U)));
    auto* const keys = reinterpret_cast<U*>(memory_.get());
    job_.each_piece(n, [&](index_t first, index_t last) {
      read(first, last, keys + first);
      job_.bar().add((last - first) * static_cast<index_t>(sizeof(U)));
    });
    sorter_.sort({keys, static_cast<std::size_t>(n)});
    job_.each_piece(n, [&](index_t first, index_t last) {
      job_.write(place + first, source_.elements({keys + first, keys + last}));
    });
  }
  void copy_equal(index_t place, index_t n, element_reader<U> const& read) override {
    U key;
    read(0, 1, &key);
    job_.each_piece(n, [&](index_t first, index_t last) {
      std::vector<U> const keys(static_cast<std::size_t>(last - first), key);
      job_.bar().add((last - first) * static_cast<index_t>(sizeof(U)));
      job_.write(place + first, source_.elements(keys));
    });
  }

 private:
  sorting_job& job_;
  team_sorter<U>& sorter_;
  host::key_source<U> const& source_;
  index_t capacity_;
  std::shared_ptr<std::byte> memory_;  // when the first range is there: dealing out needs the room before
};

template <class U>
void sort_elements(sorting_job& job, host::key_source<U> const& source) {
  index_t const n = job.count(), size = sizeof(U);
  auto const sorter = job.sorter<U>();
  index_t const capacity = sorter->shares().most(n, job.memory(), size, 0);
  auto const read = reader_of<U>(source);
  bool const fits = n == capacity;
  job.begin(fits ? 2 * n * size : 4 * n * size);
  index_t ranges = 0;
  key_work<U> work(job, *sorter, source, capacity);
  if (fits) {
    work.sort(0, n, read);
  } else {
    ranges = sort_externally<U>(n, read, work, job.limits(capacity), job.bar());
  }
  job.finish(ranges);
}

}  // namespace

void sort_command(arguments const& args, io::job_files& files) {
  sorting_job job("sort", args, {}, files);
  host::with_keys(job.in(), job.way(), [&]<class U>(host::key_source<U> const& source) {
    if constexpr (sizeof(U) == 4) {
      if (source.bits() == 8) return count_elements<std::uint8_t>(job, source);
      if (source.bits() == 16) return count_elements<std::uint16_t>(job, source);
    }
    sort_elements(job, source);
  });
}

}  // namespace prorata::cli
