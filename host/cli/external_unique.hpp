// The distinct keys of an array: ranges of it are sorted and told in order. What does not fit memory goes by
// way of the disk.
#pragma once

#include <host/cli/external_sort.hpp>
#include <host/cli/team_sorter.hpp>
#include <prorata/host.hpp>
#include <prorata/run_length.hpp>

namespace prorata::cli {

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
                progress& bar)
      : sorter_(sorter), capacity_(capacity), sink_(sink), bar_(bar), hands_(hands(threads)) {}

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
    each_piece(hands_.streams().front(), n, [&](index_t first, index_t last) {
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
    std::span<U> const range(keys, static_cast<std::size_t>(n));
    if constexpr (indexed) {
      sorter_.sort_by_key(range, {indices, range.size()});
    } else {
      sorter_.sort(range);
    }
    auto const found = run_lengths(borrow(hands_, range));
    hands_.sync();
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
    U const key = host::key_of(first);
    sink_.keys(found_, {&key, 1});
    sink_.counts(found_, {&n, 1});
    if constexpr (indexed) sink_.first(found_, {&first.index, 1});
    bar_.add(n * static_cast<index_t>(sizeof(E)));
    ++found_;
  }

  index_t found() const { return found_; }

 private:
  static team<host::stream> hands(int threads) {
    std::vector<host::stream> one;
    one.emplace_back(host::stream_options{.threads = threads});
    return team<host::stream>(std::move(one));
  }

  team_sorter<U>& sorter_;
  index_t capacity_;
  distinct_sink<U> const& sink_;
  progress& bar_;
  std::shared_ptr<std::byte> memory_;  // when the first range is there: dealing out needs the room before
  team<host::stream> hands_;           // after the memory: what they do with it ends first
  index_t found_ = 0;
};

}  // namespace prorata::cli
