// prorata sort: the elements of a file in order.
#include <host/cli/commands.hpp>
#include <host/cli/counted_values.hpp>
#include <host/cli/sorted_output.hpp>

namespace prorata::cli {

namespace {

/// Elements [place, place + n) of the output, from their keys.
template <class T, class U>
void write_keys(sorting_job& job, total_order<T> const& order, index_t place, U const* keys, index_t n) {
  job.each_piece(n, [&](index_t first, index_t last) {
    std::vector<T> elements(static_cast<std::size_t>(last - first));
    for (index_t i = first; i < last; ++i)
      elements[static_cast<std::size_t>(i - first)] =
          order.value(static_cast<typename total_order<T>::key_type>(keys[i]));
    job.write(place + first, std::as_bytes(std::span<T const>(elements)));
  });
}

/// Elements of 8 and 16 bits, however many there are.
template <class T>
void count_elements(sorting_job& job) {
  total_order<T> const order(job.way());
  index_t const n = job.count(), size = sizeof(T);
  job.begin(2 * n * size);
  auto counts =
      count_values(job.hands(), n, std::size_t{1} << (8 * size), [&](index_t first, index_t last, auto put) {
        read_keys(job, order, first, last, put);
        job.bar().add((last - first) * size);
      }).counts;
  index_t before = 0;
  for (auto& c : counts) before += c, c = before;
  job.each_piece(n, [&](index_t first, index_t last) {
    std::vector<T> elements;
    auto v = std::upper_bound(counts.begin(), counts.end(), first) - counts.begin();
    for (index_t i = first; i < last; ++v) {
      index_t const end = std::min(counts[static_cast<std::size_t>(v)], last);
      if (end > i)
        elements.insert(elements.end(), static_cast<std::size_t>(end - i),
                        order.value(static_cast<typename total_order<T>::key_type>(v)));
      i = std::max(i, end);
    }
    job.write(first, std::as_bytes(std::span<T const>(elements)));
  });
  job.finish(0);
}

/// Ranges of keys, each sorted in memory by all devices.
template <class T>
class key_work final : public range_work<wide_key<T>> {
 public:
  using U = wide_key<T>;
  /// For ranges of up to `capacity` keys.
  key_work(sorting_job& job, team_sorter<U>& sorter, total_order<T> order, index_t capacity)
      : job_(job), sorter_(sorter), order_(order), capacity_(capacity) {}

  void sort(index_t place, index_t n, element_reader<U> const& read) override {
    if (!memory_) memory_ = sorter_.memory(capacity_ * static_cast<index_t>(sizeof(U)));
    auto* const keys = reinterpret_cast<U*>(memory_.get());
    job_.each_piece(n, [&](index_t first, index_t last) {
      read(first, last, keys + first);
      job_.bar().add((last - first) * static_cast<index_t>(sizeof(U)));
    });
    sorter_.sort({keys, static_cast<std::size_t>(n)});
    write_keys(job_, order_, place, keys, n);
  }
  void copy_equal(index_t place, index_t n, element_reader<U> const& read) override {
    U key;
    read(0, 1, &key);
    job_.each_piece(n, [&](index_t first, index_t last) {
      std::vector<T> const elements(static_cast<std::size_t>(last - first),
                                    order_.value(static_cast<typename total_order<T>::key_type>(key)));
      job_.bar().add((last - first) * static_cast<index_t>(sizeof(U)));
      job_.write(place + first, std::as_bytes(std::span<T const>(elements)));
    });
  }

 private:
  sorting_job& job_;
  team_sorter<U>& sorter_;
  total_order<T> order_;
  index_t capacity_;
  std::shared_ptr<std::byte> memory_;  // when the first range is there: dealing out needs the room before
};

template <class T>
void sort_elements(sorting_job& job) {
  using U = wide_key<T>;
  total_order<T> const order(job.way());
  index_t const n = job.count(), size = sizeof(U);
  auto const sorter = job.sorter<U>();
  index_t const capacity = sorter->shares().most(n, job.memory(), size, 0);
  element_reader<U> const read = [&](index_t first, index_t last, U* to) {
    read_keys(job, order, first, last, [&](index_t k, U key) { to[k] = key; });
  };
  bool const fits = n == capacity;
  job.begin(fits ? 2 * n * size : 4 * n * size);
  index_t ranges = 0;
  key_work<T> work(job, *sorter, order, capacity);
  if (fits) {
    work.sort(0, n, read);
  } else {
    ranges = sort_externally<U>(n, read, work, job.limits(capacity), job.bar());
  }
  job.finish(ranges);
}

}  // namespace

void sort_command(arguments const& args) {
  sorting_job job("sort", args, {});
  io::visit(job.in().array().type, [&](auto tag) {
    using T = typename decltype(tag)::type;
    if constexpr (sizeof(T) <= 2) {
      count_elements<T>(job);
    } else {
      sort_elements<T>(job);
    }
  });
}

}  // namespace prorata::cli
