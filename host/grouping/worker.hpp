// group_worker: the rows and groups that one thread holds, and what it does when they become too many.
#pragma once

#include <host/group_by.hpp>
#include <host/grouping/strategy.hpp>
#include <host/grouping/table.hpp>

namespace prorata::host {

template <class State>
class group_worker {
 public:
  using record = group_record<State>;

  /// overflow: null where there is room for everything.
  group_worker(grouping_strategy const& way, group_overflow* overflow)
      : strategy_(way),
        overflow_(overflow),
        apart_(way.apart),
        records_(static_cast<std::size_t>(way.ranges.count())),
        pays_(static_cast<std::size_t>(way.ranges.count()), true) {
    open();
  }

  group_table<State>& table() { return table_; }
  /// Whether rows, or records, were set aside by range.
  bool sets_aside() const { return aside_ != nullptr || record_bytes_ > 0; }
  /// Rows by range, or null.
  group_rows const* aside() const { return aside_.get(); }
  /// Records of a range: the same key may come again, and keys in any order.
  std::span<record const> records(index_t range) const { return records_[static_cast<std::size_t>(range)]; }

  void take(std::uint64_t const* keys, std::uint64_t const* values, index_t n) {
    make_room();
    if (!apart_) return table_.take_many(keys, values, n);
    if (!aside_) aside_ = std::make_unique<group_rows>(strategy_.ranges.count(), strategy_.slab_bytes);
    if (strategy_.frequent.count() == 0) {
      for (index_t i = 0; i < n; ++i) aside_->push(strategy_.ranges.of(keys[i]), {keys[i], values[i]});
      return;
    }
    for (index_t i = 0; i < n; ++i) {
      if (strategy_.frequent.hold(keys[i])) {
        table_.take_one(keys[i], values[i]);
      } else {
        aside_->push(strategy_.ranges.of(keys[i]), {keys[i], values[i]});
      }
    }
  }

  /// Rows that were added up elsewhere: records in ascending order of keys.
  void take(std::span<record const> run) {
    for (std::size_t first = 0, last = 0; first < run.size(); first = last) {
      make_room();
      last = std::min(first + static_cast<std::size_t>(group_block), run.size());
      if (!apart_) {
        for (record const& r : run.subspan(first, last - first)) table_.merge(r);
        continue;
      }
      std::uint16_t const range = strategy_.ranges.of(run[first].key);
      last = first + 1;
      while (last < run.size() && strategy_.ranges.of(run[last].key) == range) ++last;
      auto& mine = records_[range];
      std::size_t const before = mine.capacity();
      mine.insert(mine.end(), run.begin() + static_cast<std::ptrdiff_t>(first),
                  run.begin() + static_cast<std::ptrdiff_t>(last));
      record_bytes_ += static_cast<index_t>((mine.capacity() - before) * sizeof(record));
    }
  }

  /// Gives all that it holds to the overflow.
  void spill() {
    spill_rows();
    join_records();
    spill_records();
    spill_groups();
  }

 private:
  static constexpr index_t least_joined = index_t{16} << 20;  ///< bytes of records

  index_t bytes() const { return table_.bytes() + (aside_ ? aside_->bytes() : 0) + record_bytes_; }

  /// Before more is taken.
  void make_room() {
    bool const full =
        overflow_ != nullptr && strategy_.ranges.count() > 1 && bytes() > strategy_.thread_bytes;
    if (full) {
      spill_rows();
      if (table_.bytes() > strategy_.thread_bytes / 4) {
        apart_ = true;  // too many groups, whatever the sample said
        spill_groups();
      }
    }
    if (record_bytes_ > enough_records_ || (full && bytes() > strategy_.thread_bytes / 2)) {
      join_records();
      if (full && bytes() > strategy_.thread_bytes / 2) spill_records();
    }
    apart_ = apart_ || (table_.hashed() >= strategy_.too_many_groups && strategy_.ranges.count() > 1);
  }

  void open() { table_.open(strategy_.low, strategy_.width(), strategy_.origin, strategy_.own_groups()); }

