// Chunks are sorted and merged with what is known, while that fits memory; else ranges of keys are spilled to disk.
#include <algorithm>
#include <functional>
#include <host/algorithms/unique_file.hpp>
#include <host/run/counted_values.hpp>
#include <host/run/held_results.hpp>
#include <prorata/error.hpp>
#include <prorata/host.hpp>
#include <prorata/run_length.hpp>
#include <span>
#include <type_traits>
#include <utility>

namespace prorata::host {

namespace {

constexpr index_t least_by_disk = index_t{16} << 20;

/// Where distinct keys go: called with consecutive places, in order of the keys of each range.
template <class U>
struct distinct_sink {
  std::function<void(index_t place, std::span<U const> keys)> keys;
  /// How often each occurs, and, of keys with their indices, where first.
  std::function<void(index_t place, std::span<index_t const> numbers)> counts, first;
};

/// Finds the distinct ones in ranges of keys, or of keys with their indices where first places are asked for:
/// all devices sort a range, and the host's threads look where runs begin.
template <class E>
class distinct_work final : public range_work<E> {
 public:
  using U = key_type_of<E>;
  static constexpr bool indexed = !std::is_same_v<E, U>;

  /// For ranges of up to `capacity` elements.
  ///   threads  0 means every core
  distinct_work(team_sorter<U>& sorter, index_t capacity, distinct_sink<U> const& sink, int threads,
                run_observer& observer)
      : sorter_(sorter), capacity_(capacity), sink_(sink), observer_(observer), workers_(workers(threads)) {}

  /// How many of n elements a range in `memory` bytes can have.
  ///   throws  out_of_memory, as sorting_shares::most
  static index_t most(team_sorter<U> const& sorter, index_t n, index_t memory) {
    constexpr index_t run = sizeof(U) + 24;
    return sorter.shares().most(n, memory, sizeof(U), indexed ? sizeof(index_t) : 0, run);
  }

  void sort(index_t, index_t n, element_reader<E> const& read) override {
    if (!memory_)
      memory_ = sorter_.memory(capacity_ * static_cast<index_t>(sizeof(U) + (indexed ? sizeof(index_t) : 0)));
    auto* const indices = reinterpret_cast<index_t*>(memory_.get());
    auto* const keys = reinterpret_cast<U*>(indices + (indexed ? capacity_ : 0));
    each_piece(workers_.streams().front(), n, [&](index_t first, index_t last) {
      if constexpr (indexed) {
        std::vector<E> records(static_cast<std::size_t>(last - first));
        read(first, last, records.data());
        for (index_t i = first; i < last; ++i) {
          keys[i] = records[static_cast<std::size_t>(i - first)].key;
          indices[i] = records[static_cast<std::size_t>(i - first)].index;
        }
      } else {
        read(first, last, keys + first);
      }
      observer_.moved((last - first) * static_cast<index_t>(sizeof(E)));
    });
    std::span<U> const range(keys, static_cast<std::size_t>(n));
    if constexpr (indexed) {
      sorter_.sort_by_key(range, {indices, range.size()});
    } else {
      sorter_.sort(range);
    }
    auto const found = run_lengths(borrow(workers_, range));
    workers_.sync();
    for (auto const& p : found.values.parts())
      sink_.keys(found_ + p.begin, {p.data, static_cast<std::size_t>(p.size)});
    for (auto const& p : found.lengths.parts())
      sink_.counts(found_ + p.begin, {p.data, static_cast<std::size_t>(p.size)});
    if constexpr (indexed) {
      for (auto const& p : found.begins.parts()) {
        std::vector<index_t> first(static_cast<std::size_t>(p.size));
        for (std::size_t k = 0; k < first.size(); ++k) first[k] = indices[p.data[k]];
        sink_.first(found_ + p.begin, first);
      }
    }
    found_ += found.values.size();
  }

  void copy_equal(index_t, index_t n, element_reader<E> const& read) override {
    E first;
    read(0, 1, &first);  // ranges keep the order of the input
    U const key = key_of(first);
    sink_.keys(found_, {&key, 1});
    sink_.counts(found_, {&n, 1});
    if constexpr (indexed) sink_.first(found_, {&first.index, 1});
    observer_.moved(n * static_cast<index_t>(sizeof(E)));
    ++found_;
  }

  index_t found() const { return found_; }

 private:
  static team<stream> workers(int threads) {
    std::vector<stream> one;
    one.emplace_back(stream_options{.threads = threads});
    return team<stream>(std::move(one));
  }

  team_sorter<U>& sorter_;
  index_t capacity_;
  distinct_sink<U> const& sink_;
  run_observer& observer_;
  std::shared_ptr<std::byte> memory_;  // when the first range is there: dealing out needs the room before
  team<stream> workers_;               // after the memory: what they do with it ends first
  index_t found_ = 0;
};

/// The distinct keys of what was read so far, ascending.
template <class U>
class distinct_so_far {
 public:
  std::vector<U> keys;
  std::vector<index_t> counts, first;  // first: where it is asked for

  index_t size() const { return static_cast<index_t>(keys.size()); }

