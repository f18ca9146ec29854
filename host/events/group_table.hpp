// group_table: what is kept of each key's records in one stretch of time.
#pragma once

#include <host/events/aggregates.hpp>
#include <host/events/key_table.hpp>

namespace prorata::events {

/// Groups by key: slot s is the s-th key that came.
struct group_table {
  explicit group_table(aggregate_plan const& plan) : states(plan.make_states()) {}

  key_table keys;
  std::vector<std::uint64_t> counts;  ///< records
  std::vector<std::unique_ptr<column_states>> states;

  /// Adds records [begin, end) of a batch.
  void add(row_batch const& rows, index_t begin, index_t end) {
    auto const count = static_cast<std::size_t>(end - begin);
    slots_.resize(states.empty() ? 0 : count);
    if (rows.keys.empty()) {
      std::uint32_t const slot = keys.find_or_add(no_text);
      make_room();
      std::fill(slots_.begin(), slots_.end(), slot);
      counts[slot] += count;
    } else {
      text_ref const* const texts = rows.keys.data() + begin;
      std::uint64_t* count_of = counts.data();
      auto const add_one = [&](std::uint32_t slot) {
        if (slot == counts.size()) make_room(), count_of = counts.data();
        ++count_of[slot];
      };
      std::uint32_t* slot_of = slots_.data();
      if (states.empty())
        keys.find_or_add_all(texts, count, add_one);
      else
        keys.find_or_add_all(texts, count, [&](std::uint32_t slot) {
          add_one(slot);
          *slot_of++ = slot;
        });
    }
    for (auto& s : states) s->add(rows, begin, end, slots_.data());
  }

  /// Adds all groups of another.
  void merge(group_table const& other) {
    for (std::uint32_t from = 0; from < other.keys.size(); ++from) {
      std::uint32_t const slot = keys.find_or_add_from(other.keys, from);
      make_room();
      counts[slot] += other.counts[from];
      for (std::size_t k = 0; k < states.size(); ++k) states[k]->merge(slot, *other.states[k], from);
    }
  }

  void save(byte_writer& to) const {
    keys.save(to);
    to.put_list(counts);
    for (auto const& s : states) s->save(to);
  }
  void load(byte_reader& from) {
    keys.load(from);
    from.get_list(counts);
    if (counts.size() != keys.size()) byte_reader::damaged();
    for (auto& s : states) s->load(from, counts.size());
  }

 private:
  void make_room() {
    if (counts.size() >= keys.size()) return;
    counts.resize(keys.size());
    for (auto& s : states) s->resize(keys.size());
  }

  std::vector<std::uint32_t> slots_;
};

}  // namespace prorata::events
