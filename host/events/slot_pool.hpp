// slot_pool: groups that are taken, filled and given back.
#pragma once

#include <host/events/aggregates.hpp>

namespace prorata::events {

class slot_pool {
 public:
  explicit slot_pool(aggregate_plan const& plan) : states_(plan.make_states()) {}

  /// An empty group.
  std::uint32_t take() {
    if (!free_.empty()) {
      std::uint32_t const slot = free_.back();
      free_.pop_back();
      return slot;
    }
    counts_.push_back(0);
    for (auto& s : states_) s->resize(counts_.size());
    return static_cast<std::uint32_t>(counts_.size() - 1);
  }
  void give_back(std::uint32_t slot) {
    counts_[slot] = 0;
    for (auto& s : states_) s->clear(slot);
    free_.push_back(slot);
  }
  void add(std::uint32_t slot, row_batch const& rows, index_t row) {
    ++counts_[slot];
    for (auto& s : states_) s->add(rows, row, row + 1, &slot);
  }
  void merge(std::uint32_t slot, std::uint32_t from) {
    counts_[slot] += counts_[from];
    for (auto& s : states_) s->merge(slot, *s, from);
  }
  std::uint64_t count(std::uint32_t slot) const { return counts_[slot]; }
  void write_answers(aggregate_plan const& plan, std::uint32_t slot, std::string& to) const {
    plan.write_answers(counts_[slot], states_, slot, to);
  }
  void save(byte_writer& to) const {
    to.put_list(counts_);
    to.put_list(free_);
    for (auto const& s : states_) s->save(to);
  }
  void load(byte_reader& from) {
    from.get_list(counts_);
    from.get_list(free_);
    for (auto& s : states_) s->load(from, counts_.size());
  }
  std::size_t size() const { return counts_.size(); }
  index_t used() const { return std::ssize(counts_) - std::ssize(free_); }

 private:
  std::vector<std::uint64_t> counts_;
  std::vector<std::unique_ptr<column_states>> states_;
  std::vector<std::uint32_t> free_;
};

}  // namespace prorata::events