  /// Adds those of a later chunk; first indices of earlier ones stay.
  void add(distinct_so_far&& later) {
    if (keys.empty()) {
      *this = std::move(later);
      return;
    }
    distinct_so_far merged;
    bool const places = !later.first.empty() || !first.empty();
    std::size_t i = 0, j = 0;
    while (i < keys.size() || j < later.keys.size()) {
      bool const old = i < keys.size() && (j == later.keys.size() || keys[i] <= later.keys[j]);
      bool const fresh = j < later.keys.size() && (i == keys.size() || later.keys[j] <= keys[i]);
      merged.keys.push_back(old ? keys[i] : later.keys[j]);
      merged.counts.push_back((old ? counts[i] : 0) + (fresh ? later.counts[j] : 0));
      if (places) merged.first.push_back(old ? first[i] : later.first[j]);
      i += old;
      j += fresh;
    }
    *this = std::move(merged);
  }
};

/// Finds what is distinct. E: the key, or with its index where first places are asked for.
template <class E>
class distinct_search {
  using U = key_type_of<E>;
  static constexpr auto size = static_cast<index_t>(sizeof(E));

 public:
  distinct_search(key_source<U> const& source, team_sorter<U>& sorter, file_sort_limits const& limits,
                  chunked_run& run)
      : n_(source.column().count()),
        source_(source),
        sorter_(sorter),
        limits_(limits),
        shares_(run.shares()),
        observer_(run.observer()) {}

  /// How many distinct elements memory is for.
  index_t most() const { return std::max(limits_.memory / 4 / (source_.bits() / 8 + 16), 64 * tile); }

  /// What is distinct of all; nothing where memory is not for it.
  std::optional<distinct_so_far<U>> read() const {
    processes const& all = shares_.of();
    distinct_so_far<U> mine;
    all.together([&] { mine = read_mine(); });
    if (all.least(most() - mine.size()) < 0) return {};
    if (all.alone()) return mine;
    distinct_so_far<U> known;
    for (int p = 0; p < all.count(); ++p) {
      bool const speaks = p == all.number();
      auto const said = [&]<class T>(std::vector<T> const& x) {
        return all.gather(speaks ? x : std::vector<T>());
      };
      distinct_so_far<U> theirs;
      theirs.keys = said(mine.keys), theirs.counts = said(mine.counts), theirs.first = said(mine.first);
      known.add(std::move(theirs));
      if (known.size() > most()) return {};
    }
    return known;
  }

  /// Reads this process's stretch of the file chunk by chunk; each is sorted by all devices and merged with what is
  /// known. Stops where more are known than memory is for.
  distinct_so_far<U> read_mine() const {
    piece const mine = shares_.mine(n_);
    distinct_so_far<U> known, found;
    distinct_sink<U> sink;
    sink.keys = [&](index_t, std::span<U const> x) { found.keys.assign(x.begin(), x.end()); };
    sink.counts = [&](index_t, std::span<index_t const> x) { found.counts.assign(x.begin(), x.end()); };
    sink.first = [&](index_t, std::span<index_t const> x) { found.first.assign(x.begin(), x.end()); };
    observer_.begins_moving("", (mine.end - mine.begin) * size);
    index_t const chunk = distinct_work<E>::most(sorter_, n_, limits_.memory / 2);
    distinct_work<E> work(sorter_, chunk, sink, limits_.threads, observer_);
    auto const elements = reader_of<E>(source_);
    for (index_t begin = mine.begin; begin < mine.end; begin += chunk) {
      work.sort(0, std::min(chunk, mine.end - begin),
                [&](index_t first, index_t last, E* to) { elements(begin + first, begin + last, to); });
      known.add(std::move(found));
      if (known.size() > most()) break;
    }
    observer_.ends();
    return known;
  }

  /// What did not fit memory, spilled to disk. Returns how many distinct elements there are.
  index_t write_by_disk(unique_outputs const& out) const {
    processes const& all = shares_.of();
    std::optional<column> values, counts, first;
    all.together([&] {
      values.emplace(out.values, limits_.folder, all);
      counts.emplace(out.counts, limits_.folder, all);
      first.emplace(out.first, limits_.folder, all);
    });
    distinct_sink<U> sink;
    sink.keys = [&](index_t place, std::span<U const> x) { values->write(place, source_.elements(x)); };
    sink.counts = [&](index_t place, std::span<index_t const> x) { counts->write(place, std::as_bytes(x)); };
    sink.first = [&](index_t place, std::span<index_t const> x) { first->write(place, std::as_bytes(x)); };
    observer_.begins_moving("", 3 * shares_.length(n_) * size);
    index_t const capacity = distinct_work<E>::most(sorter_, n_, limits_.memory);
    distinct_work<E> work(sorter_, capacity, sink, limits_.threads, observer_);
    shuffle<E>(n_, reader_of<E>(source_), work,
               {limits_.folder, limits_.memory, capacity, limits_.threads, shares_}, observer_);
    index_t total = work.found();
    index_t const before = all.before(total);
    all.together([&] { values->finish(before), counts->finish(before), first->finish(before); });
    all.add({&total, 1});
    observer_.ends();
    return total;
  }

