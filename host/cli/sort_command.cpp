// prorata sort: the elements of a file in order.
#include <host/cli/commands.hpp>
#include <host/cli/sorted_output.hpp>
#include <prorata/sort.hpp>

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

/// Elements of 8 and 16 bits: how often each value occurs is all there is to know, however many there are.
template <class T>
void count_elements(sorting_job& job) {
  total_order<T> const order(job.way());
  index_t const n = job.count(), size = sizeof(T);
  job.begin(2 * n * size);
  constexpr std::size_t values = std::size_t{1} << (8 * sizeof(T));
  std::vector<index_t> counts(values);
  std::mutex mutex;
  job.each_piece((n + 31) / 32, [&](index_t begin, index_t end) {
    std::vector<index_t> mine(values);
    index_t const first = begin * 32, last = std::min(end * 32, n);
    read_keys(job, order, first, last, [&](index_t, auto key) { ++mine[key]; });
    job.bar().add((last - first) * size);
    std::lock_guard const lock(mutex);
    for (std::size_t v = 0; v < values; ++v) counts[v] += mine[v];
  });
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

/// Ranges of keys, each sorted in memory by the whole team.
template <class T>
class key_work final : public range_work<wide_key<T>> {
 public:
  using U = wide_key<T>;
  key_work(sorting_job& job, total_order<T> order, index_t capacity)
      : job_(job), order_(order), memory_(static_cast<std::size_t>(capacity) * sizeof(U)) {}

  void sort(index_t place, index_t n, element_reader<U> const& read) override {
    auto* const keys = reinterpret_cast<U*>(memory_.data());
    job_.each_piece(n, [&](index_t first, index_t last) {
      read(first, last, keys + first);
      job_.bar().add((last - first) * static_cast<index_t>(sizeof(U)));
    });
    auto array = borrow(job_.team(), std::span<U>(keys, static_cast<std::size_t>(n)), job_.cuts(n));
    prorata::sort(array);
    job_.team().sync();
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
  total_order<T> order_;
  host::pages memory_;
};

template <class T>
void sort_elements(sorting_job& job) {
  using U = wide_key<T>;
  total_order<T> const order(job.way());
  index_t const n = job.count(), size = sizeof(U);
  // keys, the scratch of their sort, and what ranks exchange
  index_t const capacity = job.memory() / (job.ranks() > 1 ? 34 : 23) * 10 / size;
  element_reader<U> const read = [&](index_t first, index_t last, U* to) {
    read_keys(job, order, first, last, [&](index_t k, U key) { to[k] = key; });
  };
  bool const fits = n <= capacity;
  job.begin(fits ? 2 * n * size : 4 * n * size);
  index_t ranges = 0;
  if (fits) {
    key_work<T>(job, order, n).sort(0, n, read);
  } else {
    key_work<T> work(job, order, capacity);
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
