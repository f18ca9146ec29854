// group_worker: the rows and groups that one thread holds, and what it does when they become too many.
#pragma once

#include <host/group_by.hpp>
#include <host/grouping/table.hpp>
#include <host/grouping/way.hpp>

namespace prorata::host {

template <class State>
class group_worker {
 public:
  using record = group_record<State>;

  /// overflow: null where there is room for everything.
  group_worker(group_way const& way, group_overflow* overflow)
      : way_(way),
        overflow_(overflow),
        apart_(way.apart),
        pays_(static_cast<std::size_t>(way.ranges.count()), true) {
    open();
  }

  group_table<State>& table() { return table_; }
  /// Rows by range, or null.
  group_rows const* aside() const { return aside_.get(); }

  void take(std::uint64_t const* keys, std::uint64_t const* values, index_t n) {
    if (overflow_ != nullptr && way_.ranges.count() > 1 && bytes() > way_.thread_bytes) {
      spill_rows();
      if (table_.bytes() > way_.thread_bytes / 4) {
        apart_ = true;  // too many groups, whatever the sample said
        spill_groups();
      }
    }
    apart_ = apart_ || (table_.hashed() >= way_.too_many_groups && way_.ranges.count() > 1);
    if (!apart_) return table_.take_many(keys, values, n);
    if (!aside_) aside_ = std::make_unique<group_rows>(way_.ranges.count(), way_.slab_bytes);
    if (way_.frequent.count() == 0) {
      for (index_t i = 0; i < n; ++i) aside_->push(way_.ranges.of(keys[i]), {keys[i], values[i]});
      return;
    }
    for (index_t i = 0; i < n; ++i) {
      if (way_.frequent.hold(keys[i])) {
        table_.take_one(keys[i], values[i]);
      } else {
        aside_->push(way_.ranges.of(keys[i]), {keys[i], values[i]});
      }
    }
  }

  /// Gives all that it holds to the overflow.
  void spill() {
    spill_rows();
    spill_groups();
  }

 private:
  index_t bytes() const { return table_.bytes() + (aside_ ? aside_->bytes() : 0); }

  void open() { table_.open(way_.low, way_.width(), way_.origin, way_.own_groups()); }

  void spill_rows() {
    if (!aside_) return;
    for (index_t range = 0; range < way_.ranges.count(); ++range)
      if (aside_->rows(range) > 0 && !spill_added_up(range)) spill_as_they_are(range);
    aside_->clear();
  }

  /// Adds the rows of a range up, if the records are less than half of them. Where once they were not, it is
  /// not tried again.
  bool spill_added_up(index_t range) {
    auto pays = pays_.begin() + range;
    index_t const most = std::min(aside_->rows(range) * static_cast<index_t>(sizeof(group_row)) / 2 /
                                      static_cast<index_t>(sizeof(record)),
                                  way_.thread_bytes / 2048);
    if (!*pays) return false;
    adder_.open(0, 0, way_.origin, std::min(most, groups_per_range));
    aside_->each(range, [&](group_row const* rows, index_t n) {
      if (*pays) adder_.template take<2>(&rows[0].key, &rows[0].value, n);
      *pays = *pays && adder_.hashed() <= most;
    });
    if (!*pays) return false;
    adder_.in_order([&](std::uint64_t key, auto const& at, index_t states) {
      for (index_t k = 0; k < states; ++k) records_.push_back({key, at(k)});
    });
    spill_records(range);
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
      if (way_.ranges.of(key) != range) {
        spill_records(range);
        range = way_.ranges.of(key);
      }
      for (index_t k = 0; k < states; ++k) records_.push_back({key, at(k)});
    });
    spill_records(range);
    open();
  }
  void spill_records(index_t range) {
    if (!records_.empty()) overflow_->records(range, std::as_bytes(std::span<record const>(records_)));
    records_.clear();
  }

  group_way const& way_;
  group_overflow* overflow_;
  bool apart_;  // whether rows are set aside: also from when the groups became too many
  group_table<State> table_, adder_;
  std::unique_ptr<group_rows> aside_;
  std::vector<bool> pays_;  // by range: whether to add rows up before they are spilled
  std::vector<group_row> together_;
  std::vector<record> records_;
};

}  // namespace prorata::host