 private:
  /// An output: of several processes, held back until it is known where this one's part begins.
  class column {
   public:
    column(io::array_sink const& to, std::string const& folder, processes const& all) : to_(to) {
      if (!all.alone()) held_.emplace(folder, 1);
    }
    void write(index_t place, std::span<std::byte const> elements) {
      held_ ? held_->hold(place, {elements}) : to_.write(place, elements);
    }
    void finish(index_t before) {
      if (held_)
        held_->release([&](index_t place, auto const& some) { to_.write(before + place, some.front()); });
    }

   private:
    io::array_sink const& to_;
    std::optional<held_results> held_;
  };

  index_t n_;
  key_source<U> const& source_;
  team_sorter<U>& sorter_;
  file_sort_limits const& limits_;
  process_shares const& shares_;
  run_observer& observer_;
};

/// Keys of 8 and 16 bits are counted.
distinct_so_far<std::uint32_t> count_distinct(key_source<std::uint32_t> const& source,
                                              file_sort_limits const& limits, chunked_run& run) {
  auto& observer = run.observer();
  index_t const n = source.column().count(), size = source.bits() / 8;
  piece const mine = run.shares().mine(n);
  observer.begins_moving("", (mine.end - mine.begin) * size);
  counted_values all;
  run.shares().of().together([&] {
    stream workers(stream_options{.threads = limits.threads});
    all = count_values(workers, mine, source, [&](index_t read) { observer.moved(read * size); });
  });
  run.shares().of().add(all.counts);
  for (auto const& theirs : run.shares().of().gather_apart(all.first))
    for (std::size_t v = 0; v < theirs.size(); ++v) all.first[v] = std::min(all.first[v], theirs[v]);
  observer.ends();
  distinct_so_far<std::uint32_t> known;
  for (std::size_t v = 0; v < all.counts.size(); ++v) {
    if (all.counts[v] == 0) continue;
    known.keys.push_back(static_cast<std::uint32_t>(v));
    known.counts.push_back(all.counts[v]);
    known.first.push_back(all.first[v]);
  }
  return known;
}

/// For every element, which of the known it is.
template <class U>
void write_inverse(chunked_run& run, io::array_sink const& out, key_source<U> const& source,
                   std::vector<U> const& known) {
  run.run("inverse", [&](piece p) {
    std::vector<index_t> numbers;
    numbers.reserve(static_cast<std::size_t>(p.end - p.begin));
    source.each_block(p.begin, p.end, [&](U const* keys, index_t, index_t size) {
      for (index_t j = 0; j < size; ++j)
        numbers.push_back(std::lower_bound(known.begin(), known.end(), keys[j]) - known.begin());
    });
    out.write(p.begin, std::as_bytes(std::span(numbers)));
  });
}

template <class U>
index_t write_known(chunked_run& run, key_source<U> const& source, distinct_so_far<U> const& known,
                    unique_outputs const& out) {
  constexpr std::size_t block = 1 << 14;
  run.processes().together([&] {
    if (!run.processes().first()) return;
    for (std::size_t k = 0; k < known.keys.size(); k += block)
      out.values.write(
          static_cast<index_t>(k),
          source.elements(std::span(known.keys).subspan(k, std::min(block, known.keys.size() - k))));
    out.counts.write(0, std::as_bytes(std::span(known.counts)));
    out.first.write(0, std::as_bytes(std::span(known.first)));
  });
  if (out.inverse != nullptr) write_inverse(run, *out.inverse, source, known.keys);
  return known.size();
}

template <class E>
index_t sort_and_write(chunked_run& run, key_source<key_type_of<E>> const& source,
                       team_sorter<key_type_of<E>>& sorter, unique_outputs const& out,
                       file_sort_limits const& limits) {
  distinct_search<E> const search(source, sorter, limits, run);
  if (auto const known = search.read()) return write_known(run, source, *known, out);
  if (out.inverse != nullptr || limits.memory < least_by_disk)
    throw out_of_memory("unique: more than " + std::to_string(search.most()) +
                        " distinct elements do not fit --memory (run_options::memory); raise it" +
                        (out.inverse != nullptr ? ", or leave out --inverse: then they are spilled to disk"
                                                : " to 16M, and they are spilled to disk"));
  return search.write_by_disk(out);
}

}  // namespace

template <class U>
index_t unique_file(chunked_run& run, key_source<U> const& source, team_sorter<U>& sorter,
                    unique_outputs const& out, file_sort_limits const& limits) {
  if constexpr (sizeof(U) == 4)
    if (source.bits() <= 16) return write_known(run, source, count_distinct(source, limits, run), out);
  return out.wants_first ? sort_and_write<indexed_key<U>>(run, source, sorter, out, limits)
                         : sort_and_write<U>(run, source, sorter, out, limits);
}

template index_t unique_file(chunked_run&, key_source<std::uint32_t> const&, team_sorter<std::uint32_t>&,
                             unique_outputs const&, file_sort_limits const&);
template index_t unique_file(chunked_run&, key_source<std::uint64_t> const&, team_sorter<std::uint64_t>&,
                             unique_outputs const&, file_sort_limits const&);

}  // namespace prorata::host
