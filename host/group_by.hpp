// Group-by on the host: groups of a thread's own while they fit its cache, else rows by ranges of keys.
#pragma once

#include <algorithm>
#include <array>
#include <functional>
#include <host/for_each.hpp>
#include <host/histogram.hpp>
#include <host/stream.hpp>
#include <memory>
#include <prorata/groups.hpp>
#include <span>
#include <vector>

namespace prorata::host {

/// Rows that are handed over together.
inline constexpr index_t group_block = 128;

/// What a thread gives its rows to, for as long as it has some.
class row_taker {
 public:
  virtual ~row_taker() = default;
  virtual void take(std::uint64_t const* keys, std::uint64_t const* values, index_t n) = 0;
};

/// Takes what a grouping has no room for, by ranges of keys. From many threads.
class group_overflow {
 public:
  virtual ~group_overflow() = default;
  virtual void rows(index_t range, std::span<group_row const> rows) = 0;
  /// Rows that were added up: records of the plan, in ascending order of keys.
  virtual void records(index_t range, std::span<std::byte const> records) = 0;
};

/// Columns of some groups, by group_column; empty where the plan does not give one.
using group_column_words = std::array<std::span<std::uint64_t const>, group_columns>;

/// Rows on their way to their groups' aggregates.
///   few groups    each thread keeps its own, which are merged at the end
///   many groups   each thread sets its rows aside by ranges of keys; then range by range is grouped in
///                 cache. Keys that make up much of all rows are still added up at once
///   memory        in proportion to the groups; of many groups, 16 bytes a row
class grouping {
 public:
  static std::unique_ptr<grouping> make(group_plan const& plan);
  virtual ~grouping() = default;

  /// Before expect: what each thread may hold. What is more goes to `overflow`, which may be null: then the
  /// rows are known to fit, and tables and ranges are made for that much memory.
  virtual void limit(index_t bytes_per_thread, group_overflow* overflow) = 0;

  /// Looks at some of the rows, to choose among the two ways. `rows`: how many there will be.
  virtual void expect(std::vector<std::uint64_t> keys, std::span<std::uint64_t const> values,
                      index_t rows) = 0;

  /// For one thread, from any thread.
  virtual std::unique_ptr<row_taker> taker() = 0;

  /// From inside queued work: takes rows that were added up elsewhere, on the stream's threads. From many
  /// threads.
  virtual void take_records(stream const& s, record_run run) = 0;

  /// Takes runs of records, which must outlive the grouping.
  virtual void take_runs(std::vector<record_run> runs) = 0;

  /// After expect: how many ranges the overflow gets.
  virtual index_t ranges() const = 0;
  /// Hands records on to the overflow, by range. From any thread.
  virtual void pass_on(record_run run) = 0;
  /// Gives everything that was taken to the overflow: nothing is left to be finished.
  virtual void spill(stream const& s) = 0;

  /// One or the other, when all rows were taken: the aggregates of every key, or records to be merged with
  /// others'.
  virtual void finish(stream const& s) = 0;
  virtual void pack(stream const& s) = 0;
  /// The same as finish, for columns that need not be in memory together: calls take(place, columns) for
  /// some thousand groups at a time, before which come `place` others. From many threads.
  using column_taker = std::function<void(index_t place, group_column_words const&)>;
  virtual void finish_to(stream const& s, column_taker const& take) = 0;

  /// After finish: how many groups, and their columns in pieces, one after the other.
  virtual index_t groups() const = 0;
  virtual std::vector<std::span<std::uint64_t const>> column(group_column column) const = 0;

  /// After pack: how many records, and their bytes in pieces.
  virtual index_t records() const = 0;
  virtual std::vector<std::span<std::byte const>> record_bytes() const = 0;
};

/// The groups of some rows on a stream; complete once the stream has been synchronised.
class groups {
 public:
  groups() = default;
  explicit groups(std::shared_ptr<grouping> of) : of_(std::move(of)) {}
  index_t count() const { return of_->groups(); }
  index_t records() const { return of_->records(); }
  grouping& of() const { return *of_; }

