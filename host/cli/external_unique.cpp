#include <host/cli/external_unique.hpp>
#include <prorata/run_length.hpp>
#include <prorata/sort.hpp>

namespace prorata::cli {

namespace {

/// Ranges of keys, or of keys with their indices: each is sorted in memory by the whole team.
template <class E>
class distinct_work final : public range_work<E> {
 public:
  using U = key_type_of<E>;
  static constexpr bool indexed = !std::is_same_v<E, U>;

  distinct_work(team<host::stream> const& team, std::vector<double> const& weights,
                distinct_sink<U> const& sink, external_limits const& limits, progress& bar)
      : team_(team),
        weights_(weights),
        sink_(sink),
        bar_(bar),
        hands_(host::stream_options{.threads = limits.threads}),
        capacity_(limits.capacity),
        memory_(static_cast<std::size_t>(capacity_) * (sizeof(U) + (indexed ? sizeof(index_t) : 0))) {}

  /// An element's memory in a range: its key and index, the scratch and the exchange of their sort, its run.
  static index_t bytes_each(int ranks) {
    index_t const size = sizeof(U), exchanged = ranks > 1 ? size + 8 : 0;
    index_t const runs = size + 24;
    return indexed ? size + 28 + exchanged + runs : size * (ranks > 1 ? 34 : 23) / 10 + 1 + runs;
  }

  void sort(index_t, index_t n, element_reader<E> const& read) override {
    auto* const indices = reinterpret_cast<index_t*>(memory_.data());
    auto* const keys = reinterpret_cast<U*>(indices + (indexed ? capacity_ : 0));
    each_piece(hands_, n, [&](index_t first, index_t last) {
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
      bar_.add((last - first) * static_cast<index_t>(sizeof(E)));
    });
    auto const size = static_cast<std::size_t>(n);
    auto const cuts = partition_by_weights(n, weights_);
    auto sorted = borrow(team_, std::span<U>(keys, size), cuts);
    if constexpr (indexed) {
      auto moved = borrow(team_, std::span<index_t>(indices, size), cuts);
      sort_by_key(sorted, moved);
    } else {
      prorata::sort(sorted);
    }
    auto const found = run_lengths(sorted);
    team_.sync();
    for (auto const& p : found.values.parts())
      sink_.keys(found_ + p.begin, {p.data, static_cast<std::size_t>(p.size)});
    if (sink_.counts)
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
    U const key = host::key_of(first);
    sink_.keys(found_, {&key, 1});
    if (sink_.counts) sink_.counts(found_, {&n, 1});
    if constexpr (indexed) sink_.first(found_, {&first.index, 1});
    bar_.add(n * static_cast<index_t>(sizeof(E)));
    ++found_;
  }

  index_t found() const { return found_; }

 private:
  team<host::stream> const& team_;
  std::vector<double> const& weights_;
  distinct_sink<U> const& sink_;
  progress& bar_;
  host::stream hands_;
  index_t capacity_;
  host::pages memory_;
  index_t found_ = 0;
};

template <class E, class U>
index_t find_distinct(team<host::stream> const& team, std::vector<double> const& weights, index_t n,
                      element_reader<E> const& read, distinct_sink<U> const& sink, external_limits limits,
                      progress& bar) {
  limits.capacity = std::max<index_t>(limits.memory / distinct_work<E>::bytes_each(team.ranks()), 1);
  distinct_work<E> work(team, weights, sink, limits, bar);
  sort_externally<E>(n, read, work, limits, bar);
  return work.found();
}

}  // namespace

template <class U>
index_t unique_externally(team<host::stream> const& team, std::vector<double> const& weights, index_t n,
                          element_reader<U> const& read, distinct_sink<U> const& sink, external_limits limits,
                          progress& bar) {
  if (!sink.first) return find_distinct<U, U>(team, weights, n, read, sink, limits, bar);
  element_reader<indexed_key<U>> const numbered = [&](index_t first, index_t last, indexed_key<U>* to) {
    std::vector<U> keys(static_cast<std::size_t>(last - first));
    read(first, last, keys.data());
    for (index_t i = first; i < last; ++i) to[i - first] = {keys[static_cast<std::size_t>(i - first)], i};
  };
  return find_distinct<indexed_key<U>, U>(team, weights, n, numbered, sink, limits, bar);
}

template index_t unique_externally(team<host::stream> const&, std::vector<double> const&, index_t,
                                   element_reader<std::uint32_t> const&, distinct_sink<std::uint32_t> const&,
                                   external_limits, progress&);
template index_t unique_externally(team<host::stream> const&, std::vector<double> const&, index_t,
                                   element_reader<std::uint64_t> const&, distinct_sink<std::uint64_t> const&,
                                   external_limits, progress&);

}  // namespace prorata::cli
