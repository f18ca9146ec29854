// prorata argsort: where the elements of a file come from when they are in order.
#include <host/cli/commands.hpp>
#include <host/cli/sorted_output.hpp>

namespace prorata::cli {

namespace {

/// Ranges of records, each sorted in memory by all devices, stably.
template <class U>
class record_work final : public range_work<indexed_key<U>> {
 public:
  /// For ranges of up to `capacity` records.
  record_work(sorting_job& job, team_sorter<U>& sorter, index_t capacity)
      : job_(job), sorter_(sorter), capacity_(capacity) {}

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
  team_sorter<U>& sorter_;
  index_t capacity_;
  std::shared_ptr<std::byte> memory_;  // when the first range is there: dealing out needs the room before
};

template <class U>
void argsort_elements(sorting_job& job, host::key_source<U> const& source) {
  index_t const n = job.count(), key = sizeof(U), place = sizeof(index_t), size = sizeof(indexed_key<U>);
  auto const sorter = job.sorter<U>();
  index_t const capacity = sorter->shares().most(n, job.memory(), key, place);
  bool const fits = n == capacity;
  job.begin(fits ? n * (size + place) : n * (3 * size + place));
  record_work<U> work(job, *sorter, capacity);
  auto const read = reader_of<indexed_key<U>>(source);
  index_t ranges = 0;
  if (fits) {
    work.sort(0, n, read);
  } else {
    ranges = sort_externally<indexed_key<U>>(n, read, work, job.limits(capacity), job.bar());
  }
  job.finish(ranges);
}

}  // namespace

void argsort_command(arguments const& args, io::job_files& files) {
  sorting_job job("argsort", args, io::dtype::i64, files);
  job.number_in_c_order();
  host::with_keys(job.in(), job.way(), [&](auto const& source) { argsort_elements(job, source); });
}

}  // namespace prorata::cli
