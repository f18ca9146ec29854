// Groups in a table by open addressing, to which many threads add at once: the same source for kernels and
// their host test.
#pragma once

#include <kernels/grouping/part.hpp>
#include <limits>

namespace prorata::cuda {

/// A view of slots for records. A record belongs in the first slot, from its key's home on, that is free or
/// already has its key and unit.
///   claiming   a slot's key is written once, by whoever finds it free, and then its unit; neither changes
///              again. So all who look for a record pass the same slots, and nobody waits for anybody; what
///              is added needs no order either, so relaxed atomics are enough
///   keys       all. The key that marks a free slot, if rows have it, is kept in spare slots of its own, by
///              unit alone
///   probes     at most so many slots are looked at: a record may be refused
template <class State>
struct group_slots {
  using record = group_record<State>;
  static constexpr std::uint64_t free_key = 0x5bd1e9955bd1e995u;  // any would do
  static constexpr std::int32_t free_unit = State::has_bands ? std::numeric_limits<std::int32_t>::max() : 0;

  record* slots;
  std::uint32_t hashed, spare;  ///< slots in all: hashed + spare
  std::uint32_t probes;         ///< at most `hashed`

  PRORATA_HD static constexpr record free_slot() {
    record r{free_key, State::none()};
    r.state.unit = free_unit;
    return r;
  }

  PRORATA_HD std::uint32_t size() const { return hashed + spare; }
  PRORATA_HD bool filled(std::uint32_t slot) const { return slots[slot].state.count != 0; }

  /// The state of a record, or null where it is refused.
  ///   atomics   claim(word, free, mine) makes a free word mine; it returns what the word is then
  template <class Atomics>
  PRORATA_HD State* find(std::uint64_t key, std::int32_t unit, Atomics const& atomics) const {
    bool const spares = key == free_key;
    std::uint32_t slot = home(key);
    for (std::uint32_t k = spares ? spare : probes; k > 0; --k) {
      record& r = slots[slot];
      if (spares || atomics.claim(&r.key, free_key, key) == key)
        if (!State::has_bands || atomics.claim(&r.state.unit, free_unit, unit) == unit) return &r.state;
      slot = next(slot);
    }
    return nullptr;
  }

  /// Whether a filled slot is the first one of its key.
  PRORATA_HD bool begins_key(std::uint32_t slot) const {
    std::uint64_t const key = slots[slot].key;
    for (std::uint32_t k = home(key); k != slot; k = next(k))
      if (slots[k].key == key) return false;
    return true;
  }

 private:
  PRORATA_HD std::uint32_t home(std::uint64_t key) const {
    if (key == free_key) return hashed;
    std::uint64_t h = (key ^ key >> 32) * 0x9e3779b97f4a7c15u;
    h = (h ^ h >> 29) * 0xd1342543de82ef95u;
    return static_cast<std::uint32_t>((h >> 32) * hashed >> 32);
  }
  /// Hashed slots go round; among spare slots nobody goes on from the last.
  PRORATA_HD std::uint32_t next(std::uint32_t slot) const { return slot + 1 == hashed ? 0 : slot + 1; }
};

/// Two tables: a near one that few threads share, and a far one for all.
template <class State, class NearAtomics, class FarAtomics>
struct near_and_far {
  group_slots<State> near, far;
  NearAtomics near_atomics;
  FarAtomics far_atomics;

  enum class taken { near, far, refused };

  /// Adds part of a group to the near table, or to the far one where that has no place for it.
  PRORATA_HD taken give(std::uint64_t key, State const& part) const {
    if (State* const to = near.find(key, part.unit, near_atomics)) {
      add_part(*to, part, near_atomics);
      return taken::near;
    }
    return give_far(key, part) ? taken::far : taken::refused;
  }
  PRORATA_HD bool give_far(std::uint64_t key, State const& part) const {
    State* const to = far.find(key, part.unit, far_atomics);
    if (to != nullptr) add_part(*to, part, far_atomics);
    return to != nullptr;
  }

  /// Moves a near slot, to which nobody adds now, to the far table. False where that has no place for it.
  PRORATA_HD bool move_far(std::uint32_t slot) const {
    if (!near.filled(slot)) return true;
    bool const done = give_far(near.slots[slot].key, near.slots[slot].state);
    near.slots[slot] = near.free_slot();
    return done;
  }
};

/// Rows as one thread takes them: neighbours of one group are added up before they are given away, so that
/// frequent keys keep threads from waiting for each other.
template <class State, class Tables>
class group_run {
 public:
  PRORATA_HD group_run(Tables const& to, int origin) : to_(to), origin_(origin) {}

  PRORATA_HD void take(std::uint64_t key, std::uint64_t value) {
    std::int32_t const unit = State::unit_of(value, origin_);
    if (key != key_ || unit != part_.unit) flush();
    key_ = key;
    part_.unit = unit;
    part_.deposit(value);
  }

  /// Gives away what was added up so far.
  PRORATA_HD void flush() {
    if (part_.count == 0) return;
    auto const where = to_.give(key_, part_);
    far_ += where != Tables::taken::near;
    refused_ = refused_ || where == Tables::taken::refused;
    part_ = State::none();
  }

  /// How often the near table had no place, since this was last asked; and whether the far one ever had none.
  PRORATA_HD int went_far() {
    int const before = far_;
    far_ = 0;
    return before;
  }
  PRORATA_HD bool refused() const { return refused_; }

 private:
  Tables const& to_;
  int origin_, far_ = 0;
  bool refused_ = false;
  std::uint64_t key_ = 0;
  State part_ = State::none();
};

}  // namespace prorata::cuda