  void spill_rows() {
    if (!aside_) return;
    for (index_t range = 0; range < strategy_.ranges.count(); ++range)
      if (aside_->rows(range) > 0 && !spill_added_up(range)) spill_as_they_are(range);
    aside_->clear();
  }

  /// Adds the rows of a range up, if the records are less than half of them. Where once they were not, it is
  /// not tried again.
  bool spill_added_up(index_t range) {
    auto pays = pays_.begin() + range;
    index_t const most = std::min(aside_->rows(range) * static_cast<index_t>(sizeof(group_row)) / 2 /
                                      static_cast<index_t>(sizeof(record)),
                                  strategy_.thread_bytes / 2048);
    if (!*pays) return false;
    adder_.open(0, 0, strategy_.origin, std::min(most, groups_per_range));
    aside_->each(range, [&](group_row const* rows, index_t n) {
      if (*pays) adder_.template take<2>(&rows[0].key, &rows[0].value, n);
      *pays = *pays && adder_.hashed() <= most;
    });
    if (!*pays) return false;
    add_records(adder_, added_up_);
    give_records(range, added_up_);
    return true;
  }

  void spill_as_they_are(index_t range) {
    constexpr std::size_t enough = std::size_t{1} << 16;
    aside_->each(range, [&](group_row const* rows, index_t n) {
      together_.insert(together_.end(), rows, rows + n);
      if (together_.size() >= enough) give_rows(range);
    });
    if (!together_.empty()) give_rows(range);
  }
  void give_rows(index_t range) {
    overflow_->rows(range, together_);
    together_.clear();
  }

  void spill_groups() {
    index_t range = 0;
    table_.in_order([&](std::uint64_t key, auto const& at, index_t states) {
      index_t const its =
          strategy_.ranges.count() > 1 ? strategy_.ranges.of(key) : 0;  // few rows have no ranges
      if (its != range) give_records(range, added_up_);
      range = its;
      for (index_t k = 0; k < states; ++k) added_up_.push_back({key, at(k)});
    });
    give_records(range, added_up_);
    table_ = {};
    open();
  }
  void give_records(index_t range, std::vector<record>& from) {
    if (!from.empty()) overflow_->records(range, std::as_bytes(std::span<record const>(from)));
    from.clear();
  }

  /// Merges the records that were set aside: each range's are one ascending run then. It is not done again
  /// before they have doubled, so a record is merged a few times at most, on the whole.
  void join_records() {
    record_bytes_ = 0;
    for (auto& mine : records_) {
      if (mine.empty()) continue;
      adder_.open(0, 0, strategy_.origin, std::min(static_cast<index_t>(mine.size()), groups_per_range));
      for (record const& r : mine) adder_.merge(r);
      mine.clear();
      add_records(adder_, mine);
      mine.shrink_to_fit();
      record_bytes_ += static_cast<index_t>(mine.capacity() * sizeof(record));
    }
    enough_records_ = std::max(least_joined, 2 * record_bytes_);
  }
  void spill_records() {
    for (index_t range = 0; range < strategy_.ranges.count(); ++range) {
      auto& mine = records_[static_cast<std::size_t>(range)];
      give_records(range, mine);
      mine.shrink_to_fit();
    }
    record_bytes_ = 0;
    enough_records_ = least_joined;
  }

  /// Appends a table's records.
  static void add_records(group_table<State>& from, std::vector<record>& to) {
    from.in_order([&](std::uint64_t key, auto const& at, index_t states) {
      for (index_t k = 0; k < states; ++k) to.push_back({key, at(k)});
    });
  }

  grouping_strategy const& strategy_;
  group_overflow* overflow_;
  bool apart_;  // whether rows are set aside: also from when the groups became too many
  group_table<State> table_, adder_;
  std::unique_ptr<group_rows> aside_;
  std::vector<std::vector<record>> records_;  // set aside, by range
  index_t record_bytes_ = 0, enough_records_ = least_joined;
  std::vector<bool> pays_;  // by range: whether to add rows up before they are spilled
  std::vector<group_row> together_;
  std::vector<record> added_up_;  // on their way to the overflow
};

}  // namespace prorata::host