 private:
  std::shared_ptr<grouping> of_;
};

namespace detail {
/// Where the samples lie: 64 neighbours at each of 256 places.
inline constexpr index_t sample_run = 64, sample_places = 256;

template <class F>
void each_sampled(index_t begin, index_t end, F const& f) {
  index_t const n = end - begin;
  if (n <= sample_run * sample_places) {
    for (index_t i = begin; i < end; ++i) f(i);
    return;
  }
  for (index_t place = 0; place < sample_places; ++place) {
    index_t const first = begin + (n - sample_run) / (sample_places - 1) * place;
    for (index_t i = first; i < first + sample_run; ++i) f(i);
  }
}

/// Reads keys(i) as words, up to group_block of them at once.
template <class Keys>
class key_reader {
 public:
  explicit key_reader(Keys const& keys) : keys_(keys) {}
  void read(index_t first, index_t n, std::uint64_t* to) {
    for (index_t i = 0; i < n; ++i) to[i] = encoded_key(keys_(first + i));
  }

 private:
  Keys const& keys_;
};
/// Bins are found by vector code.
template <class Load>
class key_reader<slot_of_element<Load>> {
 public:
  explicit key_reader(slot_of_element<Load> const& slots) : slots_(slots) {}
  void read(index_t first, index_t n, std::uint64_t* to) {
    bin_input<Load> copy[bin_block];
    std::uint32_t place[bin_block];
    find_places(slots_.rule, read_bin_block(slots_.load, first, n, copy), n, place, crowded_);
    for (index_t i = 0; i < n; ++i) to[i] = encoded_key(slots_.rule.slot_at(index_t{place[i]}));
  }

 private:
  static_assert(group_block <= bin_block);
  slot_of_element<Load> const& slots_;
  int crowded_ = 0;
};
}  // namespace detail

/// Gives rows [begin, end) to a grouping, on the calling thread.
template <class Keys, class Values>
void take_rows(grouping& to, Keys const& keys, Values const& values, index_t begin, index_t end) {
  auto const mine = to.taker();
  detail::key_reader<Keys> reader(keys);
  std::uint64_t key[group_block], value[group_block];
  for (index_t first = begin; first < end; first += group_block) {
    index_t const n = std::min(group_block, end - first);
    reader.read(first, n, key);
    for (index_t i = 0; i < n; ++i) value[i] = encoded_value(values(first + i));
    mine->take(key, value, n);
  }
}

template <class Keys, class Values>
void sample_rows(grouping& to, Keys const& keys, Values const& values, index_t begin, index_t end,
                 index_t rows) {
  std::vector<std::uint64_t> some_keys, some_values;
  detail::each_sampled(begin, end, [&](index_t i) {
    some_keys.push_back(encoded_key(keys(i)));
    some_values.push_back(encoded_value(values(i)));
  });
  to.expect(std::move(some_keys), some_values, rows);
}

/// Queues the grouping of rows [begin, end), with keys(i) and values(i): finished, or packed into records.
///   cost   reads every row once; of many groups, writes and reads 16 bytes a row besides
template <class Keys, class Values>
groups start_groups(stream& s, group_plan const& plan, index_t begin, index_t end, Keys keys, Values values,
                    bool finished) {
  groups made(grouping::make(plan));
  s.enqueue([&s, made, begin, end, keys, values, finished] {
    sample_rows(made.of(), keys, values, begin, end, end - begin);
    constexpr index_t grain = 2 * loop_grain;
    s.parallel((end - begin + grain - 1) / grain, [&](index_t k) {
      take_rows(made.of(), keys, values, begin + k * grain, std::min(begin + (k + 1) * grain, end));
    });
    finished ? made.of().finish(s) : made.of().pack(s);
  });
  return made;
}

/// Has nothing to do on the host: after a sync, groups are complete.
inline bool resolve_overflow(stream&, groups const&) { return false; }

/// Queues the merging and finishing of runs of records.
groups merge_groups(stream& s, group_plan const& plan, std::vector<record_run> runs);

/// Queues the copying of the records of packed groups.
void read_records(stream& s, groups const& from, std::byte* out);

/// Queues out[g] = convert(word) for a column of finished groups, in ascending order of keys.
template <class Convert, class T>
void read_groups(stream& s, groups const& from, group_column column, Convert convert, T* out) {
  s.enqueue([&s, from, column, convert, out] {
    auto const pieces = from.of().column(column);
    std::vector<index_t> begin{0};
    for (auto const& p : pieces) begin.push_back(begin.back() + static_cast<index_t>(p.size()));
    s.parallel(static_cast<index_t>(pieces.size()), [&](index_t k) {
      auto const& words = pieces[static_cast<std::size_t>(k)];
      T* const to = out + begin[static_cast<std::size_t>(k)];
      for (std::size_t i = 0; i < words.size(); ++i) to[i] = convert(words[i]);
    });
  });
}

}  // namespace prorata::host
