// prorata argsort: where the elements of a file come from when they are in order.
#include <host/cli/commands.hpp>
#include <host/cli/sorted_output.hpp>
#include <host/io/printable.hpp>
#include <prorata/error.hpp>
#include <prorata/sort.hpp>

namespace prorata::cli {

namespace {

/// Ranges of records, each sorted in memory by the whole team, stably.
template <class U>
class record_work final : public range_work<indexed_key<U>> {
 public:
  record_work(sorting_job& job, index_t capacity)
      : job_(job),
        memory_(static_cast<std::size_t>(capacity) * (sizeof(U) + sizeof(index_t))),
        capacity_(capacity) {}

  void sort(index_t place, index_t n, element_reader<indexed_key<U>> const& read) override {
    auto* const indices = reinterpret_cast<index_t*>(memory_.data());
    auto* const keys = reinterpret_cast<U*>(indices + capacity_);
    each(n, read, [&](index_t first, std::vector<indexed_key<U>> const& records) {
      for (std::size_t k = 0; k < records.size(); ++k) {
        keys[first + static_cast<index_t>(k)] = records[k].key;
        indices[first + static_cast<index_t>(k)] = records[k].index;
      }
    });
    auto const size = static_cast<std::size_t>(n);
    auto sorted = borrow(job_.team(), std::span<U>(keys, size), job_.cuts(n));
    auto moved = borrow(job_.team(), std::span<index_t>(indices, size), job_.cuts(n));
    sort_by_key(sorted, moved);
    job_.team().sync();
    job_.each_piece(n, [&](index_t first, index_t last) {
      job_.write(place + first, std::as_bytes(std::span<index_t const>(indices + first, indices + last)));
    });
  }
  void copy_equal(index_t place, index_t n, element_reader<indexed_key<U>> const& read) override {
    each(n, read, [&](index_t first, std::vector<indexed_key<U>> const& records) {
      std::vector<index_t> indices;
      for (auto const& r : records) indices.push_back(r.index);
      job_.write(place + first, std::as_bytes(std::span<index_t const>(indices)));
    });
  }

 private:
  template <class F>
  void each(index_t n, element_reader<indexed_key<U>> const& read, F const& f) {
    job_.each_piece(n, [&](index_t first, index_t last) {
      std::vector<indexed_key<U>> records(static_cast<std::size_t>(last - first));
      read(first, last, records.data());
      job_.bar().add((last - first) * static_cast<index_t>(sizeof(indexed_key<U>)));
      f(first, records);
    });
  }

  sorting_job& job_;
  host::pages memory_;
  index_t capacity_;
};

/// Everything in memory at once.
template <class U>
void sort_in_memory(sorting_job& job, std::function<void(index_t, index_t, U*)> const& read_keys_of) {
  index_t const n = job.count();
  host::pages const memory(static_cast<std::size_t>(n) * sizeof(U));
  auto* const keys = reinterpret_cast<U*>(memory.data());
  job.each_piece(n, [&](index_t first, index_t last) {
    read_keys_of(first, last, keys + first);
    job.bar().add((last - first) * static_cast<index_t>(sizeof(U)));
  });
  auto const array = borrow(job.team(), std::span<U>(keys, static_cast<std::size_t>(n)), job.cuts(n));
  auto const indices = argsort(array);
  job.team().sync();
  for (auto const& p : indices.parts())
    job.each_piece(p.size, [&](index_t first, index_t last) {
      job.write(p.begin + first, std::as_bytes(std::span<index_t const>(p.data + first, p.data + last)));
    });
}

template <class T>
void argsort_elements(sorting_job& job) {
  using U = wide_key<T>;
  total_order<T> const order(job.way());
  index_t const n = job.count(), key = sizeof(U), place = sizeof(index_t);
  auto const read_keys_of = [&](index_t first, index_t last, U* to) {
    read_keys(job, order, first, last, [&](index_t k, U u) { to[k] = u; });
  };
  index_t const exchanged = job.ranks() > 1 ? key + place : 0;
  index_t const in_memory = 2 * key + place + 18 + exchanged;  // keys twice, indices, the scratch of pairs
  index_t ranges = 0;
  if (n <= job.memory() / in_memory) {
    job.begin(n * (key + place));
    sort_in_memory<U>(job, read_keys_of);
  } else {
    index_t const capacity = job.memory() / (key + place + 20 + exchanged);
    auto const size = static_cast<index_t>(sizeof(indexed_key<U>));
    job.begin(n * (3 * size + place));
    record_work<U> work(job, capacity);
    element_reader<indexed_key<U>> const read = [&](index_t first, index_t last, indexed_key<U>* to) {
      read_keys(job, order, first, last, [&](index_t k, U u) { to[k] = {u, first + k}; });
    };
    ranges = sort_externally<indexed_key<U>>(n, read, work, job.limits(capacity), job.bar());
  }
  job.finish(ranges);
}

}  // namespace

void argsort_command(arguments const& args) {
  sorting_job job("argsort", args, io::dtype::i64);
  auto const& array = job.in().array();
  if (array.fortran_order && array.shape.size() > 1)
    throw input_error(io::printable(array.path) +
                      ": is stored in Fortran order; argsort numbers elements in C order, save it so first");
  io::visit(array.type, [&](auto tag) { argsort_elements<typename decltype(tag)::type>(job); });
}

}  // namespace prorata::cli
